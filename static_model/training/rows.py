"""Rows in Spark: every choice of rows is by their content and a seed, never by their place.

So the same data give the same parts, folds and samples however they were cut into files and partitions; and a frame
that went through `arrange` gives the same fit. Nothing here looks at a prediction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add, or_
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Dataset
from producer.errors import ContractError

LABEL, WEIGHT, IDENTITY, COPY = "__label", "__weight", "__identity", "__copy"
"""Columns of our own: the label as a double, a row's weight, a hash of the whole row, and its number among equals."""

DIGEST_SALTS = 4


def column(name: str) -> Column:
    """The column of exactly this name, whatever it holds: Spark reads dots and backticks otherwise."""
    escaped = name.replace("`", "``")
    return F.col(f"`{escaped}`")


def load_rows(spark: SparkSession, folder: Path, dataset: Dataset) -> DataFrame:
    """The records that `staging.stage_files` wrote: the contract's columns, `LABEL`, `IDENTITY` and `COPY`.

    `IDENTITY` is a 64-bit hash of all columns; `COPY` counts rows of one identity from 0, so both together name a row.
    """
    frame = spark.read.parquet(folder.absolute().as_uri()).toDF(*dataset.names)
    everything = [column(name) for name in dataset.names]
    frame = frame.withColumn(LABEL, column(dataset.label_name).cast("double"))
    frame = frame.withColumn(IDENTITY, _hash(dataset, salt=0))
    equals = Window.partitionBy(IDENTITY).orderBy(*everything)
    return frame.withColumn(COPY, (F.row_number().over(equals) - 1).cast("int"))


def arrange(frame: DataFrame, *, partitions: int) -> DataFrame:
    """The same rows in so many partitions and in an order that depend on nothing but the rows."""
    return frame.repartition(partitions, IDENTITY, COPY).sortWithinPartitions(IDENTITY, COPY)


def class_counts(frame: DataFrame) -> tuple[int, int]:
    """How many rows of class 0 and of class 1 there are."""
    found = {int(row[LABEL]): int(row["count"]) for row in frame.groupBy(LABEL).count().collect()}
    return found.get(0, 0), found.get(1, 0)


def random_split(frame: DataFrame, *, share: float, seed: int) -> tuple[DataFrame, DataFrame]:
    """Split in two, with the same share of each class in both.

    Args:
        frame: rows with `LABEL`, `IDENTITY` and `COPY`.
        share: of each class that is held out, rounded to whole rows.
        seed: which of the many such splits.

    Returns:
        The rows to train on, and the rows held out.
    """
    draw = _draw("split", seed)
    sizes = class_counts(frame)
    cuts = _cuts(frame, draw, {value: [round(share * size)] for value, size in enumerate(sizes)})
    held = _by_class(*(_below(draw, cuts[value][0]) for value in (0, 1)))
    return frame.filter(~held), frame.filter(held)


def folds(frame: DataFrame, *, k: int, seed: int) -> list[tuple[DataFrame, DataFrame]]:
    """Split k times, so that each row is in exactly one validation part; the classes are shared out evenly.

    Returns:
        For each fold the rows to train on, and those to validate on.
    """
    draw = _draw("folds", seed)
    sizes = class_counts(frame)
    cuts = _cuts(frame, draw, {v: [round(i * n / k) for i in range(1, k)] for v, n in enumerate(sizes)})
    fold = _by_class(*(_sum(~_below(draw, cut) for cut in cuts[value]) for value in (0, 1)))
    return [(frame.filter(fold != index), frame.filter(fold == index)) for index in range(k)]


def time_split(frame: DataFrame, *, by: str, share: float) -> tuple[DataFrame, DataFrame]:
    """Split by time: the latest rows are held out; those of one instant stay together, in the earlier part.

    Args:
        frame: rows.
        by: the column to order by: numbers by value, words by their letters (so ISO dates and MM:SS.s work).
        share: of the rows to hold out, at most.

    Raises:
        ContractError: a row has no time, or all rows to hold out are of one instant with the others.
    """
    unknown = frame.filter(column(by).isNull()).count()
    if unknown:
        raise ContractError(f"{unknown:,} rows have no '{by}' to split by; leave them out, or split at random")
    place = round((1 - share) * frame.count())
    ordered = frame.select(column(by).alias("t")).withColumn("n", F.row_number().over(Window.orderBy("t")))
    last = ordered.filter(F.col("n") == max(place, 1)).collect()[0]["t"]
    training, held = frame.filter(column(by) <= last), frame.filter(column(by) > last)
    if held.isEmpty():
        raise ContractError(f"no row is later than '{by}' = {last}, where the split falls; hold out more, or at random")
    return training, held


