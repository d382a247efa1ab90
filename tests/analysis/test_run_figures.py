"""Scores, input drift, price, regret, detectors and causes as figures: their numbers, words, refusals and pictures."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

from analysis.figures import CHARTS, Chart, critical_difference
from analysis.figures.chart import Picture
from analysis.figures.detectors import DetectorsChart
from analysis.figures.hindsight import CausesChart, RegretChart, RegretOverPricesChart
from analysis.figures.input_drift import InputDriftChart
from analysis.figures.labelled import spread
from analysis.figures.pareto import ParetoChart
from analysis.figures.scores import ScoresChart
from analysis.figures.style import ONE_COLUMN, TWO_COLUMN, WIDTH
from analysis.loaded import LoadedRun, load_run
from analysis.measures.episodes import score_detectors
from analysis.measures.transitions import Transition
from static_model.metrics import wilson

REFERENCE = Path(__file__).with_name("reference")
"""`RENEW_FIGURES=1 python -m pytest tests/analysis/test_run_figures.py` draws the pictures in it anew: look at them."""
MINE = (ScoresChart, InputDriftChart, ParetoChart, RegretChart, RegretOverPricesChart, DetectorsChart, CausesChart)
WINDOWS = 12


def estimate(difference: float) -> dict[str, float]:
    """A difference with its interval."""
    return {"difference": difference, "low": difference - 1, "high": difference + 1}


def hindsight() -> dict[str, Any]:
    """What baselines would show of the crowded run: two arms compared, one not comparable, one without causes."""
    rows = [
        [{"alpha": a, "regret": 10 + a * f, "gain": 80 - a, "share": 0.5 if a < 9 else None} for a in (0, 1, 10, 100)]
        for f in (1, 2)
    ]
    arms: dict[str, Any] = {
        name: {"beside": "last 20", "beats": beats, "fits": fits, "regret": row, "over_time": np.linspace(0, 10, 12)}
        for name, beats, fits, row in (("dynamic", ["it trains on since-change"], 1, rows[0]), ("a", [], 2, rows[1]))
    }
    known = {name: estimate(at) for name, at in (("total", 4), ("engine", -1), ("size", 2), ("freshness", 3))}
    nothing = dict.fromkeys(known)
    return {
        "every": 4,
        "tables": {},
        "arms": arms | {"b": {"reason": "not comparable: it learns by record"}},
        "causes": {
            "dynamic": {"windows": 7, "left_out": 0, "reasons": [], **known},
            "a": {"windows": 0, "left_out": 2, "reasons": ["one class"], **nothing},
        },
    }


@pytest.fixture
def loaded(crowded: Path) -> LoadedRun:
    """The crowded run, with what baselines and detectors would show."""
    run = load_run(crowded)
    scores = score_detectors(
        {"dynamic (ss-sr)": [4], "a (ks)": [1, 6], "b (adwin)": []},
        [Transition(4, 4), Transition(9, 9)],
        [True, False],
        windows=WINDOWS,
        tolerance=1,
    )
    run.summary = {**run.summary, "hindsight": hindsight(), "detectors": [asdict(score) for score in scores]}
    return run


@pytest.fixture
def charts(loaded: LoadedRun) -> list[Picture]:
    """All figures of this file, and the ranks over streams."""
    shares = np.random.default_rng(0).normal(0.8, 0.02, (8, 5))
    scores = {
        f"s{k}": dict(zip(("static", "dynamic", *"abc"), map(float, row), strict=True)) for k, row in enumerate(shares)
    }
    return [*(kind(loaded) for kind in MINE), critical_difference(scores)]


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


def test_the_report_shows_them_after_the_metrics(loaded: LoadedRun) -> None:
    """Scores, input drift, price, regret, detectors and causes, in this order; all need single predictions."""
    assert list(MINE) == [kind for kind in CHARTS if kind in MINE]
    assert [kind.name for kind in CHARTS[-len(MINE) :]] == list(loaded.figures)[-len(MINE) :]
    assert all(kind.per_record for kind in MINE)


def test_the_map_of_scores_shades_shares(drifting: Path) -> None:
    """The darkest shade is the largest share, white is none, and what has no record is tinted."""
    chart = ScoresChart(load_run(drifting))
    image = chart.draw().axes[0].images[0].get_array()
    assert (1.0, 0.0) == (float(chart._shares(chart.table()).max()), float(chart._shares(chart.table()).min()))
    assert (4 * 20 + 3 + 7, 10, 4) == image.shape
    top = image[-20:]  # static, class 1, from the lowest score up
    assert [0, 0, 0, 255] == top[14, 0].tolist()  # all of 0.75 up to window 3
    assert [255, 255, 255, 255] == top[4, 0].tolist()
    assert 255 > top[4, 5, 0] > top[14, 5, 0] > 0  # 15 of 50 fell to 0.25
    assert "500 labelled records of class 1 and 500 of class 0" in chart.caption()
    assert "above the dashed line at 0.5" in chart.caption()


def test_windows_of_one_class_are_tinted(make_run) -> None:
    """A window without a record of class 1 isn't drawn as if none of them had a score."""
    labels = [np.zeros(100, dtype=np.int8), np.tile(np.array([0, 1], dtype=np.int8), 50)]
    image = ScoresChart(load_run(make_run(labels, {"static": labels}))).draw().axes[0].images[0].get_array()
    tint = [round(255 * part) for part in to_rgba("#CFE3F1")]
    assert tint == image[-1, 0].tolist()
    assert tint != image[-1, 1].tolist()


