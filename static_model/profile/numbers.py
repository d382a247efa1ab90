"""Columns of numbers, from their counts: moments, exact quantiles, histograms, and rows by bin and class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column

from .plans import Basics, Plan, first_look

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FENCE = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """What is known of one column of numbers; NaN is undefined.

    Attributes:
        nulls: rows without a value, of class 0 and of class 1.
        rows: rows with a value, likewise.
        distinct: different values.
        mean: of the values.
        sd: the sample's standard deviation (n - 1).
        extremes: the smallest and the largest value.
        quartiles: exact, interpolated linearly between neighbours.
        skewness: of the population, as Spark's and SciPy's.
        kurtosis: likewise, in excess of a normal distribution's 3.
        outliers: values more than 1.5 quartile ranges outside the quartiles (Tukey's fences).
        between: the sum of squares between the classes, and `within` them, for the analysis of variance; both in one
            unit of their own, so that huge numbers have one.
        within: see there.
        edges: float64[bars + 1], of the histogram's inner bins.
        bars: int64[bars + 2, 2], rows by bin and class; the first and last are below and above the edges.
        binned: int64[bins, 2], rows by bin and class; rows without a value are a bin of their own.
    """

    nulls: tuple[int, int]
    rows: tuple[int, int]
    distinct: int
    mean: float
    sd: float
    extremes: tuple[float, float]
    quartiles: tuple[float, float, float]
    skewness: float
    kurtosis: float
    outliers: int
    between: float
    within: float
    edges: Floats
    bars: Ints
    binned: Ints


def measure_numbers(counts: DataFrame, columns: Mapping[int, Column]) -> dict[str, Numbers]:
    """Measure the columns whose counts these are (`counts.counted_numbers`), by name."""
    if not columns:
        return {}
    basics, plans = first_look(counts)
    planned = counts.filter("value is not null").join(F.broadcast(_frame(counts, plans)), "place")
    sums = _sums(planned)
    bars, bins = (_binned(planned, name) for name in ("edges", "cuts"))
    return {
        columns[place].name: _joined(found, plans[place], sums[place], bars[place], bins[place])
        if found.size
        else _nothing(found)
        for place, found in sorted(basics.items())
    }


def _frame(counts: DataFrame, plans: Mapping[int, Plan]) -> DataFrame:
    found = list(plans.values())
    table = {
        "place": pa.array(plans, pa.int32()),
        "mean": pa.array([plan.mean for plan in found], pa.float64()),
        "scale": pa.array([plan.scale for plan in found], pa.float64()),
        "q1": pa.array([plan.quartiles[0] for plan in found], pa.float64()),
        "q3": pa.array([plan.quartiles[2] for plan in found], pa.float64()),
        "edges": pa.array([plan.edges for plan in found], pa.list_(pa.float64())),
        "cuts": pa.array([plan.cuts for plan in found], pa.list_(pa.float64())),
    }
    return counts.sparkSession.createDataFrame(pa.table(table))


def _sums(planned: DataFrame) -> dict[int, Any]:
    """Sums of powers around the mean, by class where that is needed, and the values outside the fences.

    Distances are scaled to at most 1, so that no power of theirs overflows or vanishes.
    """
    away = F.col("value") * F.col("scale") - F.col("mean") * F.col("scale")
    n, n1 = F.col("n"), F.col("n1")
    reach = (F.col("q3") - F.col("q1")) * FENCE
    outside = (F.col("value") < F.col("q1") - reach) | (F.col("value") > F.col("q3") + reach)
    found = planned.groupBy("place").agg(
        *(F.sum(n * _power(away, k)).alias(f"m{k}") for k in (2, 3, 4)),
        *(F.sum((n - n1) * _power(away, k)).alias(f"zero{k}") for k in (1, 2)),
        *(F.sum(n1 * _power(away, k)).alias(f"one{k}") for k in (1, 2)),
        F.sum(F.when(outside, n).otherwise(0)).alias("outliers"),
    )
    return {row["place"]: row for row in found.collect()}


def _power(value: Expression, exponent: int) -> Expression:
    return reduce(lambda product, _: product * value, range(exponent - 1), value)


def _binned(planned: DataFrame, name: str) -> dict[int, Ints]:
    """Rows by bin and class: a bin holds what is above the edge before it, up to its own edge (included).

    The bins of a histogram are closed on the left instead, but for the last, as NumPy's are.
    """
    if name == "edges":
        last = F.element_at(name, -1)
        inside = F.filter(name, lambda edge: (edge <= F.col("value")) & ((edge < last) | (F.col("value") > last)))
    else:
        inside = F.filter(name, lambda edge: edge < F.col("value"))
    sized = planned.select("place", F.size(inside).alias("bin"), F.size(name).alias("edges"), "n", "n1")
    found = sized.groupBy("place", "bin").agg(F.max("edges").alias("edges"), F.sum("n").alias("n"), F.sum("n1"))
    tables: dict[int, Ints] = {}
    for place, index, edges, n, n1 in found.collect():
        tables.setdefault(place, np.zeros((edges + 1, 2), np.int64))[index] = n - n1, n1
    return tables


def _joined(basics: Basics, plan: Plan, sums: Any, bars: Ints, bins: Ints) -> Numbers:
    size, spread = basics.size, sums["m2"] / basics.size
    varies = basics.distinct > 1 and spread > 0
    between, within = _by_class(basics.rows, sums)
    return Numbers(
        nulls=basics.nulls,
        rows=basics.rows,
        distinct=basics.distinct,
        mean=plan.mean,
        sd=math.sqrt(sums["m2"] / (size - 1)) / plan.scale if size > 1 else math.nan,
        extremes=(basics.least, basics.most),
        quartiles=plan.quartiles,
        skewness=sums["m3"] / size / spread**1.5 if varies else math.nan,
        kurtosis=sums["m4"] / size / spread**2 - 3 if varies else math.nan,
        outliers=sums["outliers"],
        between=between,
        within=within,
        edges=np.array(plan.edges),
        bars=bars,
        binned=np.vstack([bins, basics.nulls]),
    )


def _by_class(rows: tuple[int, int], sums: Any) -> tuple[float, float]:
    """Sums of squares between and within the classes, from sums around the common mean."""
    shifts = [sums[f"{name}1"] ** 2 / n if n else 0.0 for name, n in zip(("zero", "one"), rows, strict=True)]
    return sum(shifts), max(sums["zero2"] - shifts[0], 0.0) + max(sums["one2"] - shifts[1], 0.0)


def _nothing(basics: Basics) -> Numbers:
    undefined, empty = math.nan, np.zeros((0, 2), np.int64)
    return Numbers(
        nulls=basics.nulls,
        rows=(0, 0),
        distinct=0,
        mean=undefined,
        sd=undefined,
        extremes=(undefined, undefined),
        quartiles=(undefined, undefined, undefined),
        skewness=undefined,
        kurtosis=undefined,
        outliers=0,
        between=undefined,
        within=undefined,
        edges=np.zeros(0),
        bars=empty,
        binned=np.array([basics.nulls], np.int64),
    )
