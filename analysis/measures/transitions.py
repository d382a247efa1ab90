"""The planted drifts in windows, and whether they did the static model any harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SPAN = 20
"""How many windows before and after a transition are compared at most."""
LEVEL = 0.01
"""Of the test that decides whether the loss rose."""

PerWindow = npt.NDArray[np.int64] | Sequence[int]
"""One count for each window, in stream order."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A drift's first and last window; an abrupt one has the same for both."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Harm:
    """What a drift did to a model that never learns.

    Attributes:
        rise: of its error rate, from before the transition to after it; None where either has no record.
        p_value: one-sided, of no rise; None likewise.
        harmful: whether the rise is large enough and no luck.
    """

    rise: float | None
    p_value: float | None
    harmful: bool


def in_windows(
    drifts: Sequence[Mapping[str, Any]], first_seqs: Sequence[int], *, last_seq: int
) -> tuple[Transition, ...]:
    """The windows in which planted drifts begin and end, by start.

    Drifts that begin in the same window are one, which lasts as long as the longest. Those that begin after the last
    window (an unfinished run) are left out.

    Args:
        drifts: of a truth, `start` and `end` in records: the new state begins to show at `start`, and is alone from
            `end` on (abrupt: both are the same).
        first_seqs: the first sequence number of each window, ascending.
        last_seq: the last sequence number of the last window.

    >>> in_windows([{"start": 2500, "end": 4000}, {"start": 7000, "end": 7000}], range(0, 9000, 1000), last_seq=8999)
    (Transition(start=2, end=3), Transition(start=7, end=7))
    """
    ends: dict[int, int] = {}
    for drift in drifts:
        first, last = int(drift["start"]), max(int(drift["start"]), int(drift["end"]) - 1)
        if first <= last_seq:
            start, end = (int(at) - 1 for at in np.searchsorted(first_seqs, [first, last], side="right"))
            ends[start] = max(end, ends.get(start, end))
    return tuple(Transition(start, ends[start]) for start in sorted(ends))


def harms(
    errors: PerWindow, records: PerWindow, transitions: Sequence[Transition], *, least: float
) -> tuple[Harm, ...]:
    """Whether each drift moved the loss of a model that never learns: one that didn't is harmless.

    Pooled errors of at most 20 windows before the transition (after the one before) are held against those of at most
    20 windows from its last window on (before the next one starts). Harmful is a rise of at least `least` that
    Fisher's exact test, one-sided at 1 %, takes for no luck. A drift without records on either side counts as
    harmful, as nothing shows that it isn't.

    Args:
        errors: of the arm `never`, for each window.
        records: labelled ones, for each window.
        transitions: by start.
        least: the smallest rise of the error rate that a detector can be expected to see, such as 0.01.

    The trap: the test takes records for independent. Where error rates wander by themselves it finds a rise easily,
    so choose `least` above what they wander.

    >>> harms([100] * 30 + [300] * 30, [1000] * 60, [Transition(10, 10), Transition(30, 30)], least=0.01)[1].harmful
    True
    """
    found = []
    for at, transition in enumerate(transitions):
        behind = transitions[at - 1].end + 1 if at else 0
        ahead = transitions[at + 1].start if at + 1 < len(transitions) else len(errors)
        before = slice(max(behind, transition.start - SPAN), max(behind, transition.start))
        after = slice(transition.end, min(ahead, transition.end + SPAN))
        sums = [(int(np.sum(errors[part])), int(np.sum(records[part]))) for part in (before, after)]
        found.append(_harm(*sums, least=least))
    return tuple(found)


def _harm(before: tuple[int, int], after: tuple[int, int], *, least: float) -> Harm:
    from scipy.stats import hypergeom

    if not before[1] or not after[1]:
        return Harm(None, None, harmful=True)
    rise = after[0] / after[1] - before[0] / before[1]
    total, wrong = before[1] + after[1], before[0] + after[0]
    p_value = float(hypergeom.sf(after[0] - 1, total, wrong, after[1]))
    return Harm(rise, p_value, harmful=rise >= least and p_value < LEVEL)
