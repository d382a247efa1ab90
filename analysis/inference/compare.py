"""The honest comparison: what one arm gained over another on this stream, how sure that is, and what it cost.

Everything here works on plain arrays of records in stream order. The interval answers one question only:
what these models did on this stream, given its drift. It takes no window for a draw from a population of
windows: that would read the drift itself as noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int8]
Wrong = npt.NDArray[np.bool_]

CONFIDENCE = 0.95
FEWEST_DISCORDANT = 6
"""With fewer records that two arms predict differently, no two-sided sign test reaches 5 %."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A pooled paired loss difference, reference minus arm: positive where the arm is better.

    Attributes:
        records: how many records are compared.
        difference: in error points (errors per 100 records).
        low: lower end of the 95 % interval, in error points.
        high: upper end of it.
        standard_error: in error points.
        windows: how many windows the records lie in.
        identical: no record in any window tells the two apart; then all numbers are exactly 0.
    """

    records: int
    difference: float
    low: float
    high: float
    standard_error: float
    windows: int
    identical: bool

    @property
    def p_value(self) -> float:
        """Two-sided, normal; below 0.05 exactly where the interval excludes 0."""
        if self.identical:
            return 1.0
        if not self.standard_error:
            return 0.0
        return math.erfc(abs(self.difference) / self.standard_error / math.sqrt(2))


def bandwidth(records: int) -> int:
    """How many neighbours a record is taken to depend on: the integer part of the cube root.

    >>> [bandwidth(n) for n in (1, 7, 8, 999, 1000)]
    [1, 1, 2, 9, 10]
    """
    root = round(math.cbrt(records))
    return root if root**3 <= records else root - 1


def pooled_difference(differences: Sequence[npt.NDArray[np.float64]]) -> Estimate:
    """The mean paired loss difference over all records, with a 95 % normal interval.

    The variance comes from the differences centred within their own window, so that a difference which
    changes from window to window (drift) is no noise. It is robust to dependence between neighbouring
    records: Bartlett weights (Newey and West 1987) up to `bandwidth(n)` neighbours within each window.

    Args:
        differences: for each window the loss of the reference minus the loss of the arm, in stream order,
            float64[n_w]; for 0/1 losses the values are -1, 0 and 1. Empty windows count for nothing.

    Raises:
        ValueError: there is no record at all.

    The traps: a claim about a *policy* is not covered, as the luck of one fit lasts until the next one. The
    bandwidth suits the short memory of a record stream: where losses depend on more than some ten neighbours
    the interval is too narrow. A single record says nothing: its interval is from -100 to 100.

    >>> estimate = pooled_difference([np.tile([0.0, 1.0, 0.0, 0.0], 250), np.zeros(1000)])
    >>> estimate.difference, estimate.windows
    (12.5, 2)
    """
    filled = [np.asarray(window, dtype=np.float64) for window in differences if len(window)]
    records = sum(map(len, filled))
    if not records:
        raise ValueError("there is no record to compare")
    if not any(window.any() for window in filled):
        return Estimate(records, 0.0, 0.0, 0.0, 0.0, len(filled), identical=True)
    difference = 100.0 * math.fsum(float(window.sum()) for window in filled) / records
    if records == 1:
        return Estimate(1, difference, -100.0, 100.0, 100.0, 1, identical=False)
    variance = math.fsum(variance_of_sum(w, lags=min(bandwidth(len(w)), len(w) - 1)) for w in _with_a_spread(filled))
    error = 100.0 * math.sqrt(variance) / records
    reach = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * error
    return Estimate(records, difference, difference - reach, difference + reach, error, len(filled), identical=False)


def _with_a_spread(windows: Sequence[npt.NDArray[np.float64]]) -> list[npt.NDArray[np.float64]]:
    """The windows, one of a single record joined to the window before it: alone it has no spread."""
    joined: list[npt.NDArray[np.float64]] = []
    for window in windows:
        if joined and (len(window) == 1 or len(joined[-1]) == 1):
            joined[-1] = np.concatenate([joined[-1], window])
        else:
            joined.append(window)
    return joined


def variance_of_sum(series: npt.NDArray[np.float64], *, lags: int) -> float:
    """The long-run variance of a series' sum by Bartlett weights, exactly unbiased where its values are independent.

    Centring takes away a little of every product, not only of the squares (whose n/(n-1) it generalises):
    under independence `degrees` variances are left of n.

    Args:
        series: float64[n], n > 1.
        lags: how many neighbours a value depends on; at most n - 1.

    >>> variance_of_sum(np.array([1.0, 0.0, 1.0, 0.0]), lags=0)
    1.3333333333333333
    """
    n = len(series)
    centred = series - series.mean()
    total, degrees = float(centred @ centred), n - 1.0
    for lag in range(1, min(lags, n - 1) + 1):
        weight = 2.0 * (1.0 - lag / (lags + 1.0))
        total += weight * float(centred[:-lag] @ centred[lag:])
        degrees -= weight * (n - lag) / n
    return max(total, 0.0) * n / degrees


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm held against the reference on the same records.

    Attributes:
        arm: the arm's name.
        reference: the name of the arm it is held against.
        estimate: the pooled paired difference, or None where nothing is labelled.
        reference_only_wrong: records that only the reference got wrong.
        arm_only_wrong: records that only the arm got wrong.
        reference_errors: all records that the reference got wrong.
        arm_errors: all records that the arm got wrong.
    """

    arm: str
    reference: str
    estimate: Estimate | None
    reference_only_wrong: int
    arm_only_wrong: int
    reference_errors: int
    arm_errors: int

    @property
    def finding(self) -> str:
        """`better`, `worse`, `no difference`, `identical`, `too few` or `unlabelled`, seen from the arm."""
        if self.estimate is None:
            return "unlabelled"
        if self.estimate.identical:
            return "identical"
        if self.estimate.low <= 0 <= self.estimate.high:
            return "no difference"
        if self.reference_only_wrong + self.arm_only_wrong < FEWEST_DISCORDANT:
            return "too few"
        return "better" if self.estimate.difference > 0 else "worse"

    @property
    def p_value(self) -> float:
        """That of the estimate; 1 where nothing may be judged."""
        if self.estimate is None or self.finding == "too few":
            return 1.0
        return self.estimate.p_value


