"""Every policy and detector in a real duel over a changing stream: they ask when they should, and can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from online.duel import DuelOutcome
from online.registry import build, kinds

CHANGE = 6
ARMS = {
    "always": "policy=always,train=last-3,gate=none",
    "periodic": "policy=periodic(4),train=last-3,gate=none",
    "random": "policy=random(0.5, seed=1),train=last-3,gate=none",
    "classical": "policy=threshold(accuracy, 0.8, cooldown=2),train=last-3,gate=none",
    "thrifty": "policy=budgeted(always, retrains=3),train=last-3,gate=none",
    "rowwise": "policy=budgeted(always, rows=700),train=last-1,gate=none",
    "costly": "policy=cost-aware(50),train=since-change",
    "drifting": "policy=drift,train=since-change",
    "adaptive": "policy=drift(adwin(0.01)),train=since-change",
    "ddm": "policy=drift(ddm),train=since-change",
    "blind": "policy=drift(ks),train=since-change",
    "capped": "policy=budgeted(drift, retrains=1),train=since-change",
}

Call = Callable[..., DuelOutcome]


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Call:
    """Runs all arms over 16 windows of 200 records, whose labels are swapped from window 6 on."""
    model = tiny_model(tmp_path / "model")
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(3200, seed=3, flip_from=CHANGE * 200))

    def call(run: str, **options: Any) -> DuelOutcome:
        arms = ["static", *(f"{name}:{spec}" for name, spec in ARMS.items())]
        return run_asked(run=tmp_path / run, model=model, file=file, window=200, arms=arms, seed=5, **options)

    return call


def events(run: Path) -> dict[str, list[dict[str, Any]]]:
    """The events of each arm, in order."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ARMS}
    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        found[event["arm"]].append(event)
    return found


def retrains(events: list[dict[str, Any]]) -> list[int]:
    """The windows after which an arm was retrained."""
    return sorted({event["window"] for event in events if event["event"] == "retrain"})


def test_each_policy_asks_when_it_should(duel: Call, tmp_path: Path) -> None:
    """Schedules keep to theirs, budgets to their limit, and what watches the errors answers the change."""
    duel("run")
    found = {name: retrains(happened) for name, happened in events(tmp_path / "run").items()}
    assert found["always"] == list(range(16))
    assert found["periodic"] == [3, 7, 11, 15]
    assert found["thrifty"] == [0, 1, 2]
    assert found["rowwise"] == [0, 1, 2]
    assert found["capped"] == [CHANGE]
    for watching in ("classical", "costly", "drifting", "adaptive"):
        assert found[watching][0] == CHANGE, watching
    assert found["blind"] == []  # swapped labels leave the features as they were


def test_resumed_in_mid_stream_they_do_the_same(duel: Call, tmp_path: Path) -> None:
    """What a policy or detector keeps is made again from the run."""
    duel("whole")
    duel("cut", max_windows=9)
    duel("cut")
    assert (tmp_path / "cut" / "events.jsonl").read_bytes() == (tmp_path / "whole" / "events.jsonl").read_bytes()


@pytest.mark.parametrize("words", [spec.partition(",train")[0].removeprefix("policy=") for spec in ARMS.values()])
def test_what_specifies_a_policy_is_plain_and_complete(words: str) -> None:
    """Saved as plain values and read again, it is the same policy with the same detector."""
    policy = build("policy", words)
    plain = json.loads(json.dumps(policy.model_dump(mode="json", exclude_none=True)))
    assert build("policy", plain) == policy


@pytest.mark.parametrize("kind", sorted(kinds("detector")))
def test_every_detector_fits_into_the_drift_policy(kind: str) -> None:
    """By its bare word, and from plain values."""
    policy = build("policy", f"drift({kind})")
    assert policy.detector == kinds("detector")[kind]()
    assert build("policy", policy.model_dump(mode="json")) == policy
