"""`explore` as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.spark]


def test_an_exploration_from_the_shell(driftduel, tmp_path: Path) -> None:
    """Synthetic telemetry with dirt, gaps and kinds is explored by a Hadoop URI and by a path; both find the same."""
    driftduel("generate", "linux-process", "--records", 1500, "--seed", 3, "--out", tmp_path / "p.csv")
    options = ("--dataset", "linux-process", "--json")
    local = json.loads(driftduel("explore", tmp_path / "p.csv", *options, "--out", tmp_path / "local"))
    remote = json.loads(driftduel("explore", (tmp_path / "p.csv").as_uri(), *options, "--out", tmp_path / "remote"))
    assert {**local, "page": ""} == {**remote, "page": ""}
    assert 1500 == sum(row["count"] for row in local["classes"])
    assert (1500, "normal") == (sum(row["count"] for row in local["kinds"]), local["kinds"][0]["kind"])
    assert "with PID (an id: " in " ".join(row["features"] for row in local["ceiling"])
    assert (tmp_path / "local" / "index.html").read_bytes() == (tmp_path / "remote" / "index.html").read_bytes()
    printed = driftduel("explore", tmp_path / "p.csv", *options, "--out", tmp_path / "local", exit_code=2)
    assert "holds an exploration already; name another one, or replace it with --force" in printed


def test_nothing_can_be_written(driftduel, tmp_path: Path) -> None:
    """A place where no directory can be made is wrong usage, said at once."""
    shutil.copy(__file__, tmp_path / "file")
    printed = driftduel(
        *("explore", tmp_path / "none.csv", "--dataset", "dns-exfil", "--out", tmp_path / "file" / "x"), exit_code=2
    )
    assert "can't be made" in printed
