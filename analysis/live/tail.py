"""A file that grows by lines, read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MOST = 1 << 20
"""Bytes taken in at a time."""


@dataclass(slots=True)
class Tail:
    """Gives each whole line of a file once, in order; a line that is still being written waits until it is whole."""

    path: Path
    _at: int = field(init=False, default=0)

    def lines(self) -> list[str]:
        """The lines that were added since the last call, without their ends; none if the file isn't there."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                whole, end, _ = file.read(MOST).rpartition(b"\n")
        except OSError:
            return []
        self._at += len(whole) + len(end)
        return whole.decode("utf-8", "replace").split("\n") if end else []
