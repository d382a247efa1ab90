"""How many labels an arm used: all if its policy looks at them, else those that it was trained and judged on."""

from __future__ import annotations

import pytest

from analysis.measures.labels_used import labels_used
from online.arms import parse_arm

LABELLED = dict.fromkeys(range(10), 100)
RETRAIN = {"event": "retrain", "first_window": 2, "last_window": 4, "window": 4}
JUDGED = {"event": "rejected", "gain": 0.1, "window": 5}
UNSEEN = {"event": "promoted", "gain": None, "window": 7}


@pytest.mark.parametrize(
    "spec",
    [
        "dynamic",
        "a:policy=threshold,below=0.8",
        "a:policy=budgeted(drift,retrains=3)",
        "a:learner=river(logistic-regression)",
    ],
)
def test_who_looks_at_labels_uses_all(spec: str) -> None:
    """Whether or not it ever retrained."""
    assert labels_used(parse_arm(spec), [], LABELLED) == 1000


@pytest.mark.parametrize("spec", ["a:policy=periodic(5)", "a:policy=drift(ks)", "a:policy=budgeted(always,retrains=3)"])
def test_who_does_not_uses_those_it_trained_and_was_judged_on(spec: str) -> None:
    """Each window counts once; a promotion without a gate needs no label."""
    arm = parse_arm(spec)
    assert labels_used(arm, [], LABELLED) == 0
    assert labels_used(arm, [RETRAIN, RETRAIN, JUDGED, UNSEEN], LABELLED) == 400
    assert labels_used(arm, [{**RETRAIN, "first_window": None, "last_window": None}], LABELLED) == 0


def test_static_uses_none() -> None:
    """It learns nothing."""
    assert labels_used(parse_arm("static"), [], LABELLED) == 0