def test_too_many_arms_are_named_and_not_drawn(make_run) -> None:
    """Twelve arms have maps; the thirteenth is named in the caption."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)] * 2
    chart = ScoresChart(load_run(make_run(labels, dict.fromkeys(("static", *"abcdefghijkl"), labels))))
    assert "Not drawn, for want of room: l." in chart.caption()
    assert ["static", *"abcdefghijk"] == list(chart.table()["arm"].drop_duplicates())


def test_the_map_of_drift_is_white_where_chance_explains_it(loaded: LoadedRun) -> None:
    """Coloured cells are those of the table beyond their noise; the caption counts them and names the reference."""
    table = loaded.survey.drift.copy()
    loaded.survey.drift["psi"] = np.where(table["window"] >= 6, 0.3, 0.01)
    loaded.survey.drift["noise"] = np.where(table["window"] >= 8, 0.5, 0.05)
    chart = InputDriftChart(loaded)
    image = chart.draw().axes[0].images[0].get_array()
    assert [w in (6, 7) for w in range(WINDOWS)] == [pixel[:3].tolist() != [255] * 3 for pixel in image[0]]
    assert "2 of 12 cells are coloured, in 1 of 1 features" in chart.caption()
    assert "against the first 5 windows" in chart.caption()
    assert "the largest index is 0.3, of 'x' in window 6" in chart.caption()


def test_the_price_table_is_the_runs_own(loaded: LoadedRun) -> None:
    """Errors per 100 records with Wilson's interval, fits as counted, the front as the summary has it."""
    table = ParetoChart(loaded).table().set_index("name")
    windows = loaded.run.windows
    for arm in loaded.run.arms:
        own = windows[windows["arm"] == arm]
        errors, records = int((own["fp"] + own["fn"]).sum()), int(own["labelled"].sum())
        low, high = wilson(errors, records)
        expected = [100 * errors / records, 100 * low, 100 * high]
        assert expected == pytest.approx(table.loc[arm, ["errors_per_100", "low", "high"]].tolist())
        assert (0 if arm == "static" else 1) == table.loc[arm, "fits"]
    assert set(loaded.summary["price"]["pareto"]) == set(table.index[table["front"]])
    assert ["majority", "no-change"] == table.index[table["kind"] == "baseline"].tolist()
    majority = table.loc["majority", "errors_per_100"]
    assert f"Predicting without a model: majority {majority:.2f}, no-change" in ParetoChart(loaded).caption()
    assert "on 1,200 labelled records" in ParetoChart(loaded).caption()


