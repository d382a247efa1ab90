"""After a planted drift: how long until an arm's loss is back, and how many errors that took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .transitions import SPAN, PerWindow, Transition

Floats = npt.NDArray[np.float64]
State = Literal["unharmed", "recovered", "not recovered", "no level"]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one drift cost one arm.

    Attributes:
        start: the drift's first window.
        end: the last window of its transition.
        until: the first window that no longer belongs to it: the next drift's start, or the end of the stream.
        state: `unharmed` if no window left the level, `not recovered` if none came back for good, `no level` if
            there was nothing to compare with.
        windows: from the start to the first window that is back; 0 if unharmed, else None unless recovered.
        lost_to_recovery: errors above the level until then, or until `until`; None without a level.
        lost: errors above the level in all windows up to `until`: the same span for all arms.
    """

    start: int
    end: int
    until: int
    state: State
    windows: int | None
    lost_to_recovery: float | None
    lost: float | None


def recoveries(
    errors: PerWindow,
    records: PerWindow,
    transitions: Sequence[Transition],
    *,
    level: Floats,
    tolerance: Floats | float,
    stays: int,
) -> tuple[Recovery, ...]:
    """Recovery time and lost area after each drift.

    An arm has left its level in the first window whose error rate is above level + tolerance, and is back in the first
    window after that from which on it is within for `stays` windows, and until the transition is over (in the course of
    a gradual drift a good window is no recovery). The lost area is the sum of errors - level x records; good windows
    count against bad ones, so that noise doesn't add up. Shaker and Huellermeier 2015 (recovery analysis) define the
    two moments in the same way, on smoothed curves; the lost area is the regret against the level.

    Args:
        errors: the arm's, for each window.
        records: labelled ones, for each window. A window without any shows no recovery.
        transitions: the planted drifts, by start.
        level: float64[windows], the error rate to be back at: `level_before`, or that of the oracle. NaN is unknown.
        tolerance: above the level, as a rate; one number, or one for each window (`binomial_tolerance`).
        stays: windows in a row, at least 1.

    The trap: the level before the drift may be out of reach afterwards, where the new concept is harder; against the
    oracle's losses that doesn't matter.

    >>> wrong = np.array([10] * 5 + [50, 50, 20] + [10] * 4)
    >>> level = np.full(12, 0.01)
    >>> recoveries(wrong, np.full(12, 1000), [Transition(5, 5)], level=level, tolerance=0.005, stays=3)[0]
    Recovery(start=5, end=5, until=12, state='recovered', windows=3, lost_to_recovery=90.0, lost=90.0)
    """
    wrong, known = np.asarray(errors, np.float64), np.asarray(records, np.float64)
    excess = np.where(known > 0, wrong - level * known, 0.0)
    within = excess <= np.asarray(tolerance) * known + 1e-9  # 0.29 of 100 records is a little less than 29
    ends = [transition.start for transition in transitions[1:]] + [len(wrong)]
    seen = _Seen(excess, within & (known > 0), ~within & (known > 0))
    return tuple(_recovery(t, until, seen, stays) for t, until in zip(transitions, ends, strict=True))


def level_before(errors: PerWindow, records: PerWindow, transitions: Sequence[Transition]) -> Floats:
    """For each window the pooled error rate before the latest drift: of at most 20 windows, none of another drift.

    NaN before the first drift, and where no window lies between two transitions.

    Args:
        errors: of the arm itself (then it is to be as good as it was), or of another one, for each window.
        records: labelled ones, for each window.
        transitions: by start.
    """
    wrong, known = np.asarray(errors, np.float64), np.asarray(records, np.float64)
    level = np.full(len(wrong), np.nan)
    behind = 0
    for transition in transitions:
        before = slice(max(behind, transition.start - SPAN), max(behind, transition.start))
        total = known[before].sum()
        level[transition.start :] = wrong[before].sum() / total if total else np.nan
        behind = transition.end + 1
    return level


def binomial_tolerance(level: Floats, records: PerWindow, *, margin: float = 0.0, confidence: float = 0.999) -> Floats:
    """How far above level + margin a window's error rate lies by chance alone, added to the margin; float64[windows].

    Args:
        level: float64[windows], error rates; NaN gives NaN.
        records: labelled ones, for each window.
        margin: what is taken for as good as the level, as a rate.
        confidence: the share of windows at level + margin that are within.

    >>> binomial_tolerance(np.array([0.02]), [1000]).round(3).tolist()
    [0.015]
    """
    from scipy.stats import binom

    known = np.asarray(records, np.int64)
    highest = binom.ppf(confidence, known, np.clip(level + margin, 0.0, 1.0))
    result: Floats = np.divide(highest, known, out=np.full(len(known), np.nan), where=known > 0) - level
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """For each window the errors above the level, and whether it is within the tolerance, or above; or unlabelled."""

    excess: Floats
    within: npt.NDArray[np.bool_]
    above: npt.NDArray[np.bool_]


def _recovery(transition: Transition, until: int, seen: _Seen, stays: int) -> Recovery:
    start, end = transition.start, transition.end
    excess, within, above = (series[start:until] for series in (seen.excess, seen.within, seen.above))
    lost = float(excess.sum())
    if np.isnan(lost):
        return Recovery(start, end, until, "no level", None, None, None)
    if not above.any():
        return Recovery(start, end, until, "unharmed", 0, 0.0, lost)
    for back in range(int(np.argmax(above)), len(within) - stays + 1):
        if within[back : max(back + stays, end - start + 1)].all():
            return Recovery(start, end, until, "recovered", back, float(excess[:back].sum()), lost)
    return Recovery(start, end, until, "not recovered", None, lost, lost)
