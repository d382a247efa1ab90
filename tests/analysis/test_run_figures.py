"""Scores, input drift, price, regret, detectors and causes as figures: their numbers, words, refusals and pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

from analysis.figures import CHARTS, Chart, critical_difference
from analysis.figures.causes import CausesChart
from analysis.figures.chart import Picture
from analysis.figures.detectors import DetectorsChart
from analysis.figures.hindsight import RegretChart, RegretOverPricesChart
from analysis.figures.input_drift import InputDriftChart
from analysis.figures.labelled import spread
from analysis.figures.pareto import ParetoChart
from analysis.figures.scores import ScoresChart
from analysis.figures.style import ONE_COLUMN, TWO_COLUMN, WIDTH
from analysis.loaded import LoadedRun, load_run

REFERENCE = Path(__file__).with_name("reference")
"""`RENEW_FIGURES=1 python -m pytest tests/analysis/test_run_figures.py` draws the pictures in it anew: look at them."""
MINE = (ScoresChart, InputDriftChart, ParetoChart, RegretChart, RegretOverPricesChart, DetectorsChart, CausesChart)
WINDOWS = 12


@pytest.fixture
def charts(judged: LoadedRun) -> list[Picture]:
    """All figures of this file, and the ranks over streams."""
    drift = judged.survey.drift
    drift["psi"], drift["noise"] = 0.2 * drift["window"], 0.9
    shares = np.random.default_rng(0).normal(0.8, 0.02, (8, 5))
    scores = {
        f"s{k}": dict(zip(("static", "dynamic", *"abc"), map(float, row), strict=True)) for k, row in enumerate(shares)
    }
    return [*(kind(judged) for kind in MINE), critical_difference(scores)]


@pytest.mark.parametrize("width", [WIDTH, TWO_COLUMN, ONE_COLUMN])
def test_text_is_readable_and_whole_at_every_width(
    charts: list[Picture], width: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text is smaller than 6 points, and none is cut at the figure's edge."""
    for chart in charts:
        figure = chart.draw(width=width)
        for text in _drawn_texts(figure, monkeypatch):
            assert text.get_fontsize() >= 6, (chart.name, text.get_text())
            box = text.get_window_extent()
            inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1
            assert inside, (chart.name, width, text.get_text())


def _drawn_texts(figure: Figure, patch: pytest.MonkeyPatch) -> list[Text]:
    """The texts that reach the picture; a figure holds others, of ticks beyond its axes."""
    drawn: list[Text] = []
    with patch.context() as inner:
        inner.setattr(Text, "draw", lambda self, renderer: drawn.append(self))
        figure.draw_without_rendering()
    return [text for text in drawn if text.get_visible() and text.get_text()]


def test_pictures_are_the_kept_ones(charts: list[Picture], tmp_path: Path) -> None:
    """The drawings look like those that were looked at and kept; letters may differ by a shade."""
    for chart in charts:
        kept = REFERENCE / f"crowded-{chart.name}.png"
        drawn = kept if "RENEW_FIGURES" in os.environ else tmp_path / kept.name
        chart.draw(width=TWO_COLUMN).savefig(drawn, dpi=50, metadata={"Software": None})
        if drawn != kept:
            assert compare_images(str(kept), str(drawn), tol=2.0) is None


def test_files_hold_the_table(charts: list[Picture], tmp_path: Path) -> None:
    """Pictures in the formats asked for, and the numbers as CSV, a row for each of the table's."""
    for chart in charts:
        paths = chart.save(tmp_path, formats=("svg",))
        assert [f"{chart.name}.svg", f"{chart.name}.csv"] == [path.name for path in paths]
        assert len(chart.table()) + 1 == len(paths[1].read_text().splitlines())
        assert all(path.stat().st_size for path in paths)


