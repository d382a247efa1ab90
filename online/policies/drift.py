"""Retrain after a detected drift: an alarm opens an episode of several attempts, and the detector rests meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from online.detectors.ss_sr import SSSR, ShiryaevRoberts
from online.interfaces import Attempt, Losses, Outcome, Pool

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
    misses: int = 0
    promoted: int | None = None


@dataclass(slots=True)
class DriftEpisodes:
    """The policy at work: either the detector watches, or an episode is open."""

    detector: ShiryaevRoberts
    history: list[Pool] = field(default_factory=list)
    episode: Episode | None = None

    def step(self, outcome: Outcome, *, judged: bool | None, current: Callable[[int], Losses]) -> Attempt | None:
        """Feed the detector, or go on with the open episode."""
        if self.episode is None:
            return self._watch(outcome)
        if judged is not None:
            self._count(self.episode, outcome.window, judged=judged)
        if self.episode.misses >= MISSES or (judged is not None and not self.episode.due):
            self._close(self.episode, outcome.window, current)
            return None
        return self._attempt(self.episode, outcome.window)

    def _watch(self, outcome: Outcome) -> Attempt | None:
        self.detector.update(outcome.losses)
        self.history.append(Pool(len(outcome.losses), int(outcome.losses.sum())))
        del self.history[:-LOOK_BACK]
        if not self.detector.drift:
            return None
        back = windows_since_change(self.history, self.detector.pool)
        self.episode = Episode(outcome.window - back + 1, self.detector.pool, attempts_after(back))
        reason = f"the error rate rose: {self.detector.statistic:.3g} reached {self.detector.c:g}"
        return Attempt(reason, since=self.episode.since, alarm=True)

    def _count(self, episode: Episode, window: int, *, judged: bool) -> None:
        episode.misses = 0 if judged else episode.misses + 1
        if judged:
            episode.promoted = window

    def _attempt(self, episode: Episode, window: int) -> Attempt | None:
        labelled = window - episode.since + 1
        if not episode.due or labelled < episode.due[0]:
            return None
        episode.due.pop(0)
        return Attempt(f"{labelled} windows since the change", since=episode.since)

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

    Points already passed fall away, but there is at least one more attempt: then at twice the data.

    >>> attempts_after(1), attempts_after(3), attempts_after(20)
    ([2, 4, 8, 16], [4, 8, 16], [40])
    """
    return [point for point in ATTEMPTS_AT if point > labelled] or [2 * labelled]


def windows_since_change(history: list[Pool], pool: Pool) -> int:
    """How many of the latest windows belong to the change: the largest binomial likelihood ratio decides.

    Args:
        history: the latest windows, oldest first; the change is dated to one of them.
        pool: everything that the detector has seen, the windows of `history` included.

    Returns:
        1 for the latest window alone; ties go to the shorter span.

    >>> calm, changed = Pool(1000, 20), Pool(1000, 200)
    >>> windows_since_change([calm, calm, changed, changed, changed], Pool(9000, 720))
    3
    """
    records = np.cumsum([window.records for window in reversed(history)]).astype(float)
    errors = np.cumsum([window.errors for window in reversed(history)]).astype(float)
    before = pool.records - records
    # Half an error in one record more keeps the rate before the change inside (0, 1).
    usual = (pool.errors - errors + 0.5) / (before + 1)
    rate = errors / np.maximum(records, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = np.where(errors > 0, errors * np.log(rate / usual), 0.0)
        right = np.where(records > errors, (records - errors) * np.log((1 - rate) / (1 - usual)), 0.0)
    ratio = np.where((rate > usual) & (before > 0), wrong + right, 0.0)
    return int(np.argmax(ratio)) + 1
