"""Retrain after a detected drift: an alarm opens an episode of several attempts, and the detector rests meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from online.detectors.ss_sr import SSSR
from online.interfaces import Attempt, Detector, DetectorKind, Features, Losses, Outcome, Pool, Situation

from .dating import LOOK_BACK, windows_since_change

if TYPE_CHECKING:
    AnyDetector: TypeAlias = DetectorKind
else:
    from online.registry import component

    AnyDetector = component("detector")

ATTEMPTS_AT = (2, 4, 8, 16)
"""An episode's attempts after the one at the alarm, in labelled windows since the change."""
MISSES = 2
"""An episode ends after this many attempts in a row without a promotion."""
NOTHING = Pool(0, 0)


class Drift(BaseModel):
    """Asks for retraining when its detector raises an alarm, and some more times in the episode that follows.

    A detector that eats losses gets those of the model in force, as windows become labelled; its change is dated by
    the likelihood ratio of the errors. A detector that eats features sees each window at once; its change is dated
    to the window of the alarm, and where no label since then is known yet, the alarm asks for no fit (`most_fits`
    is 0) and the first one comes with the first labelled window.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = True

    kind: Literal["drift"] = "drift"
    detector: AnyDetector = SSSR()

    @property
    def needs_labels(self) -> bool:
        """Whether its detector eats losses."""
        return self.detector.eats == "losses"

    def begin(self, pool: Pool) -> DriftEpisodes:
        """A detector that starts from the starting model's held-out records."""
        episodes = DriftEpisodes if self.detector.eats == "losses" else WatchfulEpisodes
        return episodes(self.detector.begin(pool), pool)


@dataclass(slots=True)
class Episode:
    """What is going on between an alarm and the detector's new start."""

    since: int
    pool: Pool
    labelled: int
    due: list[int]
    misses: int = 0
    promoted: int | None = None


@dataclass(slots=True)
class DriftEpisodes:
    """The policy at work, with a detector on losses: either the detector watches, or an episode is open.

    Attributes:
        pool: all labelled records since the detector's last start that the model in force had not seen.
        history: the latest windows among them, oldest first.
        warned: the first window of the warnings that go on.
        labelled: the latest window whose labels are known.
    """

    detector: Detector
    pool: Pool
    history: list[tuple[int, Pool]] = field(default_factory=list)
    warned: int | None = None
    labelled: int = -1
    episode: Episode | None = None

    def step(self, seen: Situation) -> Attempt | None:
        """Feed the detector, or go on with the open episode."""
        self.labelled = seen.outcome.window
        return self._watch(seen) if self.episode is None else self._go_on(self.episode, seen)

    def _watch(self, seen: Situation) -> Attempt | None:
        outcome = seen.outcome
        if seen.judged:  # late, after the end of its episode: there is a new model all the same
            self._restart([seen.current(outcome.window)])
            return None
        if seen.stale:
            return None
        part = Pool(len(outcome.losses), int(outcome.losses.sum()))
        self.pool = Pool(self.pool.records + part.records, self.pool.errors + part.errors)
        self.history = [*self.history, (outcome.window, part)][-LOOK_BACK:]
        return self._detect(outcome)

    def _detect(self, outcome: Outcome) -> Attempt | None:
        self._feed(outcome.window, outcome.losses)
        if not self.detector.drift:
            return None
        back = windows_since_change([window for _, window in self.history], self.pool)
        return self._open(self.history[-back][0], labelled=back)

    def _feed(self, window: int, values: npt.NDArray[np.float64]) -> None:
        self.detector.update(values)
        if not self.detector.warning:
            self.warned = None
        elif self.warned is None:
            self.warned = window

    def _open(self, since: int, *, labelled: int) -> Attempt:
        self.episode = Episode(since, self.pool, labelled, attempts_after(labelled))
        none_yet = None if labelled else 0
        return Attempt(self.detector.reason, since=since, warned=self.warned, alarm=True, most_fits=none_yet)

    def _go_on(self, episode: Episode, seen: Situation) -> Attempt | None:
        window = seen.outcome.window
        tried = episode.labelled > 0  # an alarm that could ask for no fit is no miss
        episode.labelled += window >= episode.since
        judged = seen.judged if tried else None
        if judged is not None:
            episode.misses = 0 if judged else episode.misses + 1
            episode.promoted = window if judged else episode.promoted
        if episode.misses >= MISSES or (judged is not None and not episode.due):
            self._close(episode, window, seen.current)
            return None
        return self._attempt(episode)

    def _attempt(self, episode: Episode) -> Attempt | None:
        if not episode.due or episode.labelled < episode.due[0]:
            return None
        episode.due.pop(0)
        reason = f"{episode.labelled} windows since the change"
        return Attempt(reason, since=episode.since, warned=self.warned)

    def _close(self, episode: Episode, window: int, current: Callable[[int], Losses]) -> None:
        if episode.promoted is None:
            self._restart([], episode.pool)
        else:
            self._restart([current(index) for index in range(episode.promoted, window + 1)])

    def _restart(self, losses: Sequence[Losses], pool: Pool = NOTHING) -> None:
        """The detector starts anew from a pool and these windows of the model in force."""
        records, errors = sum(len(part) for part in losses), int(sum(part.sum() for part in losses))
        self.pool = Pool(pool.records + records, pool.errors + errors)
        self.detector.reset(self.pool)
        self.history, self.warned, self.episode = [], None, None


@dataclass(slots=True)
class WatchfulEpisodes(DriftEpisodes):
    """The policy at work, with a detector on features: it looks at each window before its labels are known."""

    def look(self, window: int, features: Features) -> Attempt | None:
        """Feed the detector, unless it rests."""
        if self.episode is not None:
            return None
        self._feed(window, features)
        return self._open(window, labelled=int(self.labelled >= window)) if self.detector.drift else None

    def _detect(self, outcome: Outcome) -> None:
        """Losses are none of this detector's business."""


def attempts_after(labelled: int) -> list[int]:
    """When to try again, in labelled windows since the change, if the alarm came after `labelled` of them.

    Points already passed fall away, but there is at least one more attempt: as much later as the last regular
    one is after its predecessor, so that the detector doesn't rest for long after a change that was dated far back.
    An alarm before the first labelled window can't try at once: its first attempt is at that window.

    >>> attempts_after(0), attempts_after(1), attempts_after(3), attempts_after(20)
    ([1, 2, 4, 8, 16], [2, 4, 8, 16], [4, 8, 16], [28])
    """
    points = (1, *ATTEMPTS_AT)
    return [point for point in points if point > labelled] or [labelled + ATTEMPTS_AT[-1] - ATTEMPTS_AT[-2]]
