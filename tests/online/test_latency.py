"""Training latency: a model is ready so many windows after its training began, and predicts from the next one on."""

from __future__ import annotations

from typing import Any

import pytest

from online.gates.crossfit import Crossfit
from online.gates.none import NoGate
from online.gates.shadow import Shadow
from online.training_sets.last import Last

LAST = (Last(windows=1),)


def better_when_trained_later(model: str, window: int) -> range:
    """The starting model makes 300 errors, one trained after window k makes 200 - 10 k."""
    return range(300) if model == "start" else range(200 - 10 * int(model.split()[0].split("-")[1]))


@pytest.fixture
def memo(scripted: Any) -> Any:
    """A memo whose later models are better."""
    return scripted.ScriptedMemo(better_when_trained_later)


@pytest.mark.parametrize("latency", [0, 1, 4])
@pytest.mark.parametrize("late", [0, 2])
def test_without_a_gate_it_predicts_from_the_window_after_it_is_ready(scripted, memo, latency: int, late: int) -> None:
    """Trained at the end of k, first in force in k + n + 1, however late labels are."""
    found = scripted.scene([3], memo, windows=12, late=late, training_sets=LAST, gate=NoGate(), latency=latency)
    first = 3 + late + latency + 1
    assert found.predicting == [("start",)] * first + [("3-3",)] * (12 - first)
    assert found.having("retrain") == [(3 + late, "3-3")]
    assert found.having("promoted") == [(first - 1, "3-3")]


@pytest.mark.parametrize("latency", [0, 1, 4])
@pytest.mark.parametrize("late", [0, 2])
def test_with_a_shadow_gate_its_trial_begins_then(scripted, memo, latency: int, late: int) -> None:
    """It predicts beside the champion from k + n + 1 on until that window's labels are known, then alone."""
    found = scripted.scene([3], memo, windows=14, late=late, training_sets=LAST, gate=Shadow(), latency=latency)
    first = 3 + late + latency + 1
    judged = first + late
    expected = [("start",)] * first + [("start", "3-3")] * (late + 1) + [("3-3",)] * (13 - judged)
    assert found.predicting == expected
    assert found.having("promoted") == [(judged, "3-3")]
    assert [s.outcome.window for s in found.policy.shown if s.judged] == [first]


@pytest.mark.parametrize("latency", [0, 3])
def test_with_folds_it_is_judged_at_once_and_in_force_when_ready(scripted, memo, latency: int) -> None:
    """The judgement's numbers are those of the window of training; the event comes with the promotion."""
    found = scripted.scene([3], memo, windows=10, training_sets=LAST, gate=Crossfit(), latency=latency)
    first = 3 + latency + 1
    assert found.predicting == [("start",)] * first + [("3-3",)] * (10 - first)
    assert found.having("promoted", "gain") == [(first - 1, pytest.approx(0.3 - 0.17))]


def test_several_trainings_are_under_way_at_once(scripted, memo) -> None:
    """One begun in each of three windows: each becomes ready in its turn, and replaces the one before it."""
    found = scripted.scene([2, 3, 4], memo, windows=11, training_sets=LAST, gate=NoGate(), latency=3)
    in_force = [models[0] for models in found.predicting]
    assert in_force == ["start"] * 6 + ["2-2", "3-3"] + ["4-4"] * 3


def test_several_trials_are_under_way_at_once(scripted, memo) -> None:
    """With labels two windows late, three challengers predict side by side; each is judged against the champion."""
    found = scripted.scene([2, 3, 4], memo, windows=11, late=2, training_sets=LAST, gate=Shadow(), latency=1)
    assert found.predicting[6:11] == [
        ("start", "2-2"),
        ("start", "2-2", "3-3"),
        ("start", "2-2", "3-3", "4-4"),
        ("2-2", "3-3", "4-4"),
        ("3-3", "4-4"),
    ]
    assert found.having("promoted", "gain")[:3] == [
        (8, pytest.approx(0.3 - 0.18)),
        (9, pytest.approx(0.18 - 0.17)),
        (10, pytest.approx(0.17 - 0.16)),
    ]


def test_late_labels_show_what_a_former_champion_did_as_stale(scripted, memo) -> None:
    """The windows still to be revealed when a model is promoted are as the former one predicted them, and stale."""
    found = scripted.scene([3], memo, windows=12, late=3, training_sets=LAST, gate=NoGate())
    shown = [(s.outcome.window, int(s.outcome.losses.sum()), s.stale) for s in found.policy.shown]
    assert shown[3:] == [
        (3, 300, False),
        (4, 300, True),
        (5, 300, True),
        (6, 300, True),
        (7, 170, False),
        (8, 170, False),
    ]


def test_the_policy_is_told_the_verdict_once(scripted, memo) -> None:
    """With the first labelled window after it, however long the training took."""
    for latency in (0, 2):
        for gate in (NoGate(), Shadow(), Crossfit()):
            found = scripted.scene([3], memo, windows=10, training_sets=LAST, gate=gate, latency=latency)
            shown = [(s.outcome.window, s.judged, s.stale) for s in found.policy.shown if s.judged is not None]
            assert shown == [(4 + latency, True, False)]


def test_everything_paid_is_shown(scripted, memo) -> None:
    """Fits and rows of folds and of rejected challengers are charged from the window of their training on."""
    found = scripted.scene([2, 4], memo, windows=7, training_sets=(Last(windows=2), Last(windows=1)), gate=Crossfit())
    spent = [(s.spent.fits, s.spent.rows) for s in found.policy.shown]
    assert spent == [(0, 0)] * 3 + [(6, 9000)] * 2 + [(12, 18000)] * 2
