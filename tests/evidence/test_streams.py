"""The real streams: what is asked of them is valid, the short form of the control, and the sentences about them."""

from __future__ import annotations

from pathlib import Path

import pytest
import streams

from online.experiment import read_experiment

KINDS = {"never", "always", "periodic", "random", "threshold", "drift", "cost-aware", "budgeted"}
GATES = {"none", "shadow", "crossfit", "probation"}
SETS = {"last", "since-change", "static-last", "static-cumulative", "reservoir"}
NAMES = [stream.name for stream in streams.STREAMS]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_is_valid_and_whole(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each experiment has every policy, gate and training set that the table is to show, and one primary arm."""
    monkeypatch.setenv("DRIFTDUEL_DATA", "/data")
    file = tmp_path / "experiment.toml"
    file.write_text(streams.filled((streams.HERE / f"{name}.toml").read_text()))
    asked = read_experiment(file)
    assert {arm.policy.kind for arm in asked.arms} == KINDS
    assert {arm.gate.kind for arm in asked.arms} == GATES
    assert {chosen.kind for arm in asked.arms for chosen in arm.training_sets} == SETS
    assert sum(arm.by_record for arm in asked.arms) == 3
    assert asked.primary == ("dynamic",)
    assert asked.streams[0].file.name.startswith(("dns_exf", "dns_tunnels", "rest", "nslkdd"))


@pytest.mark.data
def test_on_the_control_only_the_classical_rule_retrains(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its first windows the default arm keeps quiet; the threshold fires on noise, and nothing is gained."""
    monkeypatch.setenv("DRIFTDUEL_DATA", str(data_dir))
    shown = streams.main(full=False)["streams"]["control"]
    rows = {row["arm"]: row for row in shown["table"]}
    assert shown["windows"] == streams.SHORT_WINDOWS
    assert (rows["dynamic"]["fits"], rows["dynamic"]["saved per 100"]) == (0, 0.0)
    assert rows["threshold"]["fits"] >= 3
    assert rows["threshold"]["low"] <= 0.0
