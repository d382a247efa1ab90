"""What many arms cost: ratios of CPU time within one run of this, and memory. Reported, never asserted.

`make bench` runs it. Ten arms come to a model of their own each; forty come to the same ten by four ways that share
their fits. The CPU time of the fits is left out on both sides.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

RECORDS, LONG = 60_000, 268_000
ROUNDS = 3
QUICK = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1)
DRIFTDUEL = Path(sys.executable).with_name("driftduel")
WAYS = (
    "policy=budgeted(periodic({k}),retrains=1),train=last-1,gate=none",
    "policy=budgeted(periodic({k}),rows=1000),train=last-1,gate=none",
    "policy=budgeted(periodic({k}),retrains=1),train=last-1,gate=probation(windows=2)",
    "policy=budgeted(periodic({k}),retrains=1),train=last-1+last-2,gate=none",
)
CHILD = """
import resource, sys, time
from pathlib import Path
from online.duel import Duel, Stream, run_duel
from online.learners.batch import ScikitLearn

fit, fitting = ScikitLearn.fit, []

def timed(*arguments, **options):
    began = time.process_time()
    try:
        return fit(*arguments, **options)
    finally:
        fitting.append(time.process_time() - began)

ScikitLearn.fit = timed
model, file, run, *arms = sys.argv[1:]
began = time.process_time()
run_duel(Duel(model=Path(model), stream=Stream(file=Path(file)), arms=arms), run=Path(run))
spent = time.process_time() - began - sum(fitting)
print(spent, len(fitting), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    """Measure everything in a temporary folder and print one line per figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs(folder)
        ten, forty = arms(1), arms(len(WAYS))
        ratios, new = [], []
        for number in range(ROUNDS):
            few, fits, _ = duel(folder, f"few{number}", ten)
            many, shared, _ = duel(folder, f"many{number}", forty)
            again, none, _ = duel(folder, f"few{number}", [*ten, forty[-1].replace(":", "-new:", 1)])
            assert (fits, shared, none) == (10, 10, 0), "forty arms come to the ten models"
            ratios.append(many / few)
            new.append(again / few)
        shown("forty arms over ten models, to the ten models alone", ratios)
        shown("a new arm on the finished run of ten, to that run", new)
        _, _, memory = duel(folder, "long", forty, file="long.csv")
        print(f"forty arms over {LONG // 1000} windows: {memory:,.0f} MB at most")


def inputs(folder: Path) -> None:
    """A model, and two streams: one change half-way."""
    for name, records, seed in (("static.csv", 10_000, 1), ("stream.csv", RECORDS, 2), ("long.csv", LONG, 3)):
        drift = ("--drift", f"encoding@{records // 2}") if seed > 1 else ()
        run("generate", "dns-exfil", "--records", records, "--seed", seed, *drift, "--out", folder / name)
    run("train", folder / "static.csv", "--dataset", "dns-exfil", "--out", folder / "model", *QUICK)


def arms(ways: int) -> list[str]:
    """Ten arms for each of so many ways; the ten first train after windows 2 to 11."""
    return [f"a{k}-{way}:{WAYS[way].format(k=k)}" for way in range(ways) for k in range(2, 12)]


def duel(folder: Path, name: str, specs: Sequence[str], *, file: str = "stream.csv") -> tuple[float, int, float]:
    """CPU seconds without those of fits, fits made, and MB at most, of one duel in a process of its own."""
    command = [sys.executable, "-c", CHILD, folder / "model", folder / file, folder / name, *specs]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    spent, fits, memory = done.stdout.split()
    return float(spent), int(fits), float(memory)


def run(*arguments: object) -> None:
    """One console command, quietly."""
    subprocess.run([DRIFTDUEL, *map(str, arguments)], check=True, capture_output=True)


def shown(what: str, ratios: Sequence[float]) -> None:
    """One line: the median ratio and its range."""
    print(f"{what}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
