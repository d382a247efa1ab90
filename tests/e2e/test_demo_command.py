"""The demo as a new user meets it: from an empty folder to table, plots and verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.spark]


def test_the_demo_runs_from_an_empty_folder(driftduel, tmp_path: Path) -> None:
    """The whole duel: both planted drifts are found, the dynamic arm is better, everything lies where it says."""
    printed = driftduel("demo", cwd=tmp_path)
    run = tmp_path / "demo" / "run"
    truth = json.loads((run / "truth.json").read_text())
    assert [(drift["kind"], drift["shape"]) for drift in truth["drifts"]] == [
        ("encoding", "abrupt"),
        ("mix", "gradual"),
    ]
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    alarms = [event["window"] for event in events if event["event"] == "drift"]
    abrupt, gradual = ((drift["start"] // 1000, drift["end"] // 1000) for drift in truth["drifts"])
    assert [window for window in alarms if window < abrupt[0]] == []
    assert any(abrupt[0] <= window <= abrupt[0] + 2 for window in alarms)
    assert any(gradual[0] <= window <= gradual[1] + 5 for window in alarms)
    summary = json.loads((run / "summary.json").read_text())
    assert summary["windows"] == 100
    assert summary["comparisons"]["dynamic"]["finding"] == "better"
    assert "fewer than 'static'" in printed
    for figure in ("accuracy", "f1"):
        assert (run / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
        assert str(Path("demo") / "run" / "figures" / f"{figure}.png") in printed
