"""A long duel among faults drawn at random, and whether it ends as if nothing had been. `make soak` runs it.

A replayer fills a topic of three partitions on three brokers that replicate it, an evaluator follows it. Every few
seconds one of them is killed, told to end or stopped for a while, or the leader of a partition is killed, stopped,
paused or moved, or all brokers die, or the disk is full, or a file of the run is damaged. What has ended is started
again, once what it asked for was done. The next fault is drawn among those that came least often. At the end the
books must balance, and the run must equal an undisturbed one over the file.

While the middle half of the stream goes by, nothing is done that ends a process; so there is one evaluator and one
replayer that live that long. Their memory and open files are printed, and must be flat.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil
from cluster import Cluster
from contents import content_from_any_source
from faults import DRIFTDUEL, Command, Disk, Scene

from producer.topic import ensure_topic

QUICK = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1)
RECORDS, RATE, GAP, IDLE = 2_000_000, 4_000, 5.0, 60
PARTITIONS, SAMPLE_SECONDS, CALM = 3, 0.5, (0.25, 0.75)
SLACK_MB, SLACK_FILES = 32, 8
"""How much more a process may hold in the last third of its life than in the second, and still count as flat: fetched
messages vary, and brokers that come back are connected to again.
"""


@dataclass(frozen=True)
class Sample:
    """A process at one moment: its memory (MB) and its open files."""

    pid: int
    memory: float
    files: int


@dataclass
class Soaked:
    """What happened: faults by name, ends by exit code, damage mended, the outcome, and samples of each command."""

    faults: Counter[str] = field(default_factory=Counter)
    ends: dict[str, dict[int, int]] = field(default_factory=dict)
    mended: int = 0
    outcome: dict = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    seconds: float = 0.0

    def longest_life(self, name: str) -> list[Sample]:
        """The samples of that process of a command which was there longest."""
        lives: dict[int, list[Sample]] = {}
        for sample in self.samples[name]:
            lives.setdefault(sample.pid, []).append(sample)
        return max(lives.values(), key=len)


def soak(
    folder: Path,
    *,
    model: Path,
    file: Path,
    dataset: object,
    records: int,
    window: int = 1000,
    seed: int = 0,
    rate: float = RATE,
    gap: float = GAP,
    idle: float = IDLE,
) -> Soaked:
    """Let a duel go on among faults until it is finished, and compare it with an undisturbed one."""
    plain = ("evaluate", "--model", model, "--window", window)
    subprocess.run([*DRIFTDUEL, *map(str, (*plain, "--file", file, "--run", folder / "whole"))], check=True)
    soaked, began = Soaked(), time.monotonic()
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(folder / "brokers", size=3))
        disk = Disk(folder / "disk")
        stack.callback(disk.end)
        topic = ("--topic", "soaked", "--bootstrap", cluster.address)
        follow = ("--follow", "--idle-timeout", idle, "--run", disk.path / "run", "--json")
        replay = ("produce", file, "--dataset", dataset, "--rate", rate)
        ensure_topic(cluster.address, "soaked", partitions=PARTITIONS)
        commands = {"replayer": Command(folder / "replay.log", *replay, *topic)}
        stack.callback(commands["replayer"].end)
        commands["evaluator"] = Command(folder / "evaluate.log", *plain, *topic, *follow)
        stack.callback(commands["evaluator"].end)
        scene = Scene(cluster, "soaked", PARTITIONS, disk, disk.path / "run", commands, random.Random(seed))
        with sampled(scene, soaked):
            disturb(scene, soaked, windows=-(-records // window), gap=gap)
        soaked.outcome = json.loads(commands["evaluator"].process.communicate()[0])
        soaked.ends = {name: dict(command.ends) for name, command in commands.items()}
        soaked.mended = sum(command.mended for command in commands.values())
        soaked.seconds = time.monotonic() - began
        assert content_from_any_source(scene.run) == content_from_any_source(folder / "whole"), (
            "the run differs from the undisturbed one"
        )
    assert "Traceback" not in "".join(command.log.read_text() for command in commands.values())
    books = soaked.outcome["books"]
    assert books["numbers"] == sum(books[name] for name in ("scored", "dead", "set_aside", "missing")), books
    assert (books["missing"], books["doubles"]) == (0, 0), books
    return soaked


def disturb(scene: Scene, soaked: Soaked, *, windows: int, gap: float) -> None:
    """Draw faults until all commands have ended well; none before the run has got on by a hundredth since the last."""
    due, held, step = time.monotonic() + gap, 0, max(1, windows // 100)
    while sum(command.look() for command in scene.commands.values()) < len(scene.commands):  # all are looked at
        if time.monotonic() > due and (now := committed(scene.run)) >= held + step:
            faults = scene.enduring() if CALM[0] <= now / windows < CALM[1] else scene.enduring() | scene.ending()
            least = min(soaked.faults[name] for name in faults)  # so that each has its turn
            name = scene.rng.choice([name for name in sorted(faults) if soaked.faults[name] == least])
            faults[name]()
            soaked.faults[name] += 1
            due, held = time.monotonic() + gap * scene.rng.uniform(0.5, 1.5), committed(scene.run)
        time.sleep(0.1)


@contextmanager
def sampled(scene: Scene, soaked: Soaked) -> Iterator[None]:
    """Meanwhile, look at the memory and the open files of each command."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            for name, command in scene.commands.items():
                with suppress(psutil.Error):
                    process = psutil.Process(command.process.pid)
                    held = process.memory_info().rss / 2**20, process.num_fds()
                    soaked.samples.setdefault(name, []).append(Sample(process.pid, *held))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def committed(run: Path) -> int:
    """How many windows a run holds."""
    return len(list(run.glob("segments/*.arrow")))