def compare(arm: str, wrong: Sequence[Wrong], reference: str, reference_wrong: Sequence[Wrong]) -> Comparison:
    """Hold an arm against a reference, record by record.

    Args:
        arm: the arm's name.
        wrong: for each window which of its labelled records the arm got wrong, bool[n_w], in stream order.
        reference: the reference's name.
        reference_wrong: the same for the reference; the same windows and the same records.
    """
    pairs = [(np.asarray(r), np.asarray(a)) for r, a in zip(reference_wrong, wrong, strict=True)]
    differences = [r.astype(np.float64) - a for r, a in pairs]
    return Comparison(
        arm=arm,
        reference=reference,
        estimate=pooled_difference(differences) if any(map(len, differences)) else None,
        reference_only_wrong=sum(int((r & ~a).sum()) for r, a in pairs),
        arm_only_wrong=sum(int((a & ~r).sum()) for r, a in pairs),
        reference_errors=sum(int(r.sum()) for r, _ in pairs),
        arm_errors=sum(int(a.sum()) for _, a in pairs),
    )


def majority_class(labels: Labels) -> Labels:
    """What a classifier predicts that always says the more frequent class so far.

    Each record is predicted before its label counts; a tie, and the very first record, is class 0.

    >>> majority_class(np.array([1, 1, 0, 0, 0, 0], dtype=np.int8)).tolist()
    [0, 1, 1, 1, 0, 0]
    """
    lead = np.cumsum(2 * labels.astype(np.int64) - 1)
    return np.concatenate([[0], lead[:-1] > 0])[: len(labels)].astype(np.int8)


def no_change(labels: Labels) -> Labels:
    """What a classifier predicts that repeats the label of the record before; the first record is class 0.

    >>> no_change(np.array([1, 1, 0, 1], dtype=np.int8)).tolist()
    [0, 1, 1, 0]
    """
    return np.concatenate([[0], labels[:-1]])[: len(labels)].astype(np.int8)