def one_of_each(frame: DataFrame, columns: Sequence[str]) -> DataFrame:
    """One row of each set that is equal in these columns."""
    equals = Window.partitionBy(*(column(name) for name in columns)).orderBy(IDENTITY, COPY)
    return frame.withColumn("__first", F.row_number().over(equals)).filter("__first = 1").drop("__first")


def undersample(frame: DataFrame, *, ratio: float, fraction: float = 1.0, seed: int) -> DataFrame:
    """Leave rows out at random, until there are `ratio` rows of class 0 for each of class 1.

    Args:
        frame: training rows, never test rows.
        ratio: rows of class 0 for each row of class 1, above 0.
        fraction: of the rows of class 1 to begin with. Fewer are kept where class 0 is too small for the ratio.
        seed: which rows.
    """
    draw = _draw("balance", seed)
    negatives, positives = class_counts(frame)
    keep = max(1, min(round(fraction * positives), round(negatives / ratio)))
    cuts = _cuts(frame, draw, {0: [min(round(ratio * keep), negatives)], 1: [keep]})
    return frame.filter(_by_class(*(_below(draw, cuts[value][0]) for value in (0, 1))))


def class_weights(frame: DataFrame) -> DataFrame:
    """The same rows with a `WEIGHT`: both classes weigh the same together, and the mean weight is 1."""
    counts = class_counts(frame)
    weights = [F.lit(sum(counts) / (2 * size) if size else 0.0) for size in counts]
    return frame.withColumn(WEIGHT, _by_class(*weights))


def digest_of(frame: DataFrame, dataset: Dataset) -> str:
    """SHA-256 (hex) of the rows as a multiset: the same for any order, files and partitions.

    It is made of the number of rows and of the sums of four 64-bit hashes of each: proof against accidents, not
    against somebody who looks for another set of rows with the same digest.
    """
    sums = [F.sum(_hash(dataset, salt=n + 1).cast("decimal(20,0)")).alias(f"s{n}") for n in range(DIGEST_SALTS)]
    found = frame.agg(F.count(F.lit(1)).alias("rows"), *sums).collect()[0]
    return hashlib.sha256(" ".join(str(value) for value in found).encode()).hexdigest()


def to_records(frame: DataFrame, dataset: Dataset, *, limit: int | None = None) -> pa.RecordBatch:
    """The rows as records of the contract, in the order of their identities; at most `limit` of them.

    As identities are hashes, the first so many are as good as a random sample.
    """
    ordered = frame.orderBy(IDENTITY, COPY)
    chosen = ordered if limit is None else ordered.limit(limit)
    table = chosen.select(*(column(name) for name in dataset.names)).toArrow().cast(dataset.schema)
    return pa.RecordBatch.from_arrays([c.combine_chunks() for c in table.columns], schema=dataset.schema)


def _hash(dataset: Dataset, *, salt: int) -> Column:
    """A 64-bit hash of the whole row. Spark's skips nulls, so that where they stand is hashed too."""
    values = [column(c.name) for c in dataset.columns]
    nulls = [column(c.name).isNull() for c in dataset.columns if c.nullable]
    return F.xxhash64(F.lit(salt), *values, *nulls)


def _draw(purpose: str, seed: int) -> Column:
    """A number for each row that is as good as random: another purpose or seed, another number."""
    return F.xxhash64(F.lit(purpose), F.lit(seed), F.col(IDENTITY), F.col(COPY))


def _sum(conditions: Iterable[Column]) -> Column:
    return reduce(add, (condition.cast("int") for condition in conditions), F.lit(0))


def _by_class(negative: Column, positive: Column) -> Column:
    return F.when(F.col(LABEL) == 0, negative).otherwise(positive)


def _below(draw: Column, cut: int | None) -> Column:
    return F.lit(False) if cut is None else draw <= F.lit(cut)


def _cuts(frame: DataFrame, draw: Column, places: Mapping[int, Sequence[int]]) -> dict[int, list[int | None]]:
    """For each class the draws at these places (counted from 1) in ascending order; None for place 0."""
    ranked = frame.select(F.col(LABEL).cast("int").alias("class"), draw.alias("draw"))
    ranked = ranked.withColumn("place", F.row_number().over(Window.partitionBy("class").orderBy("draw")))
    wanted = [(F.col("class") == value) & F.col("place").isin(list(found)) for value, found in places.items()]
    rows = ranked.filter(reduce(or_, wanted)).collect()
    draws = {(row["class"], row["place"]): row["draw"] for row in rows}
    return {value: [draws.get((value, place)) for place in found] for value, found in places.items()}