def thirds(samples: Sequence[Sample]) -> list[tuple[float, int]]:
    """The most memory (MB) and open files in each third of these samples."""
    cuts = [len(samples) * third // 3 for third in range(4)]
    parts = [samples[low:high] for low, high in pairwise(cuts)]
    return [(max(s.memory for s in part), max(s.files for s in part)) for part in parts]


def check_flat(held: Sequence[tuple[float, int]]) -> None:
    """Assert that what is held in the last third isn't much more than in the second."""
    (_, _), (memory, files), (last_memory, last_files) = held
    assert last_memory <= memory + SLACK_MB, held
    assert last_files <= files + SLACK_FILES, held


def said(held: Sequence[tuple[float, int]]) -> str:
    """Thirds, in words."""
    memory, files = (", ".join(f"{value:,.0f}" for value in values) for values in zip(*held, strict=True))
    return f"memory {memory} MB; open files {files}"


def prepare(folder: Path, records: int) -> dict[str, object]:
    """A stream with a change in the middle, and a model of what was before; as `soak` takes them."""
    generated = ("generate", "dns-exfil", "--records")
    drift = ("--drift", f"encoding@{records // 2}")
    for call in (
        (*generated, 10_000, "--seed", 1, "--out", folder / "static.csv"),
        (*generated, records, "--seed", 2, *drift, "--out", folder / "stream.csv"),
        ("train", folder / "static.csv", "--dataset", "dns-exfil", "--out", folder / "model", *QUICK),
    ):
        subprocess.run([*DRIFTDUEL, *map(str, call)], check=True, stdout=subprocess.DEVNULL)
    return {"model": folder / "model", "file": folder / "stream.csv", "dataset": "dns-exfil", "records": records}


def report(soaked: Soaked) -> None:
    """Print what happened, and assert that what is held is flat."""
    print(f"{soaked.faults.total()} faults in {soaked.seconds / 60:.0f} minutes:")
    print("  " + ", ".join(f"{name} {times}" for name, times in sorted(soaked.faults.items())))
    print("ends by exit code:", soaked.ends, f"and {soaked.mended} damaged files were deleted as the message said")
    print("books:", soaked.outcome["books"])
    print("the run equals the undisturbed one over the file, byte for byte")
    for name in soaked.samples:
        life = soaked.longest_life(name)
        print(
            f"{name}, most in each third of its longest life ({len(life) * SAMPLE_SECONDS:.0f} s): {said(thirds(life))}"
        )
        print(f"{name}, most in each third of the whole, over all lives: {said(thirds(soaked.samples[name]))}")
    for name in soaked.samples:
        check_flat(thirds(soaked.longest_life(name)))


def main(records: int = RECORDS, seed: int = 0) -> None:
    """Soak a stream of so many records, and print what happened."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        soaked = soak(folder, **prepare(folder, records), seed=seed)
    print(f"{records:,} records, seed {seed}")
    report(soaked)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
