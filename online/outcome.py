"""What a call of the duel came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from producer.errors import RunError

from .tracker import ArmTotal
from .windows import Window

Range = tuple[int, int]
"""The first and the last of consecutive numbers."""

SHOWN = 20
"""So many ranges of numbers are said in words."""


@dataclass(frozen=True, slots=True)
class Books:
    """What became of the sequence numbers: scored + dead + set_aside + missing = numbers; doubles stand apart."""

    numbers: int = 0
    scored: int = 0
    dead: int = 0
    set_aside: int = 0
    missing: int = 0
    doubles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBooks:
    """What became of the labels that came apart: labels + elsewhere + doubles + unreadable = messages.

    Attributes:
        messages: what was read.
        labels: those of the stream's records so far.
        elsewhere: those of numbers under which the stream has no record, or has none yet.
        doubles: further ones for the same records.
        unreadable: what is no label; `dead_labels.jsonl` in the run says why.
        never: records without any.
        too_late: labels that came when their window had reached the arms already: only the report uses them.
        cut: where partitions of the label topic began whose first messages had been deleted when the run was first
            started: some of the records without any label may have had theirs there.
    """

    messages: int
    labels: int
    elsewhere: int
    doubles: int
    unreadable: int
    never: int
    too_late: int
    cut: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DuelOutcome:
    """What a call came to: the books, and each arm's totals. The run directory holds everything else.

    `imported` names what the starting model was imported from, if it was; `labels` is there for a label stream.
    `missing` are the numbers without a message, as pairs of first and last; `cut` tells where partitions began whose
    first messages had been deleted when the run was first started.
    """

    windows: int
    finished: bool
    books: Books
    arms: Mapping[str, ArmTotal]
    imported: str | None = None
    labels: LabelBooks | None = None
    missing: tuple[Range, ...] = ()
    cut: Mapping[str, int] = field(default_factory=dict)


def count_numbers(window: Window) -> dict[str, int]:
    """The parts of a window's numbers, by the names that they have in the books.

    Raises:
        RunError: they don't add up, so that a message is lost or counted twice.
    """
    parts = {
        "scored": len(window.seqs),
        "dead": len(window.dead),
        "set_aside": len(window.set_aside),
        "missing": len(window.missing),
    }
    numbers = window.last_seq - window.first_seq + 1
    if sum(parts.values()) != numbers:
        found = " + ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in parts.items())
        raise RunError(
            f"the books don't balance: window {window.index} spans {numbers:,} numbers, but holds {found}. The run is "
            "damaged, or this is a mistake in driftduel: please report it, and start a new run"
        )
    return {"numbers": numbers, **parts}


def say_ranges(ranges: Sequence[Range], *, more: str = "") -> str:
    """Ranges of numbers in words, the first 20 of them.

    Args:
        ranges: the ranges.
        more: where the others are told, if there are any.

    >>> say_ranges([(0, 3), (1200, 1200)])
    '0 to 3, 1,200'
    """
    said = [f"{first:,}" if first == last else f"{first:,} to {last:,}" for first, last in ranges]
    rest = [f"and {len(said) - SHOWN:,} more ranges{more}"] if len(said) > SHOWN else []
    return ", ".join([*said[:SHOWN], *rest])


@dataclass(slots=True)
class Tally:
    """The numbers of the windows that have been gone through.

    Attributes:
        counts: by the names that they have in the books.
        missing: those without a message, as pairs of first and last.
    """

    counts: Counter[str] = field(default_factory=Counter)
    missing: list[Range] = field(default_factory=list)

    def add(self, window: Window) -> None:
        """Count one more window; they come in order.

        Raises:
            RunError: as `count_numbers`.
        """
        self.counts.update(count_numbers(window))
        join_ranges(window.missing, self.missing)

    def books(self, *, doubles: int) -> Books:
        """The books of all of them; the doubles are counted elsewhere."""
        return Books(**self.counts, doubles=doubles)


def join_ranges(numbers: Iterable[int], ranges: list[Range]) -> list[Range]:
    """Append ascending numbers to ranges that end before them, and give these back.

    >>> join_ranges([3, 7, 9, 10], [(0, 2)])
    [(0, 3), (7, 7), (9, 10)]
    """
    for number in numbers:
        first = ranges.pop()[0] if ranges and ranges[-1][1] == number - 1 else number
        ranges.append((first, number))
    return ranges
