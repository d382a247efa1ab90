"""A long duel among faults drawn at random, and whether it ends as if nothing had been. `make soak` runs it.

A replayer fills a topic, an evaluator follows it; every few seconds one of them or the broker is killed, stopped for a
while or told to end, or the disk is full. What has ended is started again. At the end the books must balance, and the
run must equal an undisturbed one over the file. Memory and open files of the evaluator are printed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from producer.node import free_port

DRIFTDUEL = (sys.executable, "-m", "driftduel")
OUTSIDE = {"positions.jsonl", "timings.jsonl", ".lock", "manifest.json", "experiment.toml"}
QUICK = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1)
RECORDS, RATE, GAP, IDLE = 2_000_000, 5_000, 8.0, 20


class Broker:
    """An embedded broker as a process of its own, at a port that stays the same."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self._state = data / "broker" / "broker.json"
        self.address = f"127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it, on the data that are there."""
        command = (*DRIFTDUEL, "broker", "run", "--port", str(self.port), "--data", str(self.data))
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self._state.exists():  # it says that the broker answers
            assert self._process.poll() is None
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill -9 the process that the JVM dies with."""
        os.kill(int(json.loads(self._state.read_text())["pid"]), signal.SIGKILL)
        self._process.wait()
        self._state.unlink(missing_ok=True)

    def pause(self, seconds: float) -> None:
        """Stop the JVM for so long."""
        guard = psutil.Process(int(json.loads(self._state.read_text())["pid"]))
        pause(guard.children()[0].pid, seconds)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


class Command:
    """A command that is started again as long as it hasn't ended well."""

    def __init__(self, log: Path, *arguments: object) -> None:
        self._command = [*DRIFTDUEL, *map(str, arguments)]
        self.log = log
        self.ends: Counter[int] = Counter()
        self._start()

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log)

    def look(self) -> bool:
        """Whether it has ended well; started again if it has ended otherwise."""
        code = self.process.poll()
        if code:
            self.ends[code] += 1
            self.process.communicate()
            self._start()
        return code == 0


class Disk:
    """A file system of its own, where one can be mounted."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path
        command = ("mount", "-t", "tmpfs", "-o", "size=4g", "tmpfs", str(path))
        self.mounted = not subprocess.run(command, capture_output=True, check=False).returncode

    def fill(self, seconds: float) -> None:
        """Leave no room for so long."""
        size = os.statvfs(self.path)
        used = (size.f_blocks - size.f_bfree) * size.f_frsize
        self._resize(f"{used // 1024 + 4}k")
        time.sleep(seconds)
        self._resize("4g")

    def _resize(self, size: str) -> None:
        subprocess.run(("mount", "-o", f"remount,size={size}", self.path), check=True)

    def close(self) -> None:
        """Unmount it."""
        if self.mounted:
            subprocess.run(("umount", "--lazy", self.path), check=True)


@dataclass
class Soaked:
    """What happened: faults by name, ends by exit code, the outcome, and the evaluator's memory (MB) and open files."""

    faults: Counter[str] = field(default_factory=Counter)
    ends: dict[str, dict[int, int]] = field(default_factory=dict)
    outcome: dict = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def soak(
    folder: Path,
    *,
    model: Path,
    file: Path,
    dataset: object,
    window: int = 1000,
    seed: int = 0,
    rate: float = RATE,
    gap: float = GAP,
    idle: float = IDLE,
) -> Soaked:
    """Let a duel go on among faults until it is finished, and compare it with an undisturbed one."""
    rng, soaked = random.Random(seed), Soaked()
    plain = ("evaluate", "--model", model, "--window", window)
    subprocess.run([*DRIFTDUEL, *map(str, (*plain, "--file", file, "--run", folder / "whole"))], check=True)
    disk, broker = Disk(folder / "disk"), Broker(folder / "data")
    topic = ("--topic", "soaked", "--bootstrap", broker.address)
    follow = ("--follow", "--idle-timeout", idle, "--run", disk.path / "run", "--json")
    replay = ("produce", file, "--dataset", dataset, "--partitions", 3, "--rate", rate)
    commands = [Command(folder / "replay.log", *replay, *topic)]
    time.sleep(1)
    commands.append(Command(folder / "evaluate.log", *plain, *topic, *follow))
    faults, due = faults_of(*commands, broker, disk, rng), time.monotonic() + gap
    try:
        while sum(command.look() for command in commands) < len(commands):  # all are looked at
            measure(commands[1].process.pid, soaked)
            if time.monotonic() > due:
                name = rng.choice(sorted(faults))
                soaked.faults[name] += 1
                faults[name]()
                due = time.monotonic() + gap * rng.uniform(0.5, 1.5)
            time.sleep(0.1)
        soaked.outcome = json.loads(commands[1].process.communicate()[0])
        soaked.ends = {command.log.stem: dict(command.ends) for command in commands}
        assert content(disk.path / "run") == content(folder / "whole"), "the run differs from the undisturbed one"
    finally:
        for command in commands:
            command.process.kill()
            command.process.wait()
        broker.stop()
        disk.close()
    books = soaked.outcome["books"]
    assert books["numbers"] == sum(books[name] for name in ("scored", "dead", "set_aside", "missing")), books
    assert (books["missing"], books["doubles"]) == (0, 0), books
    return soaked


