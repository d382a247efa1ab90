"""Costs: what many arms cost beside few, memory, and how long the loss matrix of 140 windows takes.

Figures of one machine, in one run. `python tests/evidence/costs.py` runs the long form; there is no other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from planted_streams import starting_model
from recovery import FULL

from online.baselines.computing import compute
from online.duel import Duel, Stream, run_duel
from online.training_sets.last import Last
from producer.recipe import Recipe
from producer.synthetic import write

WINDOWS, PROCESSES, TREES = 140, 2, 50
MANY_ARMS = Path(__file__).parents[1] / "bench_arms.py"


def many_arms() -> list[list[str]]:
    """The lines of `tests/bench_arms.py`: what, and how much."""
    done = subprocess.run([sys.executable, str(MANY_ARMS)], check=True, stdout=subprocess.PIPE, text=True)
    return [line.rsplit(": ", 1) for line in done.stdout.splitlines()]


def matrix_seconds() -> float:
    """How long the loss matrix of 140 windows of 1,000 records takes: 50 trees after each, on the last 20."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(Recipe(records=WINDOWS * 1000, seed=2), folder / "stream.csv")
        model = starting_model(replace(FULL, trees=TREES), folder)
        duel = Duel(model=model, stream=Stream(file=folder / "stream.csv"), arms=("static",))
        run_duel(duel, run=folder / "run")
        began = time.perf_counter()
        compute(folder / "run", training_sets=[Last(windows=20)], processes=PROCESSES)
        return time.perf_counter() - began


def main(full: bool) -> dict[str, Any]:
    """Measure, in the long form only: nothing of it is for a test to assert."""
    assert full, "figures of a machine have no short form"
    return {"matrix_seconds": matrix_seconds(), "windows": WINDOWS, "arms": many_arms() if MANY_ARMS.exists() else []}


if __name__ == "__main__":
    print(main(full=True))
