"""Training inside an arm: the fits of one attempt, what they cost, and the folds that a crossfit gate asks for."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .arms import Arm
from .interfaces import Attempt, Event, Fold, Judgement, Losses, Rows, Span, Spent
from .memo import Fit, Memo, Refused
from .remembered import in_fold


@dataclass(frozen=True, slots=True)
class Challengers:
    """What an attempt led to: the models, and the gate's judgement where folds were the trial."""

    models: tuple[str, ...] = ()
    judgement: Judgement | None = None


class Trainer:
    """Trains an arm's challengers.

    Attributes:
        spent: what all its fits have cost so far.
    """

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        # Without a trial nothing tells several challengers apart: only the first is made.
        self._sets = arm.training_sets[:1] if arm.gate.trial == "none" else arm.training_sets
        self.spent = Spent()

    def train(self, attempt: Attempt, window: int, champion: str, memo: Memo) -> Generator[Event, None, Challengers]:
        """One challenger from each training set; equal ones once.

        Args:
            attempt: the policy's wish.
            window: the latest window whose labels are known; -1 if none is.
            champion: the model in force.
            memo: makes the fits.
        """
        if attempt.most_fits == 0:
            return Challengers()
        models: list[str] = []
        losses: dict[str, Losses] = {}
        before = self.spent
        for training_set in self._sets:
            rows = training_set.rows(window, attempt)
            found = {"training_set": training_set.title, **_place(rows)}
            fit = self._fit(rows, training_set.minimum, attempt, before, memo)
            if isinstance(fit, Refused):
                yield {"event": "refused", "reason": fit.reason, **found}
            elif fit.model not in models:
                models.append(fit.model)
                cost, unseen = self._folds(rows, training_set.minimum, window, fit, memo)
                self.spent = Spent(self.spent.fits + cost.fits, self.spent.rows + cost.rows)
                if unseen is not None:
                    losses[fit.model] = unseen
                folds = {"fits": cost.fits} if cost.fits > 1 else {}
                yield {
                    "event": "retrain",
                    "reason": attempt.reason,
                    **found,
                    "rows": cost.rows,
                    **folds,
                    "model": fit.model,
                }
        if models and losses:
            return Challengers(tuple(models), self._arm.gate.judge(memo.losses(champion, window), losses))
        return Challengers(tuple(models))

    def _fit(self, rows: Rows, minimum: int, attempt: Attempt, before: Spent, memo: Memo) -> Fit | Refused:
        if rows.span and rows.span.last < 0:
            return Refused("no label is known yet")
        each = 1 + self._arm.gate.folds
        if attempt.most_fits is not None and self.spent.fits - before.fits + each > attempt.most_fits:
            return Refused(f"the budget leaves {max(0, attempt.most_fits - self.spent.fits + before.fits)} fits")
        if attempt.most_rows is not None:
            left = attempt.most_rows - self.spent.rows + before.rows
            needed = memo.count(rows) * each
            if needed > left:
                return Refused(f"the budget leaves {max(0, left):,} rows, {needed:,} are needed")
        return memo.fit(self._arm.learner, rows, minimum=minimum)

    def _folds(self, rows: Rows, minimum: int, window: int, fit: Fit, memo: Memo) -> tuple[Spent, Losses | None]:
        """What the fit and those of its folds cost, and the losses of the latter on records that each had not seen."""
        parts = self._arm.gate.folds
        cost = Spent(1, fit.rows)
        if not parts:
            return cost, None
        losses = np.ones(memo.count(Rows(Span(window, window))))  # where a fold can't be fitted, all is lost
        for part in range(parts):
            fold = Fold(window, part, parts)
            less = memo.fit(self._arm.learner, replace(rows, without=fold), minimum=minimum)
            if isinstance(less, Fit):
                unseen = in_fold(len(losses), fold)
                losses[unseen] = memo.losses(less.model, window)[unseen]
                cost = Spent(cost.fits + 1, cost.rows + less.rows)
        return cost, losses


def _place(rows: Rows) -> dict[str, Any]:
    span = rows.span
    place: dict[str, Any] = {"first_window": span and span.first, "last_window": span and span.last}
    return place if rows.static == "none" else {**place, "static": rows.static}
