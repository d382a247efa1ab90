"""A short form of `make soak`: a duel among faults drawn at random, on real processes.

All of CI may take 40 minutes, so this takes about one. The form of five minutes is `make soak RECORDS=400000`, or
this test with DRIFTDUEL_SOAK_RECORDS=30000.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from soak import Sample, check_flat, report, soak, thirds

RECORDS = int(os.environ.get("DRIFTDUEL_SOAK_RECORDS", "4500"))


@pytest.mark.kafka
def test_among_faults_a_duel_ends_as_if_nothing_had_been(stream_files: Callable[[int], Path]) -> None:
    """The books balance, the run equals the one over the file, and memory and open files are flat."""
    folder = stream_files(RECORDS)
    files = {"model": folder / "model", "file": folder / "stream.csv", "dataset": folder / "tiny.toml"}
    soaked = soak(folder, **files, records=RECORDS, window=100, seed=3, rate=150, gap=2, idle=12)
    assert soaked.faults.total() >= 3
    assert soaked.outcome["finished"]
    assert soaked.outcome["books"]["scored"] == RECORDS
    report(soaked)
    codes = {code for ends in soaked.ends.values() for code in ends}
    assert codes <= {1, 130, 143, -2, -9, -15}, "a sentence, a signal; a signal before it could be heard"


@pytest.mark.parametrize(("memory", "files"), [(1.5, 0.0), (0.0, 0.5)])
def test_a_process_that_grows_is_not_flat(memory: float, files: float) -> None:
    """Neither one whose memory grows with each sample nor one that leaves files open."""
    check_flat(thirds([Sample(1, 100.0, 20)] * 90))
    with pytest.raises(AssertionError):
        check_flat(thirds([Sample(1, 100 + memory * turn, 20 + int(files * turn)) for turn in range(90)]))
