"""Which columns say the same as another one: correlations in a sample of rows, and copies among all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column
from static_model.training.rows import column

from .statistics import cramers_v, pearson, spearman
from .words import TOP

Floats = npt.NDArray[np.float64]

CLOSE = 0.95
"""Columns are redundant from this size of a correlation, or of Cramer's V, on."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns of numbers and their correlations; NaN where one of them is constant."""

    a: str
    b: str
    pearson: float
    spearman: float


@dataclass(frozen=True, slots=True)
class Link:
    """Two columns that say the same: how closely they go together, and by which measure."""

    a: str
    b: str
    association: float
    measure: str


def correlate(sample: pa.Table, columns: Sequence[Column]) -> list[Pair]:
    """The correlations of each two columns of numbers, over the rows where both have a value."""
    numbers = [c.name for c in columns if c.type in ("int", "float")]
    values = {name: _floats(sample, name) for name in numbers}
    ranked = {name: _ranked(found) for name, found in values.items()}
    return [Pair(a, b, pearson(values[a], values[b]), _spearman(values, ranked, a, b)) for a, b in _two(numbers)]


def _two(names: Sequence[str]) -> combinations[tuple[str, str]]:
    return combinations(names, 2)


def _floats(sample: pa.Table, name: str) -> Floats:
    values: Floats = sample[name].cast(pa.float64(), safe=False).to_numpy()
    return values


def _ranked(values: Floats) -> Floats | None:
    """The ranks, once for all pairs; None where a value is missing, as ranks then depend on the other column."""
    from scipy.stats import rankdata

    return None if np.isnan(values).any() else rankdata(values)


def _spearman(values: Mapping[str, Floats], ranked: Mapping[str, Floats | None], a: str, b: str) -> float:
    x, y = ranked[a], ranked[b]
    return spearman(values[a], values[b]) if x is None or y is None else pearson(x, y)


def linked(frame: DataFrame, sample: pa.Table, pairs: Sequence[Pair], features: Sequence[Column]) -> list[Link]:
    """The pairs of features that say the same, in the order of the contract.

    Args:
        frame: all rows; whether a column is a copy is looked up there.
        sample: some of the rows.
        pairs: what `correlate` found in the sample.
        features: the columns to compare.
    """
    names = {c.name for c in features}
    close = [_closer(pair) for pair in pairs if {pair.a, pair.b} <= names]
    close += _words(sample, [c.name for c in features if c.type == "string"])
    close = [link for link in close if abs(link.association) >= CLOSE]
    copies = _copies(frame, [link for link in close if _equal(sample, link)])
    return [Link(x.a, x.b, 1.0, "an exact copy") if (x.a, x.b) in copies else x for x in close]


def _closer(pair: Pair) -> Link:
    found = {"rank correlation": pair.spearman, "correlation": pair.pearson}
    measure = max(found, key=lambda name: np.nan_to_num(abs(found[name])))
    return Link(pair.a, pair.b, found[measure], measure)


def _words(sample: pa.Table, names: Sequence[str]) -> list[Link]:
    codes = {name: _codes(sample, name) for name in names}
    found = []
    for a, b in _two(names):
        table = np.zeros((TOP + 2, TOP + 2), np.int64)
        np.add.at(table, (codes[a], codes[b]), 1)
        found.append(Link(a, b, cramers_v(table), "Cramér's V"))
    return found


def _codes(sample: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Each row's word as a number: its place among the most frequent ones, one for all others, one for none."""
    counts = pc.value_counts(sample[name].combine_chunks().drop_null())
    order = np.argsort(-counts.field("counts").to_numpy(), kind="stable")[:TOP]
    places = pc.index_in(sample[name], value_set=counts.field("values").take(pa.array(order)))
    others = pc.fill_null(places.cast(pa.int64()), TOP)
    codes: npt.NDArray[np.int64] = pc.if_else(sample[name].is_valid(), others, TOP + 1).to_numpy()
    return codes


def _equal(sample: pa.Table, link: Link) -> bool:
    if link.association < 1 - 1e-9:
        return False
    first, second = sample[link.a], sample[link.b]
    both = pc.fill_null(pc.equal(first, second), False)
    neither = pc.and_(first.is_null(), second.is_null())
    return bool(pc.all(pc.or_(both, neither)).as_py())


def _copies(frame: DataFrame, links: Sequence[Link]) -> set[tuple[str, str]]:
    """Those pairs that are equal in every row, one pass for all of them."""
    if not links:
        return set()
    differ = [F.count(F.when(~column(x.a).eqNullSafe(column(x.b)), 1)).alias(str(i)) for i, x in enumerate(links)]
    found = frame.agg(*differ).collect()[0]
    return {(x.a, x.b) for i, x in enumerate(links) if not found[str(i)]}
