"""Retrain when staleness is expected to cost more than a retrain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from online.interfaces import Attempt, Pool, Situation

from .dating import LOOK_BACK, windows_since_change

MOST_TRIES = 5
"""After so many attempts in vain the present level is taken for the best that a fresh model reaches."""


class CostAware(BaseModel):
    """Asks for retraining when the errors that staleness will cost over the horizon exceed the price of a retrain.

    The bargain is that of CARA (Mahadevan and Mathioudakis, Knowledge-Based Systems 2024): staleness and retraining
    in one currency, here errors. As in Regol et al. ("When to retrain a machine learning model", ICML 2025) it is
    struck over a forecast with its uncertainty. The forecast is persistence: the error rate since the likeliest change
    point, less the rate before it, lasts for `horizon` windows. Of this excess, `doubt` standard errors are taken off,
    so that noise, searched over 50 change points in every window, seldom buys a retrain.

    An attempt that leaves the excess as it was is followed by another only when staleness has meanwhile cost alpha,
    then 2 alpha, 4 alpha, as in the ski-rental problem; after five the present level counts as normal.

    What it can't see: that a fresh model might be better than this one ever was; a decline so slow that the rate
    before absorbs it; whether the fit it buys will help (the gate finds out); and that an arm with several training
    sets pays several fits per attempt: put their sum into `alpha`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = True
    needs_labels: ClassVar[bool] = True

    kind: Literal["cost-aware"] = "cost-aware"
    alpha: float = Field(ge=0)
    horizon: int = Field(default=20, ge=1)
    doubt: float = Field(default=4.0, ge=0)

    def begin(self, pool: Pool) -> Bargain:
        """A fresh model is expected to do as well as the starting model on its held-out records."""
        return Bargain(self, pool)


@dataclass(slots=True)
class Bargain:
    """The policy at work.

    Attributes:
        fresh: records and errors that show what a fresh model is expected to reach; none of `history` are among them.
        history: the latest windows as the model in force predicted them, oldest first; since the change, if one is on.
        tries: attempts since the rate rose; 0 if it is normal.
        paid: errors above the normal rate since the latest attempt.
        waited: windows since then.
    """

    terms: CostAware
    fresh: Pool
    history: list[tuple[int, Pool]] = field(default_factory=list)
    tries: int = 0
    paid: float = 0.0
    waited: int = 0

    def step(self, seen: Situation) -> Attempt | None:
        """An attempt if the expected loss exceeds the price, and the attempts before it have been made up for."""
        if seen.stale and not seen.judged:
            return None
        self._take_in(seen)
        return self._go_on(seen.outcome.window) if self.tries else self._watch(seen.outcome.window)

    def _take_in(self, seen: Situation) -> None:
        window, losses = seen.outcome.window, seen.outcome.losses
        if seen.judged:  # what the former model got wrong says nothing about the one in force now
            self.history, losses = [], seen.current(window)
        part = Pool(len(losses), int(losses.sum()))
        self.history.append((window, part))
        self.paid += part.errors - part.records * self.fresh.errors / max(self.fresh.records, 1)
        self.waited += 1
        if len(self.history) > LOOK_BACK:
            _, oldest = self.history.pop(0)
            self.fresh = self.fresh if self.tries else _sum([self.fresh, oldest])

    def _watch(self, window: int) -> Attempt | None:
        windows = [part for _, part in self.history]
        back = windows_since_change(windows, _sum([self.fresh, *windows]))
        before = _sum([self.fresh, *windows[:-back]])
        cost = self._cost(before, windows[-back:])
        if cost <= self.terms.alpha:
            return None
        self.fresh, self.history = before, self.history[-back:]
        return self._ask(window, cost)

    def _go_on(self, window: int) -> Attempt | None:
        if self.waited >= self.terms.horizon and self.paid / self.waited * self.terms.horizon <= self.terms.alpha:
            self.tries, self.history = 0, []
            return None
        cost = self._cost(self.fresh, [part for _, part in self.history])
        if cost <= self.terms.alpha or self.paid < self.terms.alpha * 2 ** (self.tries - 1):
            return None
        if self.tries < MOST_TRIES:
            return self._ask(window, cost)
        self.tries, self.fresh, self.history = 0, _sum([part for _, part in self.history]), []
        return None

    def _ask(self, window: int, cost: float) -> Attempt:
        self.tries, self.paid, self.waited = self.tries + 1, 0.0, 0
        reason = f"staleness will cost {cost:.0f} errors, more than {self.terms.alpha:g}"
        return Attempt(reason, since=self.history[0][0])

    def _cost(self, before: Pool, windows: Sequence[Pool]) -> float:
        """The errors that the excess of these windows, less the doubt, makes over the horizon."""
        return self.terms.horizon * windows[-1].records * excess(before, _sum(windows), doubt=self.terms.doubt)


def excess(before: Pool, after: Pool, *, doubt: float) -> float:
    """By how much the error rate rose, less that many standard errors; 0 where there is nothing to compare.

    The standard error counts one error and one success more on either side (Agresti and Caffo, The American
    Statistician 2000): the first error of a flawless model is none that proves anything.

    >>> round(excess(Pool(9000, 180), Pool(1000, 120), doubt=4), 3)
    0.058
    """
    if not before.records or not after.records:
        return 0.0
    rise = after.errors / after.records - before.errors / before.records
    return rise - doubt * math.sqrt(_variance(before) + _variance(after))


def _variance(pool: Pool) -> float:
    rate = (pool.errors + 1) / (pool.records + 2)
    return rate * (1 - rate) / (pool.records + 2)


def _sum(pools: Sequence[Pool]) -> Pool:
    return Pool(sum(pool.records for pool in pools), sum(pool.errors for pool in pools))
