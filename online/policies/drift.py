"""Retrain after a detected drift: an alarm opens an episode of several attempts, and the detector rests meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy.special import xlogy

from online.detectors.ss_sr import SSSR
from online.interfaces import Attempt, Detector, Losses, Outcome, Pool

ATTEMPTS_AT = (2, 4, 8, 16)
"""An episode's attempts after the one at the alarm, in labelled windows since the change."""
LOOK_BACK = 50
"""A change is dated to at most this many windows back."""
MISSES = 2
"""An episode ends after this many attempts in a row without a promotion."""


class Drift(BaseModel):
    """Asks for retraining when its detector, fed with the losses of the model in force, raises an alarm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["drift"] = "drift"
    detector: SSSR = SSSR()

    def begin(self, pool: Pool) -> DriftEpisodes:
        """A detector that starts from the starting model's held-out records."""
        return DriftEpisodes(self.detector.begin(pool))


@dataclass(slots=True)
class Episode:
    """What is going on between an alarm and the detector's new start."""

    since: int
    pool: Pool
    due: list[int]
    labelled: int
    misses: int = 0
    promoted: int | None = None


@dataclass(slots=True)
class DriftEpisodes:
    """The policy at work: either the detector watches, or an episode is open."""

    detector: Detector
    history: list[tuple[int, Pool]] = field(default_factory=list)
    episode: Episode | None = None

    def step(self, outcome: Outcome, *, judged: bool | None, current: Callable[[int], Losses]) -> Attempt | None:
        """Feed the detector, or go on with the open episode."""
        if self.episode is None:
            return self._watch(outcome)
        self.episode.labelled += 1
        if judged is not None:
            self._count(self.episode, outcome.window, judged=judged)
        if self.episode.misses >= MISSES or (judged is not None and not self.episode.due):
            self._close(self.episode, outcome.window, current)
            return None
        return self._attempt(self.episode)

    def _watch(self, outcome: Outcome) -> Attempt | None:
        self.detector.update(outcome.losses)
        self.history.append((outcome.window, Pool(len(outcome.losses), int(outcome.losses.sum()))))
        del self.history[:-LOOK_BACK]
        if not self.detector.drift:
            return None
        back = windows_since_change([window for _, window in self.history], self.detector.pool)
        since, _ = self.history[-back]
        self.episode = Episode(since, self.detector.pool, attempts_after(back), labelled=back)
        return Attempt(self.detector.reason, since=since, alarm=True)

    def _count(self, episode: Episode, window: int, *, judged: bool) -> None:
        episode.misses = 0 if judged else episode.misses + 1
        if judged:
            episode.promoted = window

    def _attempt(self, episode: Episode) -> Attempt | None:
        if not episode.due or episode.labelled < episode.due[0]:
            return None
        episode.due.pop(0)
        return Attempt(f"{episode.labelled} windows since the change", since=episode.since)

    def _close(self, episode: Episode, window: int, current: Callable[[int], Losses]) -> None:
        pool = episode.pool
        if episode.promoted is not None:
            losses = [current(index) for index in range(episode.promoted, window + 1)]
            pool = Pool(sum(len(part) for part in losses), int(sum(part.sum() for part in losses)))
        self.detector.reset(pool)
        self.history.clear()
        self.episode = None


def attempts_after(labelled: int) -> list[int]:
    """When to try again, in labelled windows since the change, if the alarm came after `labelled` of them.

    Points already passed fall away, but there is at least one more attempt: as much later as the last regular
    one is after its predecessor, so that the detector doesn't rest for long after a change that was dated far back.

    >>> attempts_after(1), attempts_after(3), attempts_after(20)
    ([2, 4, 8, 16], [4, 8, 16], [28])
    """
    return [point for point in ATTEMPTS_AT if point > labelled] or [labelled + ATTEMPTS_AT[-1] - ATTEMPTS_AT[-2]]


def windows_since_change(history: Sequence[Pool], pool: Pool) -> int:
    """How many of the latest windows belong to the change: the largest binomial likelihood ratio decides.

    The ratio compares one rate before and another after the change with one rate throughout. (Against the rate
    before as if it were known, a young pool, whose rate is uncertain, would date every change to its own start.)

    Args:
        history: the latest windows, oldest first; the change is dated to one of them.
        pool: everything that the detector has seen, the windows of `history` included.

    Returns:
        1 for the latest window alone; ties go to the shorter span.

    >>> calm, changed = Pool(1000, 20), Pool(1000, 200)
    >>> windows_since_change([calm, calm, changed, changed, changed], Pool(9000, 720))
    3
    """
    records = np.cumsum([window.records for window in reversed(history)])
    errors = np.cumsum([window.errors for window in reversed(history)])
    before, errors_before = pool.records - records, pool.errors - errors
    ratio = (
        _log_likelihood(errors, records)
        + _log_likelihood(errors_before, before)
        - _log_likelihood(np.array(pool.errors), np.array(pool.records))
    )
    rose = errors * before > errors_before * records
    return int(np.argmax(np.where(rose, ratio, 0.0))) + 1


def _log_likelihood(errors: npt.NDArray[np.int64], records: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Of that many errors among that many records, at the rate that fits them best; 0 where there are no records."""
    rate = errors / np.maximum(records, 1)
    result: npt.NDArray[np.float64] = xlogy(errors, rate) + xlogy(records - errors, 1 - rate)
    return result
