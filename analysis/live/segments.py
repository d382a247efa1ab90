"""Which segments of a run are new since the last look."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from online.ledger import place_of
from producer.errors import RunError

SETTLED = 2.0
"""Seconds after which a folder's time stamp tells two changes apart, whatever the file system."""


@dataclass(slots=True)
class Segments:
    """The segments in a folder. A look lists the folder only if something was put there since."""

    folder: Path
    _known: dict[str, int] = field(init=False, default_factory=dict)
    _stamp: int = field(init=False, default=-1)
    _parts: dict[int, dict[int, Path]] = field(init=False, default_factory=dict)
    _fresh: set[int] = field(init=False, default_factory=set)
    _next: int = field(init=False, default=0)

    def look(self, *, now: float) -> bool:
        """Look for new segments; False if one that was there is gone or another one now: then nothing holds any more.

        Args:
            now: seconds since 1970.
        """
        try:
            stamp = self.folder.stat().st_mtime_ns
            if stamp == self._stamp and now - stamp / 1e9 > SETTLED:
                return True
            with os.scandir(self.folder) as entries:
                found = {entry.name: entry.inode() for entry in entries if entry.name[0].isdigit()}
        except OSError:
            return not self._known
        if any(found.get(name) != inode for name, inode in self._known.items()):
            return False
        for name in found.keys() - self._known.keys():
            self._take(self.folder / name)
        self._known, self._stamp = found, stamp
        return True

    def _take(self, path: Path) -> None:
        try:
            window, part = place_of(path)
        except RunError:
            return  # a stranger's file: the evaluator refuses it in words
        self._parts.setdefault(window, {})[part] = path
        self._fresh.add(window)

    def take(self) -> tuple[int, list[Path]] | None:
        """One window with new segments, and all its segments in order.

        Old windows that arms were added come first, then the next one. A window beyond a
        gap waits until the gap is filled.
        """
        old = min((window for window in self._fresh if window < self._next), default=self._next)
        if old not in self._fresh:
            return None
        self._fresh.remove(old)
        self._next = max(self._next, old + 1)
        return old, [path for _, path in sorted(self._parts[old].items())]
