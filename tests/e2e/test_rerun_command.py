"""Rerun and report of several runs from the command line, outside the checkout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.spark]


def test_a_run_is_repeated_and_tampering_found(driftduel, synthetic: Path, tmp_path: Path) -> None:
    """From another folder, with exit code 0; a changed table ends in exit code 1 and names what differs."""
    run = tmp_path / "run"
    evaluate = ("evaluate", "--model", "model", "--file", "stream.csv", "--run", run, "--window", 200)
    driftduel(*evaluate, cwd=synthetic)
    printed = driftduel("rerun", run, cwd=tmp_path)
    assert f"{run} came out the same: 52 windows of 10,400 sequence numbers" in printed
    shutil.copytree(run, tmp_path / "other")
    table = tmp_path / "other/windows.csv"
    table.write_text(table.read_text().replace("\n5,static,1000,", "\n5,static,1001,"))
    found = driftduel("rerun", tmp_path / "other", "--out", tmp_path / "again", exit_code=1)
    assert "did NOT come out the same. The first difference is in window 5, arm 'static'." in found
    assert (tmp_path / "again/manifest.json").is_file()


def test_two_seeds_are_compared(driftduel, synthetic: Path, tmp_path: Path) -> None:
    """Each is reported, and together they claim nothing yet."""
    evaluate = ("evaluate", "--model", synthetic / "model", "--file", synthetic / "stream.csv", "--max-windows", 8)
    for seed in (1, 2):
        driftduel(*evaluate, "--run", tmp_path / f"seed-{seed}", "--seed", seed)
    command = ("report", tmp_path / "seed-1", tmp_path / "seed-2", "--out", tmp_path / "both", "--latex", "--json")
    found = json.loads(driftduel(*command))
    assert {"seed-1": "it isn't finished", "seed-2": "it isn't finished"} == found["apart"]
    assert (tmp_path / "both/runs/seed-2/report.html").is_file()
    assert "\\toprule" in (tmp_path / "both/table.tex").read_text()
