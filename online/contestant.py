"""An arm at work: a champion in force, challengers on trial, and the four parts that decide about them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from .arms import Arm
from .interfaces import Attempt, Event, Judgement, Losses, Pool, Situation
from .memo import Memo
from .training import Trainer
from .trials import OnProbation, Ready, Reigns, Trial
from .windows import Window


class Contestant:
    """One arm of the duel, frozen within each window.

    Attributes:
        name: the arm's name.
    """

    def __init__(self, arm: Arm, *, champion: str, pool: Pool) -> None:
        self.name = arm.name
        self._gate = arm.gate
        self._latency = arm.latency
        self._policy = arm.policy.begin(pool)
        self._look = getattr(self._policy, "look", None)
        self._trainer = Trainer(arm)
        self._reigns = Reigns([(0, champion)])
        self._ready: list[Ready] = []
        self._trials: list[Trial] = []
        self._probation: OnProbation | None = None
        self._judged: bool | None = None
        self._labelled = -1  # the latest window whose labels are known

    @property
    def champion(self) -> str:
        """Id of the model in force from the next window on."""
        return self._reigns.champion

    @property
    def models(self) -> tuple[str, ...]:
        """The models that predict the next window: the champion, challengers on trial, a former champion."""
        former = (self._probation.former,) if self._probation else ()
        return (self.champion, *(model for trial in self._trials for model in trial.models), *former)

    def learn(self, now: Window, windows: Iterable[int], memo: Memo) -> Iterator[Event]:
        """Window `now` has been predicted, and all labels of `windows` are known: judge, ask the policy, train."""
        if not now.complete:
            return  # the short last window is scored, and no decision follows it
        for window in windows:
            yield from self._learn(now.index, window, memo)
        yield from self._release(now.index)
        if self._look is not None and (attempt := self._look(now.index, memo.features(now.index))):
            yield from self._train(attempt, now.index, memo)

    def _learn(self, now: int, window: int, memo: Memo) -> Iterator[Event]:
        outcome = memo.outcome(self._reigns.at(window), window)
        if not len(outcome.losses):
            return
        self._labelled = window
        stale = self._reigns.at(window) != self.champion
        yield from self._watch_probation(now, window, memo)
        yield from self._try(now, window, memo)
        judged, self._judged = self._judged, None
        seen = Situation(outcome, stale, judged, lambda k: memo.losses(self.champion, k), self._trainer.spent)
        if attempt := self._policy.step(seen):
            yield from self._train(attempt, now, memo)

    def _train(self, attempt: Attempt, now: int, memo: Memo) -> Iterator[Event]:
        if attempt.alarm:
            yield {"event": "drift", "reason": attempt.reason, "since": attempt.since}
        challengers = yield from self._trainer.train(attempt, self._labelled, self.champion, memo)
        if not challengers.models:
            self._judged = False  # an attempt without a challenger is a miss
            return
        self._ready.append(Ready(now + self._latency, challengers.models, challengers.judgement))
        if not self._latency:
            yield from self._release(now)

    def _release(self, now: int) -> Iterator[Event]:
        due = [ready for ready in self._ready if ready.at <= now]
        self._ready = [ready for ready in self._ready if ready.at > now]
        for ready in due:
            if self._gate.trial == "next":
                self._trials.append(Trial(now + 1, ready.models))
            else:
                unseen: Losses = np.empty(0)
                judgement = ready.judgement or self._gate.judge(unseen, dict.fromkeys(ready.models, unseen))
                yield from self._crown(judgement, now)

    def _try(self, now: int, window: int, memo: Memo) -> Iterator[Event]:
        due = [trial for trial in self._trials if trial.first <= window]
        self._trials = [trial for trial in self._trials if trial.first > window]
        for trial in due:
            losses = {model: memo.losses(model, window) for model in trial.models}
            yield from self._crown(self._gate.judge(memo.losses(self.champion, window), losses), now)

    def _crown(self, judgement: Judgement, now: int) -> Iterator[Event]:
        self._judged = judgement.winner is not None
        former = self.champion
        if judgement.winner is not None and judgement.winner != former:
            self._reigns.begin(judgement.winner, first=now + 1)
            if self._gate.probation:
                self._probation = OnProbation(former, now + 1, self._gate.probation)
        for model, (gain, lower) in judgement.gains.items():
            kind = "promoted" if model == judgement.winner else "rejected"
            yield _verdict(kind, model, _words(gain, lower, model, judgement.winner), gain, lower)

    def _watch_probation(self, now: int, window: int, memo: Memo) -> Iterator[Event]:
        probation = self._probation
        if probation is None or window < probation.first:
            return
        gain, lower = self._gate.relapse(*probation.add(self.champion, window, memo))
        if lower > 0:
            self._reigns.begin(probation.former, first=now + 1)
            words = _words(gain, lower, self.champion, self.champion)
            yield _verdict("rolled back", self.champion, words, gain, lower)
        if lower > 0 or probation.over:
            self._probation = None


def _verdict(kind: str, model: str, reason: str, gain: float | None, lower: float | None) -> Event:
    finite = lower if lower is None or math.isfinite(lower) else None
    return {"event": kind, "reason": reason, "model": model, "gain": gain, "lower": finite}


def _words(gain: float | None, lower: float | None, model: str, winner: str | None) -> str:
    if gain is None or lower is None:
        return "no gate"
    if model == winner:
        return f"gain {gain:.4f}, at least {lower:.4f}"
    # With a winner, one that is surely better, too, was beaten by it; else even a sure gain was too small for the gate.
    beaten = winner is not None and lower > 0
    return f"gain {gain:.4f}, another gained more" if beaten else f"gain {gain:.4f}, perhaps only {lower:.4f}"