def test_they_can_be_drawn_onto_a_notebooks_axes(charts: list[Picture]) -> None:
    """Each draws onto axes that it is given, among others."""
    figure = Figure()
    axes = figure.subplots(2, 4).ravel()
    for chart, ax in zip(charts, axes, strict=True):
        assert chart.plot(ax) is ax
        assert ax.get_title("left") == chart.title


def test_the_report_shows_them_after_the_metrics(judged: LoadedRun) -> None:
    """Scores, input drift, price, regret, detectors and causes, in this order; all need single predictions."""
    assert list(MINE) == [kind for kind in CHARTS if kind in MINE]
    assert [kind.name for kind in CHARTS[-len(MINE) :]] == list(judged.figures)[-len(MINE) :]
    assert all(kind.per_record for kind in MINE)


@pytest.mark.parametrize(
    ("kind", "changed", "words"),
    [
        (
            RegretChart,
            {"hindsight": {}},
            "No baselines were computed for this run: 'driftduel experiment' computes them.",
        ),
        (CausesChart, {"hindsight": {"every": 1, "stale": "The baselines are of 9."}}, "The baselines are of 9."),
        (
            RegretOverPricesChart,
            {"hindsight": {"every": 1, "arms": {"b": {"reason": "it learns by record"}}, "causes": {}}},
            "No arm can be set beside an oracle (b: it learns by record).",
        ),
        (
            CausesChart,
            {"hindsight": {"every": 1, "arms": {}, "causes": {"a": {"reasons": ["one class"], "freshness": None}}}},
            "The causes of no arm are known (a: one class).",
        ),
        (DetectorsChart, {"detectors": []}, "Detectors aren't scored: no arm of this run follows one."),
        (ParetoChart, {"labelled": 0}, "Errors can't be set against fits: no record of this run has a label yet."),
    ],
)
def test_what_has_nothing_to_show_says_why(
    judged: LoadedRun, kind: type[Chart], changed: dict[str, Any], words: str
) -> None:
    """In a sentence; and the figure is none of the run's."""
    judged.summary = {**judged.summary, **changed}
    assert words == kind(judged).refusal
    assert kind.name not in judged.figures


def test_a_plain_run_says_what_it_lacks(make_run) -> None:
    """A short run without baselines or truth has scores and prices, and sentences for the rest."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)] * 4
    judged = load_run(make_run(labels, {"static": labels}))
    assert {"scores", "cost-against-quality"} == set(judged.figures) & {kind.name for kind in MINE}
    assert str(DetectorsChart(judged).refusal).startswith(
        "Detectors aren't scored: it isn't known where this stream drifts"
    )
    assert "held against the first 5, and of the 4 windows of this run none is left" in str(
        InputDriftChart(judged).refusal
    )


def test_names_keep_their_order_and_distance() -> None:
    """However many stand at one place, none writes over another, and none leaves the axes."""
    rng = np.random.default_rng(0)
    for count in range(1, 30):
        places = rng.choice([0.0, 0.1, 0.5, 0.51, 1.0], count)
        found = np.array(spread(places.tolist(), gap=0.05))
        ordered = found[np.argsort(places, kind="stable")]
        assert (np.diff(ordered) >= min(0.05, 1 / max(1, count - 1)) - 1e-9).all()
        assert 0 <= found.min() <= found.max() <= 1 + 1e-9


@pytest.mark.filterwarnings("error::UserWarning")
def test_the_longest_names_leave_room_for_what_is_drawn(make_run: Callable[..., Path]) -> None:
    """Three arms of 40 wide letters: no figure's axes collapse, which matplotlib only warns of."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50) for _ in range(6)]
    arms = {"static": labels, "W" * 40: labels, "M" * 40: [window ^ 1 for window in labels]}
    told = {(3, arm): [{"event": "promoted", "reason": "r", "model": "m", "gain": 0.3, "lower": 0.2}] for arm in arms}
    for chart in load_run(make_run(labels, arms, events=told)).figures.values():
        chart.draw()
