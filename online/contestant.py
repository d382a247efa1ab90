"""An arm at work: a champion in force, challengers on trial, and the four parts that decide about them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from .arms import Arm
from .interfaces import Attempt, Event, Judgement, Losses, Pool
from .memo import Fit, Memo, Refused


class Contestant:
    """One arm of the duel.

    Attributes:
        name: the arm's name.
        champion: id of the model in force.
    """

    def __init__(self, arm: Arm, *, champion: str, pool: Pool) -> None:
        self.name = arm.name
        self.champion = champion
        self._arm = arm
        self._policy = arm.policy.begin(pool)
        self._challengers: tuple[str, ...] = ()
        self._judged: bool | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The models that predict the next window: the champion, then the challengers on trial."""
        return (self.champion, *self._challengers)

    def learn(self, windows: Iterable[int], memo: Memo) -> Iterator[Event]:
        """The labels of these windows are known: for each, judge the challengers, ask the policy, train."""
        for window in windows:
            yield from self._learn(window, memo)

    def _learn(self, window: int, memo: Memo) -> Iterator[Event]:
        outcome = memo.outcome(self.champion, window)
        yield from self._try(outcome.losses, window, memo)
        judged, self._judged = self._judged, None
        attempt = self._policy.step(outcome, judged=judged, current=lambda k: memo.losses(self.champion, k))
        if attempt:
            yield from self._train(attempt, window, memo)

    def _try(self, champion: Losses, window: int, memo: Memo) -> Iterator[Event]:
        if self._challengers:
            losses = {model: memo.losses(model, window) for model in self._challengers}
            self._challengers = ()
            yield from self._crown(self._arm.gate.judge(champion, losses))

    def _crown(self, judgement: Judgement) -> Iterator[Event]:
        self._judged = judgement.winner is not None
        self.champion = judgement.winner or self.champion
        for model, (gain, lower) in judgement.gains.items():
            yield {
                "event": "promoted" if model == judgement.winner else "rejected",
                "reason": _judgement(gain, lower, won=model == judgement.winner),
                "model": model,
                "gain": gain,
                "lower": lower if lower is None or math.isfinite(lower) else None,
            }

    def _train(self, attempt: Attempt, window: int, memo: Memo) -> Iterator[Event]:
        if attempt.alarm:
            yield {"event": "drift", "reason": attempt.reason, "since": attempt.since}
        fits: list[Fit] = []
        sets = self._arm.training_sets if self._arm.gate.waits else self._arm.training_sets[:1]
        for training_set in sets:
            span = training_set.span(window, since=attempt.since)
            fit = memo.fit(self._arm.learner, span, minimum=training_set.minimum)
            found = {"training_set": training_set.title, "first_window": span.first, "last_window": span.last}
            if isinstance(fit, Refused):
                yield {"event": "refused", "reason": fit.reason, **found}
            elif fit not in fits:
                fits.append(fit)
                yield {
                    "event": "retrain",
                    "reason": attempt.reason,
                    **found,
                    "rows": fit.rows,
                    "model": fit.model,
                }
        yield from self._enter(tuple(fit.model for fit in fits))

    def _enter(self, challengers: tuple[str, ...]) -> Iterator[Event]:
        self._judged = False  # unless a gate says otherwise: an attempt without a challenger is a miss
        if self._arm.gate.waits:
            self._challengers = challengers
        elif challengers:
            unseen = np.empty(0)
            yield from self._crown(self._arm.gate.judge(unseen, dict.fromkeys(challengers, unseen)))


def _judgement(gain: float | None, lower: float | None, *, won: bool) -> str:
    if gain is None or lower is None:
        return "no gate"
    if won:
        return f"gain {gain:.4f}, at least {lower:.4f}"
    return f"gain {gain:.4f}, perhaps only {lower:.4f}" if lower <= 0 else f"gain {gain:.4f}, another gained more"