def faults_of(
    replay: Command, evaluate: Command, broker: Broker, disk: Disk, rng: random.Random
) -> dict[str, Callable[[], None]]:
    """What can go wrong, by name."""

    def restart() -> None:
        broker.kill()
        time.sleep(rng.uniform(0, 3))
        broker.start()

    faults: dict[str, Callable[[], None]] = {
        "broker killed": restart,
        "broker paused": lambda: broker.pause(rng.uniform(1, 6)),
    }
    for name, command in (("replayer", replay), ("evaluator", evaluate)):
        faults[f"{name} killed"] = lambda command=command: command.process.send_signal(signal.SIGKILL)
        faults[f"{name} terminated"] = lambda command=command: command.process.send_signal(signal.SIGTERM)
        faults[f"{name} paused"] = lambda command=command: pause(command.process.pid, rng.uniform(1, 4))
    return faults | ({"disk full": lambda: disk.fill(rng.uniform(1, 3))} if disk.mounted else {})


def pause(pid: int, seconds: float) -> None:
    """Stop a process for so long, if it is there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)


def measure(pid: int, soaked: Soaked) -> None:
    """Note a process's memory and open files, if it is there."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        soaked.memory.append(process.memory_info().rss / 2**20)
        soaked.files.append(process.num_fds())


def content(run: Path) -> dict[str, bytes]:
    """What must be the same from a topic and from a file."""
    found = (path for path in sorted(run.rglob("*")) if path.is_file() and path.name not in OUTSIDE)
    return {str(path.relative_to(run)): path.read_bytes() for path in found}


def thirds(values: Sequence[float]) -> str:
    """The largest of each third."""
    cut = max(1, len(values) // 3)
    return ", ".join(f"{max(part):,.0f}" for part in (values[:cut], values[cut : 2 * cut], values[2 * cut :]) if part)


def main(records: int = RECORDS, seed: int = 0) -> None:
    """Soak a stream of so many records, and print what happened."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generated = ("generate", "dns-exfil", "--records")
        drift = ("--drift", f"encoding@{records // 2}")
        for call in (
            (*generated, 10_000, "--seed", 1, "--out", folder / "static.csv"),
            (*generated, records, "--seed", 2, *drift, "--out", folder / "stream.csv"),
            ("train", folder / "static.csv", "--dataset", "dns-exfil", "--out", folder / "model", *QUICK),
        ):
            subprocess.run([*DRIFTDUEL, *map(str, call)], check=True, stdout=subprocess.DEVNULL)
        soaked = soak(folder, model=folder / "model", file=folder / "stream.csv", dataset="dns-exfil", seed=seed)
    print("faults:", ", ".join(f"{name} {times}" for name, times in sorted(soaked.faults.items())))
    print("ends by exit code:", soaked.ends)
    print("books:", soaked.outcome["books"])
    print("the run equals the undisturbed one over the file, byte for byte")
    print(f"evaluator, most in each third: memory {thirds(soaked.memory)} MB; open files {thirds(soaked.files)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
