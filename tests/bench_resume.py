"""What resuming costs: a run of 268 windows and 12 arms, and the same command again. Reported, never asserted.

`make bench` runs it. It is asked again when the run is finished, and when its last window is missing, as if it had been
killed before that one: then what counts is the time until that window is worked on. All are CPU and wall time of a
process of its own, start included; the ratios are within one run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

WINDOWS = 268
DRIFTDUEL = Path(sys.executable).with_name("driftduel")
QUICK = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1)
ARMS = (
    "static",
    "dynamic",
    "always:policy=always,train=last-1,gate=none",
    "shadowed:policy=always,train=last-5",
    "weekly:policy=periodic(7),train=last-5,gate=none",
    "folds:policy=periodic(10),train=last-2,gate=crossfit",
    "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none",
    "by-chance:policy=random(0.1),train=last-5,gate=none",
    "frugal:policy=budgeted(periodic(5),retrains=20),train=last-20,gate=none",
    "ddm:policy=drift(ddm)",
    "psi:policy=drift(psi)",
    "probation:policy=periodic(6),train=last-5,gate=probation(windows=2)",
)
CHILD = """
import resource, sys, time
from pathlib import Path

began = time.perf_counter()
from online.duel import Duel, Stream, run_duel
from online.learners.batch import ScikitLearn
from online.run import Run

def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime

new, note = [], Run.note

def noted(*arguments):  # called with each new window, before it is worked on
    new.append(spent())
    return note(*arguments)

Run.note = noted
fits, fit = [], ScikitLearn.fit

def counted(*arguments, **options):
    started = time.perf_counter()
    try:
        return fit(*arguments, **options)
    finally:
        fits.append(time.perf_counter() - started)

ScikitLearn.fit = counted
model, file, run, size, *arms = sys.argv[1:]
duel = Duel(model=Path(model), stream=Stream(file=Path(file)), window=int(size), arms=arms)
run_duel(duel, run=Path(run))
print(*spent(), len(fits), sum(fits), *(new[0] if new else spent()))
"""


def main(windows: int = WINDOWS, size: int = 1000) -> None:
    """Run the duel over so many windows of so many records, and twice again; print the times and their shares."""
    records = windows * size
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generated = ("generate", "dns-exfil", "--records")
        run(*generated, 10_000, "--seed", 1, "--out", folder / "static.csv")
        drift = ("--drift", f"encoding@{records // 2}")
        run(*generated, records, "--seed", 3, *drift, "--out", folder / "stream.csv")
        run("train", folder / "static.csv", "--dataset", "dns-exfil", "--out", folder / "model", *QUICK)
        wall, cpu, fits, fitting, *_ = duel(folder, size)
        print(f"{windows} windows, {len(ARMS)} arms: {wall:.1f} s, of these {fitting:.1f} s in {fits:.0f} fits")
        again, spent, none, *_ = duel(folder, size)
        print(f"again: {again:.1f} s, {none:.0f} fits; {shares(again / wall, spent / cpu)}")
        (folder / "run" / "segments" / f"{windows - 1:06d}.arrow").unlink()
        *_, again, spent = duel(folder, size)
        print(f"killed at its last window, until that is begun: {again:.1f} s; {shares(again / wall, spent / cpu)}")


def shares(wall: float, cpu: float) -> str:
    """In words."""
    return f"{wall:.1%} of its time, {cpu:.1%} of its CPU time"


def duel(folder: Path, size: int) -> tuple[float, ...]:
    """One duel in a process of its own: wall and CPU seconds, fits, their seconds, both times until a new window."""
    command = [sys.executable, "-c", CHILD, folder / "model", folder / "stream.csv", folder / "run", size, *ARMS]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return tuple(map(float, done.stdout.split()))


def run(*arguments: object) -> None:
    """One console command, quietly."""
    subprocess.run([DRIFTDUEL, *map(str, arguments)], check=True, capture_output=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
