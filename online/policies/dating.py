"""When did the error rate change? Shared by the policies that date it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from online.interfaces import Pool

LOOK_BACK = 50
"""A change is dated to at most this many windows back."""


def windows_since_change(history: Sequence[Pool], pool: Pool) -> int:
    """How many of the latest windows belong to the change: the largest binomial likelihood ratio decides.

    The ratio compares one rate before and another after the change with one rate throughout. (Against the rate
    before as if it were known, a young pool, whose rate is uncertain, would date every change to its own start.)

    Args:
        history: the latest windows, oldest first; the change is dated to one of them.
        pool: all windows since the last reset, those of `history` included.

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
