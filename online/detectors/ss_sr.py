"""SS-SR: a self-starting Shiryaev-Roberts detector on the error counts of windows."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import gammaln, ndtri

from online.interfaces import Eats, Losses, Pool

SHIFTS = (0.5, 1.0, 2.0, 4.0)
"""The sizes of change, in standard deviations of a window's count, over which the statistic averages."""
WARNING = 10
"""A warning comes at this fraction of `c`."""


class SSSR(BaseModel):
    """The default detector. Fires when the error rate rises; needs no error rate to be given.

    If errors are exchangeable between two resets, at most one false alarm is expected per `c` windows;
    windows that scatter more than binomial counts break that budget. One-sided: improvements never fire.
    Per 1,000 drift-free windows of 1,000 records there are 0.1 and 0.3 false alarms at error rates of 2 and 18 %.
    The warning is the same test at `c` / 10, so that at most one false run of warnings begins per `c` / 10 windows.

    Eats losses of 0 and 1. Cost: 60 us per window of 1,000 records. State: six numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    eats: ClassVar[Eats] = "losses"

    kind: Literal["ss-sr"] = "ss-sr"
    c: float = Field(default=1443.0, gt=1)

    def begin(self, pool: Pool) -> ShiryaevRoberts:
        """A detector at work, starting from a pool of held-out records (0 of them is allowed)."""
        return ShiryaevRoberts(self.c, pool)


class ShiryaevRoberts:
    """Compares each window's errors with all earlier ones by their hypergeometric tail.

    Conditioning on the total number of errors removes the unknown error rate (as Quesenberry's Q charts, 1991);
    the normal scores feed Shiryaev-Roberts sums for several shifts, whose mean is compared with `c`.

    >>> detector = ShiryaevRoberts(1443.0, Pool(10_000, 200))
    >>> detector.update(np.repeat([0.0, 1.0], [880, 120]))
    >>> detector.drift
    True
    """

    def __init__(self, c: float, pool: Pool) -> None:
        self.c = c
        self.reset(pool)

    def reset(self, pool: Pool) -> None:
        """Start anew from `pool`: records that the model in force had not been trained on, and its errors."""
        self._pool = pool
        self._sums = np.zeros(len(SHIFTS))

    def update(self, losses: Losses) -> None:
        """Take in one window's losses, float64[n] of 0 and 1. An empty window changes nothing."""
        records, errors = len(losses), int(losses.sum())
        if records == 0:
            return
        score = _normal_score(self._pool, records, errors)
        self._pool = Pool(self._pool.records + records, self._pool.errors + errors)
        shifts = np.array(SHIFTS)
        self._sums = (self._sums + 1) * np.exp(shifts * score - shifts**2 / 2)

    @property
    def statistic(self) -> float:
        """The mean of the sums; an alarm when it reaches `c`."""
        return float(self._sums.mean())

    @property
    def reason(self) -> str:
        """What the latest window showed, in words."""
        return f"the error rate rose: {self.statistic:.3g} {'reached' if self.drift else 'of'} {self.c:g}"

    @property
    def warning(self) -> bool:
        """Whether the latest window gave a warning."""
        return self.statistic >= self.c / WARNING

    @property
    def drift(self) -> bool:
        """Whether the latest window raised an alarm."""
        return self.statistic >= self.c


def _normal_score(pool: Pool, records: int, errors: int) -> float:
    """The upper tail of the window's errors, given all errors so far, as a normal score (at most 8)."""
    tail = _upper_tail(errors, population=pool.records + records, wrong=pool.errors + errors, draws=records)
    return -math.inf if tail >= 1.0 else min(8.0, -float(ndtri(max(tail, 1e-15))))


def _upper_tail(least: int, *, population: int, wrong: int, draws: int) -> float:
    """P(X >= least) for X wrong ones among `draws` from a population, without replacement."""
    lowest, highest = max(0, draws + wrong - population), min(draws, wrong)
    if least <= lowest:
        return 1.0
    k = np.arange(least, highest + 1, dtype=float)
    logs = _log_choose(wrong, k) + _log_choose(population - wrong, draws - k)
    return float(min(1.0, np.exp(logs - _log_choose(population, np.array(float(draws)))).sum()))


def _log_choose(n: int, k: np.ndarray) -> np.ndarray:
    result: np.ndarray = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return result
