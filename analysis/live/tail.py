"""A file that grows by lines, read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MOST = 1 << 20
"""Bytes taken in at a time."""
LONGEST = 64
"""Times as many bytes are taken in for one line; what is longer is none that a run writes, and passed over."""


@dataclass(slots=True)
class Tail:
    """Gives each whole line of a file once, in order; a line that is still being written waits until it is whole."""

    path: Path
    _at: int = field(init=False, default=0)

    def lines(self) -> list[str]:
        """The lines that were added since the last call, without their ends; none if the file isn't there."""
        try:
            taken = self._take()
        except OSError:
            return []
        whole, end, rest = taken.rpartition(b"\n")
        self._at += len(taken) if len(rest) == LONGEST * MOST else len(whole) + len(end)
        return whole.decode("utf-8", "replace").split("\n") if end else []

    def _take(self) -> bytes:
        """What was added, up to so many bytes, or as many as it takes to the end of a line."""
        with self.path.open("rb") as file:
            file.seek(self._at)
            taken = [file.read(MOST)]
            while len(taken[-1]) == MOST and len(taken) < LONGEST and b"\n" not in taken[-1]:
                taken.append(file.read(MOST))
        return b"".join(taken)
