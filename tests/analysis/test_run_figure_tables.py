"""Scores, input drift, price, regret, detectors and causes: what is drawn, and said, is what the run holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from analysis.figures.causes import CausesChart
from analysis.figures.detectors import DetectorsChart
from analysis.figures.hindsight import RegretChart, RegretOverPricesChart
from analysis.figures.input_drift import InputDriftChart
from analysis.figures.pareto import ParetoChart
from analysis.figures.scores import ScoresChart
from analysis.loaded import LoadedRun, load_run
from static_model.metrics import wilson

REFERENCE = Path(__file__).with_name("reference")
"""`RENEW_FIGURES=1 python -m pytest tests/analysis/test_run_figures.py` draws the pictures in it anew: look at them."""
MINE = (ScoresChart, InputDriftChart, ParetoChart, RegretChart, RegretOverPricesChart, DetectorsChart, CausesChart)
WINDOWS = 12


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


def test_the_map_of_drift_is_white_where_chance_explains_it(judged: LoadedRun) -> None:
    """Coloured cells are those of the table beyond their noise; the caption counts them and names the reference."""
    table = judged.survey.drift.copy()
    judged.survey.drift["psi"] = np.where(table["window"] >= 6, 0.3, 0.01)
    judged.survey.drift["noise"] = np.where(table["window"] >= 8, 0.5, 0.05)
    chart = InputDriftChart(judged)
    image = chart.draw().axes[0].images[0].get_array()
    assert [w in (6, 7) for w in range(WINDOWS)] == [pixel[:3].tolist() != [255] * 3 for pixel in image[0]]
    assert "2 of 12 cells are coloured, in 1 of 1 features" in chart.caption()
    assert "against the first 5 windows" in chart.caption()
    assert "the largest index is 0.3, of 'x' in window 6" in chart.caption()


def test_the_price_table_is_the_runs_own(judged: LoadedRun) -> None:
    """Errors per 100 records with Wilson's interval, fits as counted, the front as the summary has it."""
    table = ParetoChart(judged).table().set_index("name")
    windows = judged.run.windows
    for arm in judged.run.arms:
        own = windows[windows["arm"] == arm]
        errors, records = int((own["fp"] + own["fn"]).sum()), int(own["labelled"].sum())
        low, high = wilson(errors, records)
        expected = [100 * errors / records, 100 * low, 100 * high]
        assert expected == pytest.approx(table.loc[arm, ["errors_per_100", "low", "high"]].tolist())
        assert (0 if arm == "static" else 1) == table.loc[arm, "fits"]
    assert set(judged.summary["price"]["pareto"]) == set(table.index[table["front"]])
    assert ["majority", "no-change"] == table.index[table["kind"] == "baseline"].tolist()
    majority = table.loc["majority", "errors_per_100"]
    assert f"Predicting without a model: majority {majority:.2f}, no-change" in ParetoChart(judged).caption()
    assert "on 1,200 labelled records" in ParetoChart(judged).caption()


def test_a_baseline_far_away_is_named_instead_of_drawn(judged: LoadedRun) -> None:
    """Arms that differ by little aren't squeezed by a line far above them."""
    figure = ParetoChart(judged).draw()
    assert "no-change" in figure.axes[0].get_xlabel() or any("no-change" in t.get_text() for t in figure.axes[0].texts)
    near = {"counts": {"tp": 500, "fp": 10, "tn": 680, "fn": 10}}
    arms = {arm: {**found, **near} for arm, found in judged.summary["arms"].items()}
    judged.summary = {**judged.summary, "arms": arms}
    ax = ParetoChart(judged).draw().axes[0]
    assert "no-change (" in ax.get_xlabel()
    assert ax.get_xlabel().endswith("lies above")
    assert ax.get_ylim()[1] < 5


def test_regret_is_drawn_as_it_adds_up(judged: LoadedRun) -> None:
    """A line for each arm with an oracle, ending at its regret; who isn't comparable, or may beat it, is named."""
    chart = RegretChart(judged)
    table = chart.table()
    assert {"dynamic": 12, "a": 12} == table.groupby("arm", sort=False).size().to_dict()
    lines = [line.get_ydata() for line in chart.draw().axes[0].lines if len(line.get_xdata()) == WINDOWS]
    assert [10.0, 20.0] == [line[-1] for line in lines]
    assert "at the end: dynamic 10, a 10." in chart.caption()
    assert "It may retrain after every 4 windows. dynamic may beat it" in chart.caption()
    assert "Not comparable: b." in chart.caption()
    prices = RegretOverPricesChart(judged)
    assert [10, 11, 20, 110, 10, 12, 30, 210] == prices.table()["regret"].tolist()
    assert "(errors, and the price of a retrain for each of its fits: dynamic 1, a 2)" in prices.caption()
    assert "At 4 of 8 points it isn't sure that the oracle gained anything" in prices.caption()


def test_causes_stand_with_their_intervals(judged: LoadedRun) -> None:
    """A row for each cause of each arm whose causes are known; the others are named."""
    chart = CausesChart(judged)
    assert ["engine", "size", "freshness", "total"] == chart.table()["cause"].tolist()
    assert [-1, 2, 3, 4] == chart.table()["difference"].tolist()
    assert "Freshness: dynamic +3.00 (2.00 to 4.00) in 7 windows." in chart.caption()
    assert "Not known: a." in chart.caption()


def test_detectors_stand_beside_those_that_look_at_nothing(judged: LoadedRun) -> None:
    """Delay and false alarms are the scores'; never-fire and always-fire are there; harmless drift is told apart."""
    chart = DetectorsChart(judged)
    table = chart.table().set_index("detector")
    assert ["dynamic (ss-sr)", "a (ks)", "b (adwin)", "never-fire", "always-fire"] == table.index.tolist()
    assert (0.0, 0.0) == (table.loc["dynamic (ss-sr)", "delay"], table.loc["dynamic (ss-sr)", "false_per_1000"])
    assert 1000 * 2 / 8 == table.loc["a (ks)", "false_per_1000"]
    assert table.loc["b (adwin)", "delay"] != table.loc["b (adwin)", "delay"]
    said = chart.caption()
    assert "dynamic (ss-sr) found 1 of 1 after 0 windows, 0 false; a (ks) found 0 of 1, 2 false" in said
    assert "It rests on 1 drift that harmed static and 8 windows in which an alarm would have been false" in said
    assert "1 more did static no harm" in said
    ax = chart.draw().axes[0]
    words = [text.get_text() for text in ax.texts]
    assert "none found" == ax.get_yticklabels()[-1].get_text()
    assert {"always-fire: 1 of 1", "never-fire: 0 of 1", "b (adwin): 0 of 1"} <= set(words)
