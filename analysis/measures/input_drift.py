"""How far each window's features have moved from those of the first windows, and how far chance alone moves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from online.detectors.bins import Bins, Counts, all_bins, together
from online.detectors.divergence import shares
from online.detectors.psi import Psi

SHARE, LEAST, MOST = 0.1, 5, 50
"""The reference: a tenth of the windows, but not fewer than 5 and not more than 50."""
BINS, WORDS = 10, 20
"""Quantile bins of a column of numbers; a column of words has a bin for each of so many most frequent ones."""
LEVEL = 0.05
"""How often chance alone colours any cell of the whole map, if the records are independent."""

Floats = npt.NDArray[np.float64]
PSI = Psi()


def reference_windows(windows: int) -> int:
    """How many of the first windows the others are held against.

    >>> [reference_windows(windows) for windows in (10, 100, 268, 5000)]
    [5, 10, 27, 50]
    """
    return min(MOST, max(LEAST, -int(-windows * SHARE // 1)))


def frequent_words(column: pa.Array, most: int = WORDS) -> pa.Array:
    """The most frequent words, the first in the alphabet where several are as frequent.

    >>> frequent_words(pa.array(["b", "a", None, "b", "c"]), most=2).to_pylist()
    ['b', 'a']
    """
    counts = pc.value_counts(column.drop_null())
    ordered = sorted(zip(counts.field("counts").to_pylist(), counts.field("values").to_pylist(), strict=True))
    top = sorted(ordered, key=lambda pair: (-pair[0], pair[1]))[:most]
    return pa.array([word for _, word in top], column.type)


def as_numbers(column: pa.Array, words: pa.Array | None) -> Floats:
    """A column as float64[n]: missing values are NaN, a word is its place among `words`, any other the one after.

    >>> as_numbers(pa.array(["b", "z", None]), pa.array(["a", "b"])).tolist()
    [1.0, 2.0, nan]
    """
    if words is None:
        return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False))
    places = pc.fill_null(pc.index_in(column, value_set=words), len(words)).to_numpy(zero_copy_only=False)
    return np.where(column.is_valid().to_numpy(zero_copy_only=False), places, np.nan).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Moved:
    """The distance of one window's feature from the reference.

    Attributes:
        psi: the population stability index.
        chance: what it is on average if nothing changed and records are independent; 0 for one bin.
        bins: how many were compared.
    """

    psi: float
    chance: float
    bins: int


def moved(counts: Counts) -> Moved:
    """The population stability index of two rows of counts, int64[2, bins], and what chance makes of it.

    If nothing changed it is about chi-squared distributed, times 1/n + 1/m (Yurdakul 2018).

    >>> found = moved(np.array([[500, 500], [60, 40]]))
    >>> round(found.psi, 3), found.chance
    (0.04, 0.011)
    """
    bins = counts.shape[1]
    return Moved(PSI.distance(*shares(counts)), float((bins - 1) * (1 / counts.sum(axis=1)).sum()), bins)


class InputDrift:
    """Holds windows, added in stream order, against the first ones."""

    def __init__(self, features: Sequence[str], *, reference: int) -> None:
        self.features, self.reference = tuple(features), reference
        self._waiting: list[tuple[int, pa.RecordBatch]] = []
        self._columns: list[tuple[Bins, pa.Array | None]] = []
        self._scatter: list[float] = []
        self._found: list[tuple[int, list[Moved] | None]] = []
        self._seen = 0

    def add(self, window: int, records: pa.RecordBatch) -> None:
        """Take in a window; those of the reference wait until it is complete."""
        self._seen += 1
        if self._seen <= self.reference:
            self._waiting.append((window, records))
            if self._seen == self.reference:
                self._begin()
            return
        self._found.append((window, self._compare(records) if self._columns and len(records) else None))

    def _begin(self) -> None:
        table = pa.Table.from_batches([records for _, records in self._waiting])
        if not len(table):
            self._found = [(window, None) for window, _ in self._waiting]
            return
        columns = [table.column(name).combine_chunks() for name in self.features]
        words = [frequent_words(column) if pa.types.is_string(column.type) else None for column in columns]
        values = np.column_stack([as_numbers(*both) for both in zip(columns, words, strict=True)])
        self._columns = list(zip(all_bins(values, bins=BINS), words, strict=True))
        self._found = [
            (window, self._apart(records) if 0 < len(records) < len(table) else None)
            for window, records in self._waiting
        ]
        known = [found for _, found in self._found if found]
        self._scatter = [_scatter([found[k] for found in known]) for k in range(len(self.features))]
        self._waiting = []

    def _own(self, records: pa.RecordBatch) -> list[Counts]:
        """Per feature the reference's counts and this window's, bin by bin."""
        return [
            np.stack([bins.reference, bins.own(as_numbers(records.column(name), words))])
            for name, (bins, words) in zip(self.features, self._columns, strict=True)
        ]

    def _compare(self, records: pa.RecordBatch) -> list[Moved]:
        return [moved(together(counts)) for counts in self._own(records)]

    def _apart(self, records: pa.RecordBatch) -> list[Moved]:
        """A window of the reference against the rest of it."""
        return [moved(together(np.stack([both[0] - both[1], both[1]]))) for both in self._own(records)]

    def table(self) -> pd.DataFrame:
        """A row per window and feature: `psi`, and the `noise` that chance alone seldom exceeds; empty without records.

        A window of the reference is held against the rest of it. `noise` is the quantile of the chi-squared
        approximation that is exceeded in any of all cells in 5 % of streams where nothing changes, times how much
        more the reference's own windows differ from each other than independent records would.
        """
        from scipy.special import chdtri

        level = LEVEL / max(1, len(self._found) * len(self.features))
        rows = chain.from_iterable(
            (
                (window, name, here.psi, factor * here.chance / max(1, here.bins - 1) * chdtri(here.bins - 1, level))
                if here.bins > 1
                else (window, name, here.psi, 0.0)
                for name, here, factor in zip(self.features, found, self._scatter, strict=True)
            )
            if found
            else ((window, name, np.nan, np.nan) for name in self.features)
            for window, found in self._found
        )
        return pd.DataFrame(list(rows), columns=["window", "feature", "psi", "noise"])


def _scatter(found: Sequence[Moved]) -> float:
    """How many times as much windows of the reference differ from the rest of it as chance would make them; 1 or more.

    >>> _scatter([Moved(0.02, 0.01, 10), Moved(0.04, 0.01, 10)]), _scatter([Moved(0.0, 0.0, 1)])
    (3.0, 1.0)
    """
    chance = sum(one.chance for one in found)
    return max(1.0, sum(one.psi for one in found) / chance) if chance else 1.0
