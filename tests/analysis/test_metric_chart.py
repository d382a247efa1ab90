"""What a figure holds, looked at in the drawing itself before it becomes pixels."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from analysis.figures import METRIC_CHARTS
from analysis.loaded import LoadedRun, load_run
from analysis.runs import Run, read_run
from static_model.metrics import wilson


def drawn(run: Run, metric: str = "accuracy") -> Figure:
    """The whole figure of a metric."""
    return METRIC_CHARTS[metric](LoadedRun(run)).draw()


def test_each_arm_is_a_curve_with_its_values(drifting: Path) -> None:
    """Both arms are drawn over all windows, in different colours and line styles, named outside the data."""
    figure = drawn(read_run(drifting))
    static, dynamic = (line for line in figure.axes[0].lines if len(line.get_xdata()) == 10)
    assert static.get_xdata().tolist() == list(range(10))
    assert static.get_ydata().tolist() == [1.0] * 4 + [0.7] * 6
    assert dynamic.get_ydata().tolist() == [1.0] * 4 + [0.7, 0.7] + [1.0] * 4
    assert static.get_color() != dynamic.get_color()
    assert static.get_linestyle() != dynamic.get_linestyle()
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert words == ["static", "dynamic", "95 % Wilson band", "planted drift"]


def test_each_curve_has_its_band(drifting: Path) -> None:
    """A translucent band in the curve's colour spans the Wilson interval of each window."""
    curves = drawn(read_run(drifting)).axes[0]
    both = [line for line in curves.lines if len(line.get_xdata()) == 10]
    for band, curve in zip(curves.collections, both, strict=True):
        low, high = wilson(70, 100)
        assert {low, high} <= set(band.get_paths()[0].vertices[:, 1].tolist())
        assert to_rgb(curve.get_color()) == tuple(band.get_facecolor()[0][:3])
        assert 0.1 <= band.get_alpha() <= 0.3


def test_the_strip_tells_events_by_arm_and_kind(drifting: Path) -> None:
    """Below the curves each kind of event of each arm has its row, with marks at its windows."""
    strip = drawn(read_run(drifting)).axes[1]
    rows = [text.get_text() for text in strip.get_yticklabels()]
    assert rows == ["planted drift", *(f"dynamic: {kind}" for kind in ("alarm", "retrained", "promoted", "rejected"))]
    marks = [tuple(points.get_offsets()[0]) for points in strip.collections]
    assert marks == [(4, 1), (4, 2), (5, 3), (5, 4)]


def test_planted_truth_stands_at_its_record(drifting: Path) -> None:
    """Drift at record 400 of windows of 100 is drawn at the left edge of window 4, and named."""
    strip = drawn(read_run(drifting)).axes[1]
    assert strip.lines[0].get_xdata() == [3.5, 3.5]
    assert [text.get_text() for text in strip.texts] == ["encoding (abrupt)"]


def test_without_events_and_truth_there_is_no_strip(make_run) -> None:
    """A run of one arm in which nothing happened is one panel, and one window is a point."""
    labels = [np.array([0, 1], dtype=np.int8)]
    figure = drawn(read_run(make_run(labels, {"static": labels})))
    assert len(figure.axes) == 1
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_an_undefined_metric_is_said_to_be(make_run) -> None:
    """Where a metric is undefined in every window, the figure says so instead of showing nothing."""
    ones = [np.ones(100, dtype=np.int8)] * 2
    figure = drawn(read_run(make_run(ones, {"static": ones})), "f1")
    assert [text.get_text() for text in figure.axes[0].texts] == ["F1 is undefined in every window"]


def test_the_axis_is_tight_around_curves_and_bands(drifting: Path) -> None:
    """The accuracy axis reaches from below the lowest band to just above 1, and no farther."""
    low, high = drawn(read_run(drifting)).axes[0].get_ylim()
    assert 0.55 < low < 0.604
    assert 1.0 < high < 1.03


def test_a_drift_that_recurs_is_named_once(drifting: Path) -> None:
    """Each turn has its line; the words stand beside the first, or many turns would write over each other."""
    run = read_run(drifting)
    turns = [{"kind": "scaling", "shape": "recurring", "start": start, "end": start} for start in (200, 400, 600)]
    plain = {"kind": "mix", "shape": "abrupt"}
    truth = {"drifts": [*turns, {**plain, "start": 300, "end": 300}, {**plain, "start": 700, "end": 700}]}
    curves, strip = drawn(replace(run, truth=truth)).axes[:2]
    assert ["scaling (recurring)", "mix (abrupt)", "mix (abrupt)"] == [text.get_text() for text in strip.texts]
    assert {1.5, 3.5, 5.5, 2.5, 6.5} == {
        float(line.get_xdata()[0]) for line in curves.lines if len(line.get_xdata()) == 2
    }


