"""`predict` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.spark]

COMMAND = Path(sys.executable).with_name("driftduel")


def test_both_engines_write_the_same_rows(driftduel, synthetic: Path, tmp_path: Path) -> None:
    """The portable scorer and Spark's own pipeline give the same file, byte for byte, and count the same."""
    arguments = ("predict", synthetic / "stream.csv", "--model", synthetic / "model", "--json")
    twin = json.loads(driftduel(*arguments, "--out", tmp_path / "twin.csv"))
    spark = json.loads(driftduel(*arguments, "--out", tmp_path / "spark.csv", "--engine", "spark"))
    assert (tmp_path / "twin.csv").read_bytes() == (tmp_path / "spark.csv").read_bytes()
    assert (10_400, 0, None) == (twin["rows"], twin["dead"], twin["dead_letters"])
    assert twin["positives"] == spark["positives"]


def test_rows_that_are_no_records_show_in_the_exit_code(driftduel, synthetic: Path, tmp_path: Path) -> None:
    """What could be scored is written; the last line and the exit code say that something is missing."""
    lines = (synthetic / "stream.csv").read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join([*lines[:50], "not,a,record", *lines[50:60]]) + "\n")
    printed = driftduel(
        "predict", tmp_path / "some.csv", "--model", synthetic / "model", "--out", tmp_path / "out.csv", exit_code=1
    )
    assert f"1 rows are no records: {tmp_path}/out.csv.dead_letters.jsonl" in printed
    assert 60 == len((tmp_path / "out.csv").read_text().splitlines())
    assert 51 == json.loads((tmp_path / "out.csv.dead_letters.jsonl").read_text())["line"]


def test_memory_does_not_grow_with_the_file(synthetic: Path, tmp_path: Path) -> None:
    """Forty times the file takes at most 60 MB more (a block's worth of slack), and every row is scored."""
    header, *rows = (synthetic / "stream.csv").read_bytes().splitlines(keepends=True)
    peaks = []
    for times in (1, 40):
        path = tmp_path / f"{times}.csv"
        path.write_bytes(header + b"".join(rows) * times)
        script = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        command = [COMMAND, "predict", path, "--model", synthetic / "model", "--out", tmp_path / f"{times}.out.csv"]
        done = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) * (1 if sys.platform == "darwin" else 1024))
        assert 10_400 * times + 1 == (tmp_path / f"{times}.out.csv").read_bytes().count(b"\n")
    assert peaks[1] - peaks[0] < 60e6
