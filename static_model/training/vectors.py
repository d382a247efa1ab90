"""Whole rows: exact duplicates, equal features with different labels, and the accuracy that no model can pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column, Dataset

from .rows import COPY, LABEL, column


@dataclass(frozen=True, slots=True)
class Vectors:
    """Rows grouped by equal values in some columns.

    Attributes:
        rows: all rows.
        distinct: different vectors of values.
        labelled: different vectors with their label.
        conflicting: vectors that occur with both labels, and the rows that hold them.
        conflicting_rows: see there.
        majority: rows that have their vector's more frequent label.
    """

    rows: int
    distinct: int
    labelled: int
    conflicting: int
    conflicting_rows: int
    majority: int

    @property
    def ceiling(self) -> float:
        """The best accuracy on these rows of anything that sees these columns only: the larger class wins each."""
        return self.majority / self.rows


def repeated_rows(frame: DataFrame) -> int:
    """Rows that are equal in all columns to another one, which is not counted."""
    return int(frame.filter(F.col(COPY) > 0).count())


def vectors_of(frame: DataFrame, columns: Sequence[Column]) -> Vectors:
    """Group the rows by what these columns hold; null equals null.

    Rows are told apart by a hash of 128 bits instead of the values, which are wide: at a billion different vectors the
    chance that any two are confused is below 1e-20.
    """
    ones = F.col(LABEL).cast("long").alias("one")
    vectors = frame.select(*_keys(columns), ones).groupBy("k0", "k1")
    sizes = vectors.agg(F.count(F.lit(1)).alias("n"), F.sum("one").alias("n1"))
    n, n1 = F.col("n"), F.col("n1")
    both = (n1 > 0) & (n1 < n)
    found = sizes.agg(
        F.sum("n"),
        F.count(F.lit(1)),
        F.sum(F.when(both, 2).otherwise(1)),
        F.sum(both.cast("long")),
        F.sum(F.when(both, n).otherwise(0)),
        F.sum(F.greatest(n1, n - n1)),
    ).collect()[0]
    return Vectors(*(int(value or 0) for value in found))


def shared_rows(frame: DataFrame, others: DataFrame, columns: Sequence[Column]) -> int:
    """How many rows have the same values in these columns as one of the others; told apart as in `vectors_of`."""
    seen = others.select(*_keys(columns)).distinct()
    return int(frame.select(*_keys(columns)).join(seen, ["k0", "k1"], "left_semi").count())


def _keys(columns: Sequence[Column]) -> list[object]:
    """Two hashes; Spark's hash skips nulls, so that where they stand is hashed too."""
    values = [column(c.name) for c in columns]
    nulls = [column(c.name).isNull() for c in columns if c.nullable]
    return [F.xxhash64(F.lit(salt), *values, *nulls).alias(f"k{salt}") for salt in (0, 1)]


def ceilings(frame: DataFrame, dataset: Dataset) -> dict[str, Vectors]:
    """The vectors of the contract's features, and of these with each column more that it leaves out."""
    features = dataset.features
    found = {f"the {len(features)} features of the contract": vectors_of(frame, features)}
    for left_out in dataset.columns:
        if left_out not in features and left_out.type != "label":
            note = f" ({left_out.note})" if left_out.note else ""
            found[f"with {left_out.name}{note}"] = vectors_of(frame, [*features, left_out])
    return found
