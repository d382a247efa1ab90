"""Probation: a promotion that turns out to be a mistake is undone, and one that changes nothing seldom is."""

from __future__ import annotations

import numpy as np
import pytest

from online.gates.none import NoGate
from online.gates.probation import Probation
from online.gates.shadow import Shadow
from online.training_sets.last import Last
from producer.errors import UsageError

LAST = (Last(windows=1),)
GOOD, BAD = range(20), range(80)


def worse_from(window: int):
    """The challenger makes more errors than the starting model from that window on."""
    return lambda model, w: BAD if model != "start" and w >= window else GOOD


def test_a_bad_promotion_is_rolled_back(scripted) -> None:
    """The former champion predicts beside the new one, and is in force again from the window after the verdict."""
    memo = scripted.ScriptedMemo(worse_from(0))
    found = scripted.scene([3], memo, windows=8, training_sets=LAST, gate=Probation(windows=3))
    assert found.predicting == [("start",)] * 4 + [("3-3", "start")] + [("start",)] * 3
    ((window, event),) = [(w, e) for w, e in found.events if e["event"] == "rolled back"]
    assert (window, event["model"]) == (4, "start")
    assert event["gain"] == pytest.approx(0.06)
    assert event["lower"] > 0
    assert event["reason"].startswith("gain 0.0600, at least 0.0")


def test_it_is_rolled_back_when_it_turns_bad_within_the_windows(scripted) -> None:
    """A model that is as good for two windows and bad in the third comes to an end with that."""
    memo = scripted.ScriptedMemo(worse_from(6))
    found = scripted.scene([3], memo, windows=9, training_sets=LAST, gate=Probation(windows=3))
    assert found.having("rolled back") == [(6, "start")]
    assert found.predicting[4:] == [("3-3", "start")] * 3 + [("start",)] * 2


def test_after_the_windows_there_is_no_way_back(scripted) -> None:
    """The former champion no longer predicts; what the new one does then is the policy's affair."""
    memo = scripted.ScriptedMemo(worse_from(7))
    found = scripted.scene([3], memo, windows=10, training_sets=LAST, gate=Probation(windows=3))
    assert found.having("rolled back") == []
    assert found.predicting[4:] == [("3-3", "start")] * 3 + [("3-3",)] * 3


@pytest.mark.parametrize("late", [0, 2])
def test_the_windows_of_probation_are_counted_as_they_are_labelled(scripted, late: int) -> None:
    """With labels two windows late the former champion predicts two windows longer, and the verdict comes later."""
    memo = scripted.ScriptedMemo(worse_from(0))
    found = scripted.scene([3], memo, windows=12, late=late, training_sets=LAST, gate=Probation(windows=3))
    first = 4 + late
    assert found.having("rolled back") == [(first + late, "start")]
    assert found.predicting[first:] == [("3-3", "start")] * (late + 1) + [("start",)] * (11 - first - late)


def test_the_gate_within_decides_about_promotion(scripted) -> None:
    """Around a shadow gate the trial comes first; a challenger that is rejected there begins no probation."""
    better = scripted.ScriptedMemo(lambda model, w: GOOD if model != "start" else BAD)
    gate = Probation(gate=Shadow(), windows=2)
    found = scripted.scene([3], better, windows=9, training_sets=LAST, gate=gate)
    assert found.predicting[4:] == [("start", "3-3")] + [("3-3", "start")] * 2 + [("3-3",)] * 2
    worse = scripted.ScriptedMemo(worse_from(0))
    found = scripted.scene([3], worse, windows=9, training_sets=LAST, gate=gate)
    assert found.predicting[4:] == [("start", "3-3")] + [("start",)] * 4
    assert found.having("rejected") == [(4, "3-3")]


def test_another_promotion_begins_a_probation_of_its_own(scripted) -> None:
    """The way back is to the model that was replaced last."""
    memo = scripted.ScriptedMemo(lambda model, w: BAD if model == "5-5" else GOOD)
    found = scripted.scene([3, 5], memo, windows=9, training_sets=LAST, gate=Probation(windows=4))
    assert found.predicting[4:] == [("3-3", "start")] * 2 + [("5-5", "3-3")] + [("3-3",)] * 2
    assert found.having("rolled back") == [(6, "3-3")]


@pytest.mark.parametrize("windows", [1, 5, 20])
def test_a_harmless_promotion_is_seldom_rolled_back(windows: int) -> None:
    """Of equally good models with errors of their own, over all looks, at most 5 in 100."""
    rng, trials, records = np.random.default_rng(4), 600, 1000
    gate = Probation(windows=windows)
    back = 0
    for _ in range(trials):
        losses = (rng.random((2, windows * records)) < 0.05).astype(float)
        back += any(
            gate.relapse(losses[0, : k * records], losses[1, : k * records])[1] > 0 for k in range(1, windows + 1)
        )
    assert back <= 43  # 5 % of 600 is 30; beyond 43 lies 0.01


def test_a_bad_promotion_is_rolled_back_almost_always() -> None:
    """Two points more errors, at 5 %, are noticed within five windows in 95 of 100 cases."""
    rng, gate = np.random.default_rng(5), Probation(windows=5)
    noticed = 0
    for _ in range(200):
        bad, good = (rng.random(5000) < 0.07).astype(float), (rng.random(5000) < 0.05).astype(float)
        noticed += any(gate.relapse(bad[: 1000 * k], good[: 1000 * k])[1] > 0 for k in range(1, 6))
    assert noticed >= 190


def test_the_former_champions_scores_are_in_the_ledger(play, tiny_lines) -> None:
    """During probation each window holds both models' scores, and without one only the champion's."""
    arm = "a:policy=periodic-4,train=last-1,gate=probation(none,windows=2)"
    played = play(tiny_lines(1200, 3, 600), arm)
    in_force = played.in_force("a")
    (first, _), *_ = played.events("a", "promoted")
    for window in (first + 1, first + 2):
        assert set(played.entries[window].scores) >= {"start", in_force[window]}
    assert set(played.entries[first].scores) == {"start"}
    back = played.events("a", "rolled back")
    assert all(in_force[window + 1] == event["model"] for window, event in back if window + 1 < len(in_force))


def test_a_probation_within_a_probation_is_refused() -> None:
    """It would say nothing more."""
    from online.arms import parse_arm

    with pytest.raises(UsageError, match="a probation within a probation says nothing more"):
        parse_arm("a:gate=probation(probation)")
    assert Probation().gate == NoGate()
