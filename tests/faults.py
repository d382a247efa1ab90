"""What may go wrong while a duel follows a topic: commands that are started again, a disk that fills up, and faults."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cluster import Cluster

DRIFTDUEL = (sys.executable, "-m", "driftduel")
SEGMENT = re.compile(r"the segment (\S+) is damaged\b.*? Delete it and all later segments")
MODEL = re.compile(r" is damaged: .*? delete (\S+), and run the same command")
Fault = Callable[[], None]


class Command:
    """A command that is started again as long as it hasn't ended well, once what it asks for has been done.

    Args:
        log: takes its stderr.
        arguments: its words, after `driftduel`.

    Attributes:
        process: the one that was started last.
        ends: how often it ended otherwise, by exit code.
        mended: how often a damaged file that it named was deleted, as it said.
    """

    def __init__(self, log: Path, *arguments: object) -> None:
        self._command = [*DRIFTDUEL, *map(str, arguments)]
        self.log = log
        self.ends: Counter[int] = Counter()
        self.mended = 0
        self._start()

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self._said_from = log.tell()
            self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log)

    def look(self) -> bool:
        """Whether it has ended well; started again if it has ended otherwise."""
        code = self.process.poll()
        if code:
            self.ends[code] += 1
            self.process.communicate()
            self.mended += follow_advice(self.log.read_bytes()[self._said_from :].decode())
            self._start()
        return code == 0

    def signal(self, number: int) -> None:
        """Send it a signal; nothing if it has ended."""
        self.process.send_signal(number)

    def pause(self, seconds: float) -> None:
        """Stop it for so long, if it is there."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        """Kill it, for good."""
        self.process.kill()
        self.process.wait()


def follow_advice(said: str) -> bool:
    """Delete what a message says is damaged and is to be deleted; whether there was such a message.

    >>> follow_advice("driftduel: the broker hasn't answered")
    False
    """
    if found := SEGMENT.search(said):
        bad = Path(found[1])
        for path in bad.parent.glob("*.arrow"):
            if path.name >= bad.name:
                path.unlink()
    elif found := MODEL.search(said):
        shutil.rmtree(found[1])
    return found is not None


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

    def end(self) -> None:
        """Unmount it."""
        if self.mounted:
            subprocess.run(("umount", "--lazy", self.path), check=True)


@dataclass(frozen=True)
class Scene:
    """All that a fault may befall, and where it draws from."""

    cluster: Cluster
    topic: str
    partitions: int
    disk: Disk
    run: Path
    commands: Mapping[str, Command]
    rng: random.Random

    def enduring(self) -> dict[str, Fault]:
        """Faults by name that no process but the brokers' should end by."""
        pauses = {f"{name} paused": lambda c=c: c.pause(self.rng.uniform(1, 4)) for name, c in self._running()}
        return pauses | {
            "leader killed": lambda: self._lose(lambda leader: leader.kill()),
            "leader stopped": lambda: self._lose(lambda leader: leader.stop()),
            # Longer than its session: somebody else leads meanwhile.
            "leader paused": lambda: self._leader().pause(self.rng.uniform(1, 10)),
            "leader moved": self._move,
            "all brokers killed": self._lose_all,
        }

    def ending(self) -> dict[str, Fault]:
        """Faults by name that end the evaluator or the replayer."""
        kinds = {"killed": signal.SIGKILL, "terminated": signal.SIGTERM, "interrupted": signal.SIGINT}
        faults: dict[str, Fault] = {
            f"{name} {kind}": lambda c=c, number=number: c.signal(number)
            for name, c in self._running()
            for kind, number in kinds.items()
        }
        faults["segment cut"] = lambda: self._damage("segments/*.arrow", cut)
        faults["segment flipped"] = lambda: self._damage("segments/*.arrow", flip)
        faults["model flipped"] = lambda: self._damage("models/*/arrays/*.npy", flip)
        return faults | ({"disk full": lambda: self.disk.fill(self.rng.uniform(1, 3))} if self.disk.mounted else {})

    def _running(self) -> list[tuple[str, Command]]:
        return [(name, command) for name, command in self.commands.items() if command.process.poll() is None]

    def _partition(self) -> int:
        return self.rng.randrange(self.partitions)

    def _leader(self):
        return self.cluster.leader(self.topic, self._partition())

    def _move(self) -> None:
        self.cluster.move(self.topic, self._partition())

    def _lose(self, how: Callable) -> None:
        leader = self._leader()
        how(leader)
        time.sleep(self.rng.uniform(0, 3))
        self.cluster.start(leader.number)

    def _lose_all(self) -> None:
        self.cluster.kill()
        time.sleep(self.rng.uniform(0, 3))
        self.cluster.start(*self.cluster.members)

    def _damage(self, files: str, how: Callable[[Path], None]) -> None:
        """Kill the evaluator, and damage the last of these files before it is started again."""
        evaluator = self.commands["evaluator"]
        evaluator.signal(signal.SIGKILL)
        evaluator.process.wait()
        if found := sorted(self.run.glob(files)):
            how(found[-1])


def cut(path: Path) -> None:
    """Leave the first half."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """Make one bit in the middle another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes(data)
