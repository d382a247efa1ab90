"""What a figure holds, looked at in the drawing itself before it becomes pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from analysis.figures import METRIC_CHARTS
from analysis.runs import Run, read_run
from static_model.metrics import wilson


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Figure]:
    """Draws a run's metric and hands out matplotlib's figure instead of its pixels."""
    kept: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *args, **kwargs: kept.append(self))

    def draw(run: Run, metric: str = "accuracy") -> Figure:
        plot_metric(run.windows, metric, run.events, run.truth, path=tmp_path / "figure.png")
        return kept[-1]

    return draw


def test_each_arm_is_a_curve_with_its_values(drawn, drifting: Path) -> None:
    """Both arms are drawn over all windows, in different colours and line styles, named outside the data."""
    figure = drawn(read_run(drifting))
    static, dynamic = figure.axes[0].lines[-2:]
    assert static.get_xdata().tolist() == list(range(10))
    assert static.get_ydata().tolist() == [1.0] * 4 + [0.7] * 6
    assert dynamic.get_ydata().tolist() == [1.0] * 4 + [0.7, 0.7] + [1.0] * 4
    assert static.get_color() != dynamic.get_color()
    assert static.get_linestyle() != dynamic.get_linestyle()
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert words == ["static", "dynamic", "95 % Wilson band", "planted drift"]


def test_each_curve_has_its_band(drawn, drifting: Path) -> None:
    """A translucent band in the curve's colour spans the Wilson interval of each window."""
    curves = drawn(read_run(drifting)).axes[0]
    for band, curve in zip(curves.collections, curves.lines[-2:], strict=True):
        low, high = wilson(70, 100)
        assert {low, high} <= set(band.get_paths()[0].vertices[:, 1].tolist())
        assert to_rgb(curve.get_color()) == tuple(band.get_facecolor()[0][:3])
        assert 0.1 <= band.get_alpha() <= 0.3


def test_the_strip_tells_events_by_arm_and_kind(drawn, drifting: Path) -> None:
    """Below the curves each kind of event of each arm has its row, with marks at its windows."""
    strip = drawn(read_run(drifting)).axes[1]
    rows = [text.get_text() for text in strip.get_yticklabels()]
    assert rows == ["planted drift", *(f"dynamic: {kind}" for kind in ("alarm", "retrained", "promoted", "rejected"))]
    marks = [tuple(points.get_offsets()[0]) for points in strip.collections]
    assert marks == [(4, 1), (4, 2), (5, 3), (5, 4)]


def test_planted_truth_stands_at_its_record(drawn, drifting: Path) -> None:
    """Drift at record 400 of windows of 100 is drawn at the left edge of window 4, and named."""
    strip = drawn(read_run(drifting)).axes[1]
    assert strip.lines[0].get_xdata() == [3.5, 3.5]
    assert [text.get_text() for text in strip.texts] == ["encoding (abrupt)"]


def test_without_events_and_truth_there_is_no_strip(drawn, make_run) -> None:
    """A run of one arm in which nothing happened is one panel, and one window is a point."""
    labels = [np.array([0, 1], dtype=np.int8)]
    figure = drawn(read_run(make_run(labels, {"static": labels})))
    assert len(figure.axes) == 1
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_an_undefined_metric_is_said_to_be(drawn, make_run) -> None:
    """Where a metric is undefined in every window, the figure says so instead of showing nothing."""
    ones = [np.ones(100, dtype=np.int8)] * 2
    figure = drawn(read_run(make_run(ones, {"static": ones})), "f1")
    assert [text.get_text() for text in figure.axes[0].texts] == ["F1 is undefined in every window"]


def test_the_axis_is_tight_around_curves_and_bands(drawn, drifting: Path) -> None:
    """The accuracy axis reaches from below the lowest band to just above 1, and no farther."""
    low, high = drawn(read_run(drifting)).axes[0].get_ylim()
    assert 0.55 < low < 0.604
    assert 1.0 < high < 1.03


def test_a_drift_that_recurs_is_named_once(drawn, drifting: Path) -> None:
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
