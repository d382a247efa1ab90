"""What arms save against static, by window and so far, and the charts of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.figures.difference import DifferenceChart, SavedChart
from analysis.figures.labelled import spread
from analysis.inference.compare import compare, pooled_difference
from analysis.loaded import load_run
from analysis.measures.differences import paired_windows, saved_so_far, window_differences


def dependent(rng: np.random.Generator, records: int) -> np.ndarray:
    """Errors that come in bursts."""
    return np.repeat(rng.random(records // 4 + 1) < 0.3, 4)[:records]


def test_each_window_has_the_verdicts_interval() -> None:
    """A window's difference and interval are those of the pooled comparison, were it the whole run."""
    rng = np.random.default_rng(0)
    static, arm = ([dependent(rng, n) for n in (100, 37, 250)] for _ in range(2))
    paired = paired_windows({"static": static, "arm": arm}, reference="static", windows=[0, 1, 5])
    found = window_differences(paired)
    assert [0, 1, 5] == found["window"].tolist()
    for row, theirs, mine in zip(found.itertuples(), static, arm, strict=True):
        expected = pooled_difference([theirs.astype(float) - mine])
        assert (expected.difference, expected.low, expected.high) == pytest.approx((row.difference, row.low, row.high))


def test_the_sum_ends_at_the_verdict(crowded: Path) -> None:
    """At the last window the errors saved and their interval are those of the run's comparison."""
    loaded = load_run(crowded)
    table = SavedChart(loaded).table()
    wrong = loaded.outcomes.wrong
    for arm in ("dynamic", "a", "d"):
        last = table[table["arm"] == arm].iloc[-1]
        estimate = compare(arm, wrong[arm], "static", wrong["static"]).estimate
        assert (12, 1200) == (len(table[table["arm"] == arm]), last["labelled"])
        expected = [12 * estimate.difference, 12 * estimate.low, 12 * estimate.high]
        assert expected == pytest.approx([last["saved"], last["low"], last["high"]])


def test_the_table_is_the_run(crowded: Path) -> None:
    """The differences are the tracker's errors, exactly."""
    loaded = load_run(crowded)
    table = DifferenceChart(loaded).table().set_index(["window", "arm"])
    rows = loaded.run.windows.set_index(["window", "arm"])
    errors = rows["fp"] + rows["fn"]
    for window, arm in table.index:
        assert errors[window, "static"] - errors[window, arm] == round(table.loc[(window, arm), "difference"], 9)


def test_windows_that_say_nothing() -> None:
    """Equal outcomes have no width, a window without labels is empty, a single record is as unsure as can be."""
    wrong = {
        "static": [np.array([True, False]), np.array([], dtype=bool), np.array([True])],
        "arm": [np.array([True, False]), np.array([], dtype=bool), np.array([False])],
    }
    paired = paired_windows(wrong, reference="static", windows=[0, 1, 2])
    found = window_differences(paired)[["difference", "low", "high"]].to_numpy()
    assert [0.0, 0.0, 0.0] == found[0].tolist()
    assert np.isnan(found[1]).all()
    assert (100.0, -95.996, 100.0) == pytest.approx(tuple(found[2]), abs=1e-3)
    assert [0, 0, 1] == saved_so_far(paired)["saved"].tolist()
    unsure = window_differences(paired.assign(labelled=1, variance=9.0))
    assert ([-100.0] * 3, [100.0] * 3) == (unsure["low"].tolist(), unsure["high"].tolist())


def test_the_share_of_intervals_that_miss_is_five_percent() -> None:
    """Of two arms that are equally good, about 5 % of the windows exclude 0."""
    rng = np.random.default_rng(1)
    wrong = {arm: [rng.random(1000) < 0.1 for _ in range(600)] for arm in ("static", "arm")}
    found = window_differences(paired_windows(wrong, reference="static", windows=range(600)))
    share = ((found["low"] > 0) | (found["high"] < 0)).mean()
    assert 0.03 < share < 0.08


def test_each_arm_has_a_lane_and_a_name_at_its_line(crowded: Path) -> None:
    """Per window a lane for each arm but static; so far a line each, named at its end in the order of the ends."""
    loaded = load_run(crowded)
    arms = ["dynamic", "a", "b", "c", "d"]
    assert arms == [text.get_text() for text in DifferenceChart(loaded).plot(Figure().subplots()).texts]
    ax = SavedChart(loaded).plot(Figure().subplots())
    heights = {text.get_text(): text.get_position()[1] for text in ax.texts}
    table = SavedChart(loaded).table()
    ends = table[table["window"] == 11].set_index("arm")["saved"]
    assert sorted(arms, key=lambda arm: ends[arm]) == sorted(arms, key=heights.__getitem__)
    lines = [line.get_ydata().tolist() for line in ax.lines if len(line.get_xdata()) == 12]
    assert [table.loc[table["arm"] == arm, "saved"].tolist() for arm in arms] == lines


def test_names_keep_apart() -> None:
    """Names at the ends never write over each other, as long as there is room, and stay within the axes."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        asked = rng.random(12) ** 3
        found = np.array(spread(asked.tolist(), gap=0.07))[np.argsort(asked)]
        assert np.diff(found).min() >= 0.07 - 1e-9
        assert 0 <= found[0] <= found[-1] <= 1
    assert [] == spread([], gap=0.1)


def test_captions_warn_of_peeking_and_of_the_best(crowded: Path) -> None:
    """What the sums are, who saved the most, and that neither windows nor stopping points may be picked."""
    loaded = load_run(crowded)
    saved = SavedChart(loaded).caption()
    table = SavedChart(loaded).table()
    most = table.loc[table["window"] == 11, "saved"].max()
    assert f"In the end 'dynamic' has saved the most: {most} errors" in saved
    assert "whoever watches the curve and stops where it looks best" in saved
    difference = DifferenceChart(loaded).caption()
    assert "6 arms in 12 windows with 1,200 labelled records" in difference
    assert "chance alone gives about 5 %" in difference


def test_one_arm_has_nothing_to_be_held_against(make_run) -> None:
    """A run of static alone has neither figure, and says why."""
    labels = [np.array([0, 1] * 5, dtype=np.int8)]
    loaded = load_run(make_run(labels, {"static": labels}))
    assert "the run has no arm beside 'static' to compare" == SavedChart(loaded).refusal
    assert not {"difference", "saved"} & set(loaded.figures)
