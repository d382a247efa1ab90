"""The first look at the counts of numbers: sizes, extremes, means and exact quantiles, and the bins made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

BARS = 30
"""Bins of a histogram between the outer quantiles; the rest stands in a bin at each end."""
OUTER = (0.005, 0.995)
BINS = 32
"""Bins of about equally many rows, for columns with more than `FEW` distinct numbers."""
FEW = 64
"""So many distinct numbers are a bin each where rows are counted by bin."""
_QUARTERS = (0.25, 0.5, 0.75)
_SMALLER = 2.0**-64


@dataclass(frozen=True, slots=True)
class Basics:
    """A column's rows with and without a value, of class 0 and 1; its distinct values, extremes and mean."""

    rows: tuple[int, int]
    nulls: tuple[int, int]
    distinct: int
    least: float
    most: float
    mean: float

    @property
    def size(self) -> int:
        """Rows with a value."""
        return sum(self.rows)

    @property
    def scale(self) -> float:
        """The power of two by which distances from the mean become at most 1: an exact product that can't overflow."""
        half = max(self.most / 2 - self.mean / 2, self.mean / 2 - self.least / 2)
        return 2.0 ** -min(max(math.frexp(half)[1] + 1, -1000), 1000) if half > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the second look at a column's counts needs from the first."""

    mean: float
    scale: float
    quartiles: tuple[float, float, float]
    edges: list[float]
    cuts: list[float]


def first_look(counts: DataFrame) -> tuple[dict[int, Basics], dict[int, Plan]]:
    """Sizes and means of all columns, and plans for those that have any value; by place."""
    basics = _basics(counts)
    values = _values_at(counts, {place: _positions(found.size) for place, found in basics.items()})
    few = _values_of(counts, [place for place, found in basics.items() if found.distinct <= FEW])
    plans = {place: _plan(found, values[place], few.get(place)) for place, found in basics.items() if found.size}
    return basics, plans


def _basics(counts: DataFrame) -> dict[int, Basics]:
    known = F.col("value").isNotNull()
    found = counts.groupBy("place").agg(
        F.sum(F.when(known, F.col("n")).otherwise(0)).alias("rows"),
        F.sum(F.when(known, F.col("n1")).otherwise(0)).alias("rows1"),
        F.sum("n").alias("all"),
        F.sum("n1").alias("all1"),
        F.count("value").alias("distinct"),
        F.min("value").alias("least"),
        F.max("value").alias("most"),
        F.sum(F.col("value") * F.col("n")).alias("total"),
        F.sum(F.col("value") * _SMALLER * F.col("n")).alias("smaller"),
    )
    return {row["place"]: _basic(row) for row in found.collect()}


def _basic(row: Any) -> Basics:
    rows = (row["rows"] - row["rows1"], row["rows1"])
    nulls = (row["all"] - row["all1"] - rows[0], row["all1"] - rows[1])
    if not sum(rows):
        return Basics(rows, nulls, 0, math.nan, math.nan, math.nan)
    mean = row["total"] / row["rows"] if math.isfinite(row["total"]) else row["smaller"] / row["rows"] / _SMALLER
    least, most = row["least"], row["most"]
    return Basics(rows, nulls, row["distinct"], least, most, min(max(mean, least), most))


def _spots(size: int, shares: Iterable[float]) -> list[tuple[int, float]]:
    """For each share the place of the value below it, from 0, and how far towards the next value it lies."""
    exact = [share * (size - 1) for share in shares]
    return [(int(place), place - int(place)) for place in exact]


def _positions(size: int) -> list[int]:
    if not size:
        return []
    shares = [*_QUARTERS, *OUTER, *(i / BINS for i in range(1, BINS))]
    return sorted({p for below, _ in _spots(size, shares) for p in (below, min(below + 1, size - 1))})


def _values_at(counts: DataFrame, positions: Mapping[int, Sequence[int]]) -> dict[int, dict[int, float]]:
    """The values at these places, from 0, of each column's rows in ascending order."""
    table = {
        "place": pa.array(positions, pa.int32()),
        "asked": pa.array(positions.values(), pa.list_(pa.int64())),
    }
    asked = F.broadcast(counts.sparkSession.createDataFrame(pa.table(table)))
    here = F.filter("asked", lambda at: (at < F.col("upto")) & (at >= F.col("upto") - F.col("n")))
    known = counts.filter("value is not null").join(asked, "place")
    found = known.select("place", "value", here.alias("at")).filter(F.size("at") > 0)
    values: dict[int, dict[int, float]] = {}
    for place, value, at in found.collect():
        values.setdefault(place, {}).update(dict.fromkeys(at, value))
    return values


def _values_of(counts: DataFrame, places: Sequence[int]) -> dict[int, list[float]]:
    """All distinct values of columns that have few, ascending."""
    chosen = reduce(or_, (F.col("place") == place for place in places), F.lit(False))
    values: dict[int, list[float]] = {}
    for row in counts.filter("value is not null").filter(chosen).select("place", "value").collect():
        values.setdefault(row["place"], []).append(row["value"])
    return {place: sorted(found) for place, found in values.items()}


def _plan(basics: Basics, values: Mapping[int, float], few: Sequence[float] | None) -> Plan:
    def quantile(share: float) -> float:
        ((below, beyond),) = _spots(basics.size, [share])
        return _between(values[below], values[min(below + 1, basics.size - 1)], beyond)

    lowest, highest = (quantile(share) for share in OUTER)
    if lowest == highest:
        lowest, highest = basics.least, basics.most
    lower = [values[below] for below, _ in _spots(basics.size, [i / BINS for i in range(1, BINS)])]
    quartiles = (quantile(0.25), quantile(0.5), quantile(0.75))
    cuts = list(few) if few else sorted(set(lower))
    return Plan(basics.mean, basics.scale, quartiles, _edges(lowest, highest), cuts)


def _between(low: float, high: float, beyond: float) -> float:
    """As far between the two; each is weighed alone where their distance is too large for a float64."""
    distance = high - low
    return low + distance * beyond if math.isfinite(distance) else low * (1 - beyond) + high * beyond


def _edges(lowest: float, highest: float) -> list[float]:
    """Equal bins; one around a constant, as wide as a float64 needs to be there."""
    if lowest < highest:
        halves = np.linspace(lowest / 2, highest / 2, BARS + 1)  # the distance of huge numbers isn't finite
        edges: list[float] = np.unique(halves * 2).tolist()
        return edges
    half = max(0.5, abs(lowest) * 1e-9)
    return [lowest - half, lowest + half]
