"""A difference between a run and its repeat, and many of them added up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that did not come out the same.

    Attributes:
        what: `scores`, `events`, `column 'x'`, `windows.csv`, ...
        window: the first window in which it differs; None where no window is concerned.
        arm: the arm concerned, or None.
        count: how many differ, in `unit`s.
        unit: what is counted, in the singular.
        was: what the run has where they first differ.
        now: what the repeat has there.
        most: by how much scores differ at most.
        flips: how many predictions differ with their scores.
    """

    what: str
    window: int | None = None
    arm: str | None = None
    count: int = 1
    unit: str = "window"
    was: str = ""
    now: str = ""
    most: float | None = None
    flips: int | None = None


def add_up(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """One difference for each thing and arm: the first one's place and values, all counts; earliest window first.

    >>> seen = [Difference(what="scores", window=w, arm="a", count=2, most=m) for w, m in ((3, 0.1), (4, 0.5))]
    >>> [(d.window, d.count, d.most) for d in add_up(seen)]
    [(3, 4, 0.5)]
    """
    sums: dict[tuple[str, str | None], Difference] = {}
    for one in found:
        key = one.what, one.arm
        sums[key] = _sum(sums[key], one) if key in sums else one
    return tuple(sorted(sums.values(), key=lambda one: (one.window is None, one.window)))


def _sum(first: Difference, other: Difference) -> Difference:
    most = [value for value in (first.most, other.most) if value is not None]
    flips = [value for value in (first.flips, other.flips) if value is not None]
    return replace(
        first,
        count=first.count + other.count,
        most=max(most) if most else None,
        flips=sum(flips) if flips else None,
    )
