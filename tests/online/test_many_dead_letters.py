"""A million dead letters: they are counted, kept and shown, and never all in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import resource, sys
from pathlib import Path
from online.arms import STATIC
from online.duel import Duel, Stream, run_duel
from online.dead_letters import count_reasons, json_line, read_letters

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

folder = Path(sys.argv[1])
run = folder / "run"

def evaluate(window, most=None):
    stream = Stream(file=folder / "bad.csv")
    duel = Duel(model=folder / "model", stream=stream, arms=(STATIC,), window=window, max_windows=most)
    return run_duel(duel, run=run)
"""


def peak_of(folder: Path, script: str) -> list[int]:
    """What a process prints that runs these lines after `START`."""
    done = subprocess.run(
        [sys.executable, "-c", START + script, str(folder)], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


@pytest.fixture
def folder(tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Path:
    """A folder with a model."""
    tiny_model(tmp_path / "model")
    return tmp_path


def fill(folder: Path, letters: int) -> None:
    """Write bad.csv: so many lines that are no records, each another one."""
    with (folder / "bad.csv").open("wb") as file:
        file.write(b"a,b,word,y\n" + b"1,2.0,word,attack\n")
        file.writelines(b"%d,x\n" % number for number in range(letters))


def test_a_million_dead_letters_take_no_memory(folder: Path) -> None:
    """A run's memory doesn't grow from its tenth window of ten thousand letters to its hundredth, books and all."""
    fill(folder, 1_000_000)
    script = """
evaluate(10_000, most=10)
before = most()
books = evaluate(10_000).books
print(most() - before, books.scored, books.dead)
"""
    grown, scored, dead = peak_of(folder, script)
    assert (1, 1_000_000) == (scored, dead)
    assert grown < 40, f"{grown} MB"
    with (folder / "run/dead_letters.jsonl").open("rb") as file:
        assert 1_000_000 == sum(1 for _ in file)


def test_dead_letters_are_read_window_by_window(folder: Path) -> None:
    """Showing, counting, exporting and reporting a hundred thousand of them takes what a thousandth of them takes."""
    fill(folder, 100_000)
    script = """
from analysis.report_quality import examples_table, reasons_table
from analysis.runs import read_run

evaluate(1_000)
next(read_letters(run))
before = most()
print(count_reasons(read_letters(run), ("a", "b", "word", "y")).total())
print(sum(1 for line in map(json_line, read_letters(run))))
print(most() - before)
held = read_run(run)
print(len(held.dead_letters), len(reasons_table(held.dead_letters).rows), len(examples_table(held.dead_letters).rows))
print(most() - before, len(held.missing))
"""
    counted, exported, grown, reported, reasons, examples, more, missing = peak_of(folder, script)
    assert (100_000, 100_000, 100_000, 1, 5, 0) == (counted, exported, reported, reasons, examples, missing)
    assert grown < 16, f"{grown} MB"
    assert more < 64, f"{more} MB"