def test_the_table_is_the_run(drifting: Path) -> None:
    """Each metric's table holds the tracker's values, exactly; a rate's band is Wilson's."""
    loaded = load_run(drifting)
    for metric, chart in METRIC_CHARTS.items():
        table = chart(loaded).table()
        assert np.array_equal(loaded.run.windows[metric].to_numpy(float), table[metric].to_numpy(), equal_nan=True)
    row = METRIC_CHARTS["recall"](loaded).table().iloc[-2]
    assert (9, "static", *wilson(35, 50)) == (row["window"], row["arm"], row["low"], row["high"])


def test_many_arms_have_a_lane_each(crowded: Path) -> None:
    """Beyond four arms each has a lane with its name, static behind, and marks at its foot; ticks say its values."""
    ax = drawn(read_run(crowded)).axes[0]
    names = [text.get_text() for text in ax.texts]
    assert ["dynamic", "a", "b", "c", "d"] == names
    lines = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 12]
    assert 10 == len(lines)
    static, dynamic = lines[0], lines[1]
    assert np.allclose(static[:4], dynamic[:4])
    assert (dynamic[8:] > static[8:]).all()
    assert all(upper.min() > lower.max() for upper, lower in zip(lines[1::2], lines[3::2], strict=False))
    at = dict(zip((t.get_text() for t in ax.get_yticklabels()), ax.get_yticks(), strict=True))
    assert at["1"] == pytest.approx(lines[-1].max(), abs=0.05)


def test_one_pair_of_axes_shows_events_on_the_curve(drifting: Path) -> None:
    """In a notebook's own axes there is no strip: the marks lie on the arm's curve, and the legend names them."""
    ax = Figure().subplots()
    assert METRIC_CHARTS["accuracy"](load_run(drifting)).plot(ax) is ax
    marks = [tuple(points.get_offsets()[0]) for points in ax.collections[2:]]
    assert [(4, 0.7), (4, 0.7), (5, 0.7), (5, 0.7)] == marks
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"alarm", "retrained", "promoted", "rejected"} < set(words)


def test_the_caption_says_what_it_rests_on(drifting: Path) -> None:
    """The arms, the windows, the records and the kind of band; and that bands which overlap don't make arms equal."""
    caption = METRIC_CHARTS["f1"](load_run(drifting)).caption()
    assert caption.startswith("F1 of 2 arms in 10 windows with 1,000 labelled records, each record predicted before")
    assert "500 bootstrap resamples of the window's counts" in caption
    assert "Bands that overlap don't make two arms equal" in caption
    assert "Wilson" in METRIC_CHARTS["precision"](load_run(drifting)).caption()


@pytest.mark.parametrize("fixture", ["drifting", "crowded"])
def test_no_band_is_named_where_none_is_drawn(fixture: str, request: pytest.FixtureRequest) -> None:
    """Without the segments ROC-AUC has its values, but no band: neither legend nor caption has one."""
    run = request.getfixturevalue(fixture)
    shutil.rmtree(run / "segments")
    loaded = load_run(run)
    for metric, banded in (("roc_auc", False), ("f1", True)):
        chart = METRIC_CHARTS[metric](loaded)
        legend = chart.draw().axes[0].get_legend()
        assert banded == ("95 % bootstrap band" in [text.get_text() for text in legend.get_texts()])
        assert banded == ("bootstrap resamples" in chart.caption())
        assert banded != ("There are no bands here" in chart.caption())


def test_a_metric_that_no_window_has_is_refused(make_run: Callable[..., Path]) -> None:
    """With labels of one class, accuracy is the only metric among the run's figures."""
    ones = [np.ones(100, dtype=np.int8)] * 2
    loaded = load_run(make_run(ones, {"static": ones}))
    assert {"accuracy", "confusion"} == set(loaded.figures) & {*METRIC_CHARTS, "difference", "saved", "confusion"}
    assert "F1 is undefined in every window" == METRIC_CHARTS["f1"](loaded).refusal
