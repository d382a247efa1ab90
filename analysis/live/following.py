"""Follows a run directory: what is new since the last look. Reads only; nothing here waits, serves or draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from online.lock import is_held
from online.positions import read_position
from online.run import read_contract, read_manifest
from online.segment import read_segments
from online.task import BinaryTask
from online.windows import Position
from producer.dataset import Dataset
from producer.errors import DriftduelError

from .facts import ends_of, read_planted, read_source
from .pace import Pace
from .segments import Segments
from .tail import Tail
from .tally import PARTS, Tally
from .telling import tell
from .values import Committed, Planted, State, Status

MOST = 20
"""Windows read in one look: a page that is opened late fills step by step."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Attributes:
        anew: the run is another one now, or parts of it were taken away: what was told before no longer holds.
        committed: what is new, in order.
        more: whether there is more already.
    """

    anew: bool
    committed: tuple[Committed, ...]
    more: bool


@dataclass(slots=True)
class _Followed:
    """What is known of one run; all of it goes when the run is another one."""

    positions_file: Tail
    timings_file: Tail
    segments: Segments
    manifest: dict[str, Any] = field(default_factory=dict)
    stamp: tuple[int, int] = (0, 0)
    dataset: Dataset | None = None
    positions: dict[int, Position] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    tally: Tally = field(default_factory=Tally)
    told: dict[int, set[str]] = field(default_factory=dict)
    planted: tuple[Planted, ...] | None = None
    source: str = ""
    trouble: str = ""
    damaged: list[str] = field(default_factory=list)


class Follower:
    """Follows one run directory, which need not be there yet, while others write it, stop, and take it up again."""

    def __init__(self, run: Path) -> None:
        """Nothing is read before the first look."""
        self.run = run
        self._now = self._begin()

    def _begin(self) -> _Followed:
        files = (Tail(self.run / "positions.jsonl"), Tail(self.run / "timings.jsonl"))
        return _Followed(*files, Segments(self.run / "segments"))

    def look(self, *, now: float) -> Look:
        """What is new, at most `MOST` windows of it.

        Args:
            now: seconds since 1970.
        """
        anew = not self._same_run()
        # Before the segments: a line about a window is written before, or a time after, its segment is there.
        self._read_lines()
        if not anew and not self._now.segments.look(now=now):
            anew = True
        if anew:
            self._now = self._begin()
            return Look(anew=True, committed=(), more=True)
        found = tuple(self._read_windows()) if self._begun() else ()
        return Look(anew=False, committed=found, more=len(found) == MOST)

    def _same_run(self) -> bool:
        """Read the manifest if it changed; whether it is still that of the run followed so far."""
        known = self._now
        try:
            stat = (self.run / "manifest.json").stat()
        except OSError:
            return not known.manifest
        if known.stamp == (stat.st_mtime_ns, stat.st_ino):
            return True
        known.stamp, known.trouble = (stat.st_mtime_ns, stat.st_ino), ""
        try:
            manifest = read_manifest(self.run)
        except DriftduelError as error:
            known.trouble = str(error)
            return True
        if known.manifest and known.manifest["identity"] != manifest["identity"]:
            return False
        known.manifest, known.planted = manifest, None
        return True

    def _read_lines(self) -> None:
        for line in self._now.positions_file.lines():
            if position := read_position(line):
                self._now.positions[position.window] = position
        for line in self._now.timings_file.lines():
            self._now.pace.read(line)

    def _begun(self) -> bool:
        known = self._now
        # The manifest comes first, then the starting model, by a rename.
        if known.dataset is None and known.manifest and (self.run / "models" / known.manifest["static"]).is_dir():
            try:
                known.dataset = read_contract(self.run)
            except DriftduelError as error:
                known.trouble = str(error)
        return known.dataset is not None

    def _read_windows(self) -> list[Committed]:
        found: list[Committed] = []
        while len(found) < MOST and (due := self._now.segments.take()):
            try:
                found.append(self._read_window(*due))
            except (DriftduelError, ValueError, LookupError, TypeError) as error:
                self._now.damaged.append(f"window {due[0]} can't be shown: {error}")
        return found

    def _read_window(self, index: int, paths: list[Path]) -> Committed:
        known = self._now
        assert known.dataset is not None
        entry = read_segments(paths, known.dataset)
        told = known.told.get(index)
        found = tell(
            entry,
            BinaryTask(float(known.manifest["threshold"])),
            known.dataset.label_name,
            known=told or (),
            position=known.positions.get(index),
            first=told is None,
        )
        known.told[index] = set(entry.arms)
        known.tally.add(found)
        return found

    def status(self, *, now: float) -> Status:
        """How the run stands after the last look.

        Args:
            now: seconds since 1970.
        """
        known = self._now
        numbers, state = known.tally.numbers, self._state()
        messages, done = self._messages(), sum(numbers.values())
        latest = max(numbers, default=-1)
        rate = known.pace.rate(numbers, now=now if state == "running" else 0.0)
        left = None if messages is None or state != "running" or not rate else max(messages - done, 0) / rate
        again = known.pace.again if state == "running" else None
        arms = known.manifest.get("arms", {})
        return Status(
            run=str(self.run),
            state=state,
            source=self._source(),
            windows=len(numbers),
            numbers=done,
            **{part: known.tally.books[part] for part in PARTS},
            messages=messages,
            rate=rate,
            lag=self._lag(latest),
            expected_end=None if left is None or again is not None else round(now + left),
            again=again,
            arms=tuple(known.tally.arm(name, _policy(arms[name])) for name in sorted(arms, key=_order)),
            planted=self._planted(),
            troubles=tuple(filter(None, (known.trouble, *known.damaged))),
        )

    def _state(self) -> State:
        if self._now.dataset is None:
            return "waiting"
        said = self._now.manifest["state"]
        if said == "finished":
            return "finished"
        if is_held(self.run):
            return "running"
        return "stopped" if said == "stopped" else "interrupted"

    def _source(self) -> str:
        known = self._now
        if known.manifest and not known.source:
            known.source = read_source(self.run / "experiment.toml")
        return known.source

    def _messages(self) -> int | None:
        manifest = self._now.manifest
        if manifest.get("state") == "finished":
            return sum(self._now.tally.numbers.values())
        said = manifest.get("messages") or sum((ends_of(manifest) or {}).values())
        return said if isinstance(said, int) and said else None

    def _lag(self, window: int) -> int | None:
        ends = ends_of(self._now.manifest)
        if ends is None:
            return None
        position = self._now.positions.get(window)
        following = position.next if position else {}
        return sum(max(end - following.get(partition, 0), 0) for partition, end in ends.items())

    def _planted(self) -> tuple[Planted, ...]:
        known = self._now
        if known.planted is None:
            known.planted = read_planted(self.run / "truth.json", known.manifest) if known.manifest else ()
        return known.planted


def _policy(arm: Any) -> str:
    return str(arm["policy"]["kind"])


def _order(arm: str) -> tuple[bool, bool, str]:
    return arm != "static", arm != "dynamic", arm  # as in figures