def test_a_baseline_far_away_is_named_instead_of_drawn(loaded: LoadedRun) -> None:
    """Arms that differ by little aren't squeezed by a line far above them."""
    figure = ParetoChart(loaded).draw()
    assert "no-change" in figure.axes[0].get_xlabel() or any("no-change" in t.get_text() for t in figure.axes[0].texts)
    near = {"counts": {"tp": 500, "fp": 10, "tn": 680, "fn": 10}}
    arms = {arm: {**found, **near} for arm, found in loaded.summary["arms"].items()}
    loaded.summary = {**loaded.summary, "arms": arms}
    ax = ParetoChart(loaded).draw().axes[0]
    assert "no-change (" in ax.get_xlabel()
    assert ax.get_xlabel().endswith("lies above")
    assert ax.get_ylim()[1] < 5


def test_regret_is_drawn_as_it_adds_up(loaded: LoadedRun) -> None:
    """A line for each arm with an oracle, ending at its regret; who isn't comparable, or may beat it, is named."""
    chart = RegretChart(loaded)
    table = chart.table()
    assert {"dynamic": 12, "a": 12} == table.groupby("arm", sort=False).size().to_dict()
    lines = [line.get_ydata() for line in chart.draw().axes[0].lines if len(line.get_xdata()) == WINDOWS]
    assert [10.0, 10.0] == [line[-1] for line in lines]
    assert "at the end: dynamic 10, a 10." in chart.caption()
    assert "It may retrain after every 4 windows. dynamic may beat it" in chart.caption()
    assert "Not comparable: b." in chart.caption()
    prices = RegretOverPricesChart(loaded)
    assert [10, 11, 20, 110, 10, 12, 30, 210] == prices.table()["regret"].tolist()
    assert "(errors, and the price of a retrain for each of its fits: dynamic 1, a 2)" in prices.caption()
    assert "At 4 of 8 points it isn't sure that the oracle gained anything" in prices.caption()


def test_causes_stand_with_their_intervals(loaded: LoadedRun) -> None:
    """A row for each cause of each arm whose causes are known; the others are named."""
    chart = CausesChart(loaded)
    assert ["engine", "size", "freshness", "total"] == chart.table()["cause"].tolist()
    assert [-1, 2, 3, 4] == chart.table()["difference"].tolist()
    assert "Freshness: dynamic +3.00 (2.00 to 4.00) in 7 windows." in chart.caption()
    assert "Not known: a." in chart.caption()


def test_detectors_stand_beside_those_that_look_at_nothing(loaded: LoadedRun) -> None:
    """Delay and false alarms are the scores'; never-fire and always-fire are there; harmless drift is told apart."""
    chart = DetectorsChart(loaded)
    table = chart.table().set_index("detector")
    assert ["dynamic (ss-sr)", "a (ks)", "b (adwin)", "never-fire", "always-fire"] == table.index.tolist()
    assert (0.0, 0.0) == (table.loc["dynamic (ss-sr)", "delay"], table.loc["dynamic (ss-sr)", "false_per_1000"])
    assert 1000 * 2 / 8 == table.loc["a (ks)", "false_per_1000"]
    assert table.loc["b (adwin)", "delay"] != table.loc["b (adwin)", "delay"]
    said = chart.caption()
    assert "dynamic (ss-sr) found 1 of 1 after 0 windows, 0 false; a (ks) found 0 of 1, 2 false" in said
    assert "It rests on 1 drift that harmed static and 8 windows in which an alarm would have been false" in said
    assert "1 more did static no harm" in said
    words = [text.get_text() for text in chart.draw().axes[0].texts]
    assert {"found none", "always-fire: 1 of 1", "never-fire: 0 of 1", "b (adwin): 0 of 1"} <= set(words)


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
    loaded: LoadedRun, kind: type[Chart], changed: dict[str, Any], words: str
) -> None:
    """In a sentence; and the figure is none of the run's."""
    loaded.summary = {**loaded.summary, **changed}
    assert words == kind(loaded).refusal
    assert kind.name not in loaded.figures


def test_a_plain_run_says_what_it_lacks(make_run) -> None:
    """A short run without baselines or truth has scores and prices, and sentences for the rest."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50)] * 4
    loaded = load_run(make_run(labels, {"static": labels}))
    assert {"scores", "cost-against-quality"} == set(loaded.figures) & {kind.name for kind in MINE}
    assert str(DetectorsChart(loaded).refusal).startswith(
        "Detectors aren't scored: it isn't known where this stream drifts"
    )
    assert "held against the first 5, and of the 4 windows of this run none is left" in str(
        InputDriftChart(loaded).refusal
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
