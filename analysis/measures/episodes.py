"""Detectors scored by episodes: what was found, how late, what was missed, and how often there was nothing to find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Literal

from analysis.inference.compare import CONFIDENCE

from .transitions import Transition

NEVER, ALWAYS = "never-fire", "always-fire"
"""The two detectors that look at nothing; they stand in every table."""

State = Literal["hit", "missed", "harmless"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector made of one planted drift.

    Attributes:
        start: the drift's first window.
        end: the last window of its transition.
        state: `harmless` whether or not there was an alarm.
        alarm: the first window with an alarm that belongs to it, or None.
        delay: windows from the start to that alarm, 0 if it came in the first; None without one.
    """

    start: int
    end: int
    state: State
    alarm: int | None
    delay: int | None


@dataclass(frozen=True, slots=True)
class DetectorScore:
    """A detector's score on one stream, or on several.

    Attributes:
        detector: its name.
        hits: harmful drifts with an alarm in time.
        missed: harmful drifts without.
        harmless: drifts that didn't move the loss; neither found nor missed, and an alarm there isn't false.
        delay: median of the hits', in windows; None without a hit.
        false_episodes: episodes that no drift explains.
        watched: windows in which an alarm would have been false.
        false_rate: false episodes per 1,000 watched windows; None where none was watched.
        false_rate_low: lower end of its exact 95 % Poisson interval.
        false_rate_high: upper end of it.
        between_false: mean windows between false episodes; None without any.
        between_false_low: with 95 % confidence it is at least this (two-sided; at most is left open).
        drifts: one by one, in the order of the stream.
    """

    detector: str
    hits: int
    missed: int
    harmless: int
    delay: float | None
    false_episodes: int
    watched: int
    false_rate: float | None
    false_rate_low: float | None
    false_rate_high: float | None
    between_false: float | None
    between_false_low: float | None
    drifts: tuple[Found, ...]


def score_detectors(
    alarms: Mapping[str, Iterable[int]],
    transitions: Sequence[Transition],
    harmful: Sequence[bool],
    *,
    windows: int,
    tolerance: int,
    rest: int = 1,
) -> tuple[DetectorScore, ...]:
    """Score every detector, and the ones that never and always fire, on one stream.

    A hit is the first alarm from the start of a drift to the end of its transition plus `tolerance`; later alarms in
    that span are the same episode. An alarm in the spans of several drifts belongs to the one that started last. All
    other alarms are false; one opens an episode, to which the alarms of the next `rest` - 1 windows belong too.

    Args:
        alarms: for each detector the windows in which it fired, off-loop, on the losses of the arm `never`.
        transitions: the planted drifts, by start; none on a stream without drift.
        harmful: for each of them whether it moved the loss (`transitions.harms`).
        windows: how many the stream has.
        tolerance: in windows.
        rest: an episode's length in windows; the same for all detectors.

    Raises:
        ValueError: an alarm outside the stream, or harms that don't fit the drifts.

    The traps: a long tolerance on a short stream leaves few windows to be wrong in (`watched` says how many), and a
    long `rest` spares those that always fire.

    >>> scores = score_detectors({"d": [3, 12, 13]}, [Transition(10, 10)], [True], windows=20, tolerance=4)
    >>> [(s.detector, s.hits, s.delay, s.false_episodes, s.watched) for s in scores]
    [('d', 1, 2, 1, 15), ('never-fire', 0, None, 0, 15), ('always-fire', 1, 0, 15, 15)]
    """
    outside = set(range(windows))
    for transition in transitions:
        outside.difference_update(range(transition.start, transition.end + tolerance + 1))
    scores = []
    for name, fired in {**alarms, NEVER: (), ALWAYS: range(windows)}.items():
        ordered = sorted(set(fired))
        if ordered and not 0 <= ordered[0] <= ordered[-1] < windows:
            raise ValueError(f"{name} fired in windows {ordered[0]} to {ordered[-1]} of a stream of {windows} windows")
        first = _first_alarms(ordered, transitions, tolerance)
        drifts = tuple(_found(*each) for each in zip(transitions, harmful, first, strict=True))
        scores.append(_score(name, drifts, _episodes([at for at in ordered if at in outside], rest), len(outside)))
    return tuple(scores)


def pool_scores(scores: Sequence[DetectorScore]) -> DetectorScore:
    """One detector's scores on several streams as one: counts are added, rates are computed anew.

    Raises:
        ValueError: no score, or scores of several detectors.
    """
    names = sorted({score.detector for score in scores})
    if len(names) != 1:
        raise ValueError(f"scores of one detector can be pooled, not of {len(names)}: {', '.join(names)}")
    drifts = tuple(chain.from_iterable(score.drifts for score in scores))
    false, watched = (sum(getattr(score, name) for score in scores) for name in ("false_episodes", "watched"))
    return _score(names[0], drifts, false, watched)


def poisson_interval(events: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval for the expected number of events, given a count of them (Garwood 1936).

    >>> [round(end, 3) for end in poisson_interval(0)], [round(end, 3) for end in poisson_interval(10)]
    ([0.0, 3.689], [4.795, 18.39])
    """
    from scipy.stats import chi2

    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    return low, float(chi2.isf(tail, 2 * events + 2)) / 2


def _first_alarms(alarms: Sequence[int], transitions: Sequence[Transition], tolerance: int) -> list[int | None]:
    """For each drift the first alarm that belongs to it."""
    first: list[int | None] = [None] * len(transitions)
    for alarm in alarms:
        spans = [at for at, t in enumerate(transitions) if t.start <= alarm <= t.end + tolerance]
        if spans and first[spans[-1]] is None:
            first[spans[-1]] = alarm
    return first


def _found(transition: Transition, harmful: bool, alarm: int | None) -> Found:
    state: State = "harmless" if not harmful else "missed" if alarm is None else "hit"
    delay = None if alarm is None else alarm - transition.start
    return Found(transition.start, transition.end, state, alarm, delay)


def _episodes(alarms: Sequence[int], rest: int) -> int:
    """How many episodes these alarms open."""
    opened, over = 0, -1
    for alarm in alarms:
        if alarm >= over:
            opened, over = opened + 1, alarm + rest
    return opened


def _score(detector: str, drifts: tuple[Found, ...], false: int, watched: int) -> DetectorScore:
    delays = [drift.delay for drift in drifts if drift.state == "hit" and drift.delay is not None]
    states = [drift.state for drift in drifts]
    low, high = poisson_interval(false)
    return DetectorScore(
        detector=detector,
        hits=states.count("hit"),
        missed=states.count("missed"),
        harmless=states.count("harmless"),
        delay=median(delays) if delays else None,
        false_episodes=false,
        watched=watched,
        false_rate=1000 * false / watched if watched else None,
        false_rate_low=1000 * low / watched if watched else None,
        false_rate_high=1000 * high / watched if watched else None,
        between_false=watched / false if false else None,
        between_false_low=watched / high if watched else None,
        drifts=drifts,
    )
