"""Where the windows' messages came from: one line for each in positions.jsonl, read when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from .files import append_line
from .windows import Position

POSITIONS = "positions.jsonl"


class Positions(Mapping[int, Position]):
    """The positions of a run by window. In memory is only where their lines begin: they name every dead letter.

    Of several lines for one window the last one counts: a window that wasn't committed is noted again.
    """

    def __init__(self, run: Path) -> None:
        """Go through the file once; one that isn't there holds nothing.

        Args:
            run: the run directory.
        """
        self._path = run / POSITIONS
        self._begins: dict[int, int] = {}
        self.damaged = 0
        """Lines that say nothing; a dying process may leave one unfinished."""
        begin = 0
        for line in self._lines():
            if position := read_position(line.decode("utf-8", "replace")):
                self._begins[position.window] = begin
            else:
                self.damaged += bool(line.strip())
            begin += len(line)

    def _lines(self) -> Iterator[bytes]:
        if self._path.is_file():
            with self._path.open("rb") as file:
                yield from file

    def __getitem__(self, window: int) -> Position:
        """The position after a window.

        Raises:
            KeyError: it isn't known, or not any more.
        """
        begin = self._begins[window]
        try:
            with self._path.open("rb") as file:
                file.seek(begin)
                position = read_position(file.readline().decode("utf-8", "replace"))
        except OSError:
            position = None
        if position is None or position.window != window:
            raise KeyError(window)
        return position

    def __iter__(self) -> Iterator[int]:
        """The windows, in the order in which they were noted first."""
        return iter(self._begins)

    def __len__(self) -> int:
        """How many windows are known."""
        return len(self._begins)

    def note(self, position: Position) -> None:
        """Write a window's position down.

        Raises:
            RunError: it can't be written.
        """
        self._begins[position.window] = append_line(self._path, json.dumps(_facts(position)))


def _facts(position: Position) -> dict[str, object]:
    """As `asdict` gives it, which would copy the place of each dead letter piece by piece."""
    return {name: getattr(position, name) for name in Position.__slots__}


def read_position(line: str) -> Position | None:
    """A line of positions.jsonl; None for one that a dying process did not finish: its window was not committed."""
    try:
        facts = json.loads(line)
        facts["window"] = int(facts["window"])
        facts["next"] = {int(p): int(offset) for p, offset in facts["next"].items()}
        facts["dead"] = tuple((_whole(p), _whole(offset)) for p, offset in facts["dead"])
        return Position(**facts)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{value!r} is no place in a topic or file")
    return value
