"""The short form of `make soak`: a duel among faults drawn at random, on real processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECORDS = int(os.environ.get("DRIFTDUEL_SOAK_RECORDS", "4500"))


@pytest.mark.kafka
def test_among_faults_a_duel_ends_as_if_nothing_had_been(soak: Any, stream_files: Callable[[int], Path]) -> None:
    """The books balance, the run equals the one over the file, and no file stays open."""
    folder = stream_files(RECORDS)
    files = {"model": folder / "model", "file": folder / "stream.csv", "dataset": folder / "tiny.toml"}
    soaked = soak.soak(folder, **files, window=100, seed=3, rate=300, gap=3, idle=10)
    assert soaked.faults.total() >= 3
    assert soaked.outcome["finished"]
    assert soaked.outcome["books"]["scored"] == RECORDS
    assert max(soaked.files) < 100
    codes = {code for ends in soaked.ends.values() for code in ends}
    assert codes <= {1, 143, -9, -15}, "a sentence, a termination, a kill; a termination before it could be heard"
