"""Binned columns: how often a reference and a window fall into the bins that the reference decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from online.interfaces import Features

FEW = 20
"""A column with at most so many distinct values in the reference is binned by value, and else by quantiles."""
LEAST_EXPECTED = 5
"""Bins of which a window should have fewer records than that are put together (Cochran, Biometrics 1954)."""

Counts = npt.NDArray[np.int64]
"""Records per bin, int64[2, bins]: of the reference, and of the window."""


def has_few_values(column: npt.NDArray[np.float64], few: int = FEW) -> bool:
    """Whether there are at most `few` distinct values, a missing one (NaN) being one of them.

    >>> has_few_values(np.array([0.0, 1.0, 1.0, np.nan]), 3), has_few_values(np.arange(30.0))
    (True, False)
    """
    return len(np.unique(column)) <= few


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """The bins of one column.

    Attributes:
        cuts: the known values, ascending, where `exact`; else the upper ends of all bins but the last.
        exact: whether there is a bin for each known value, and one more for all unknown ones. Else the bins are
            intervals, and one more for missing values.
        reference: int64[bins], the records of the reference in each.
    """

    cuts: npt.NDArray[np.float64]
    exact: bool
    reference: Counts

    def counts(self, column: npt.NDArray[np.float64]) -> Counts:
        """Of the reference and of this column, float64[n]; bins that are too rare for both are put together."""
        return together(np.stack([self.reference, self.own(column)]))

    def own(self, column: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """How many records of this column, float64[n], fall into each bin, int64[bins]."""
        return _count(self.cuts, column, exact=self.exact)


def bins_of(column: npt.NDArray[np.float64], *, exact: bool, bins: int) -> Bins:
    """The bins of a reference column, float64[n]: its values, or its quantiles, each with about n / `bins` records.

    >>> bins_of(np.arange(8.0), exact=False, bins=4).reference.tolist()
    [2, 2, 2, 2, 0]
    """
    if exact:
        cuts = np.unique(column)
    else:
        known = column[~np.isnan(column)]
        cuts = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf"))
    return Bins(cuts, exact, _count(cuts, column, exact=exact))


def all_bins(reference: Features, *, bins: int) -> list[Bins]:
    """The bins of each column of a reference, float64[n, d]."""
    return [bins_of(column, exact=has_few_values(column), bins=bins) for column in reference.T]


def together(counts: Counts) -> Counts:
    """Put bins together, the rarest first, until a window is expected to have at least five records in each.

    What is expected is judged by both rows together, never by one alone: that would make rare values look like a
    change where there is none.

    >>> together(np.array([[500, 490, 6, 4], [50, 48, 1, 1]])).tolist()
    [[500, 500], [50, 50]]
    """
    both = counts.sum(axis=0)
    needed = LEAST_EXPECTED * both.sum() / counts[1].sum()
    order = np.argsort(both, kind="stable")
    rare = int(np.searchsorted(both[order], needed))
    if rare and both[order[:rare]].sum() < needed:
        rare += 1
    if not rare:
        return counts
    rest = counts[:, order[:rare]].sum(axis=1, keepdims=True)
    return np.hstack([counts[:, np.sort(order[rare:])], rest])


def _count(cuts: npt.NDArray[np.float64], column: npt.NDArray[np.float64], *, exact: bool) -> Counts:
    places = np.searchsorted(cuts, column, side="left")  # NaN is the largest value there is, and equal to itself
    if exact:
        found = cuts[np.minimum(places, len(cuts) - 1)]
        places[(found != column) & ~(np.isnan(found) & np.isnan(column))] = len(cuts)
        return np.bincount(places, minlength=len(cuts) + 1)
    places[np.isnan(column)] = len(cuts) + 1
    return np.bincount(places, minlength=len(cuts) + 2)
