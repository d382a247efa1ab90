"""What a column says about the label: statistics of counts, ranks and how they agree. Knows nothing of Spark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def mutual_information(table: Ints) -> float:
    """How many bits a column says about the label, corrected for the bias of small counts; never below 0.

    Miller and Madow's correction (1955): an entropy of m classes seen in n rows is (m - 1) / (2 n) nats too small.

    Args:
        table: int64[bins, 2], rows by the column's bin and the label.

    Returns:
        Bits; NaN with one class only.
    """
    counts = _without_empty(table)
    if counts.shape[1] < 2:
        return math.nan
    entropies = (_entropy(counts.sum(axis=1)), _entropy(counts.sum(axis=0)), _entropy(counts.ravel()))
    return max(0.0, entropies[0] + entropies[1] - entropies[2])


def _entropy(counts: Ints) -> float:
    """Miller and Madow's estimate, in bits."""
    seen = counts[counts > 0]
    shares = seen / seen.sum()
    nats = float(-(shares * np.log(shares)).sum()) + (len(seen) - 1) / (2 * int(seen.sum()))
    return nats / math.log(2)


def chi_squared(table: Ints) -> tuple[float, float]:
    """Pearson's statistic of independence and its p-value, without a continuity correction.

    Args:
        table: int64[bins, 2], rows by the column's bin and the label; empty bins don't count.

    Returns:
        Both NaN where there is one bin or one class only. Trap: with less than about 5 rows expected in a bin the
        p-value is rough.
    """
    from scipy.stats import chi2

    counts = _without_empty(table)
    if min(counts.shape) < 2:
        return math.nan, math.nan
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return statistic, float(chi2.sf(statistic, (counts.shape[0] - 1) * (counts.shape[1] - 1)))


def cramers_v(table: Ints) -> float:
    """How closely two columns of words go together, from 0 to 1; NaN if one of them is constant.

    Args:
        table: int64[words of one, words of the other], rows.

    Returns:
        With Bergsma's correction (2013) for the bias of large tables.
    """
    counts = _without_empty(table)
    n, (rows, columns) = int(counts.sum()), counts.shape
    if min(rows, columns) < 2 or n < 2:
        return math.nan
    phi = chi_squared(counts)[0] / n
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1) for r in (rows, columns))
    return math.sqrt(phi / (smaller - 1)) if smaller > 1 else math.nan


def _without_empty(table: Ints) -> Ints:
    kept: Ints = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return kept


def anova_f(between: float, within: float, rows: Sequence[int]) -> tuple[float, float]:
    """The F statistic of a one-way analysis of variance, and its p-value.

    Args:
        between: the sum of squares between the classes.
        within: the sum of squares within them.
        rows: of each class.

    Returns:
        Both NaN with a class without rows, too few rows, or a constant column. Classes that don't vary in themselves,
        to the precision of the sums, give infinity and 0.
    """
    from scipy.stats import f

    free = sum(rows) - len(rows)
    if min(rows) == 0 or free < 1 or not between + within > 0:
        return math.nan, math.nan
    if within <= 1e-14 * between:
        return math.inf, 0.0
    statistic = between / (len(rows) - 1) / (within / free)
    return statistic, float(f.sf(statistic, len(rows) - 1, free))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979); NaN stays NaN and doesn't count.

    >>> holm([0.01, float("nan"), 0.04, 0.03])
    [0.03, nan, 0.06, 0.06]
    """
    defined = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    corrected, largest = [math.nan] * len(p_values), 0.0
    for tested, (p, place) in enumerate(defined):
        largest = max(largest, min(1.0, p * (len(defined) - tested)))
        corrected[place] = largest
    return corrected


def ranks(values: Sequence[float]) -> list[int | None]:
    """1 for the largest; equals share the better rank, and NaN has none.

    >>> ranks([0.5, float("nan"), 0.9, 0.5])
    [2, None, 1, 2]
    """
    return [None if math.isnan(value) else 1 + sum(other > value for other in values) for value in values]


def agreement(rankings: Mapping[str, Sequence[int | None]]) -> list[tuple[str, str, float]]:
    """Spearman's correlation between each two rankings, over the columns that both rank; NaN for fewer than 3."""
    found = []
    for a, b in combinations(rankings, 2):
        both = [(x, y) for x, y in zip(rankings[a], rankings[b], strict=True) if x is not None and y is not None]
        values = np.array(both, np.float64).reshape(-1, 2)
        found.append((a, b, spearman(values[:, 0], values[:, 1]) if len(both) > 2 else math.nan))
    return found


def pearson(a: Floats, b: Floats) -> float:
    """Pearson's correlation over the rows where both are finite; NaN if one of them is constant there."""
    both = np.isfinite(a) & np.isfinite(b)
    return _correlation(a[both], b[both])


def spearman(a: Floats, b: Floats) -> float:
    """Spearman's rank correlation over the rows where neither is NaN; equals share their mean rank."""
    from scipy.stats import rankdata

    both = ~(np.isnan(a) | np.isnan(b))
    return _correlation(rankdata(a[both]), rankdata(b[both]))


def _correlation(a: Floats, b: Floats) -> float:
    if len(a) < 2 or (a == a[0]).all() or (b == b[0]).all():
        return math.nan
    x, y = (_unit(values) for values in (a, b))
    return float(np.clip((x * y).sum(), -1.0, 1.0))


def _unit(values: Floats) -> Floats:
    """Centred, and of length 1; scaled first, so that no square overflows or vanishes."""
    largest = np.abs(values).max()
    centred = values / largest - (values / largest).mean()
    scale = np.abs(centred).max()
    centred = centred / scale if scale > 0 else centred
    length = math.sqrt(float((centred * centred).sum()))
    unit: Floats = centred / length if length > 0 else np.full(len(values), np.nan)
    return unit
