"""How often each value of each column occurs, by class: the one pass over all rows that most of a profile rests on.

Every row is looked at once for all columns of numbers, and once for all columns of words. What follows reads these
counts, which are smaller than the rows. They are kept sorted by value, so that sums are added in one order, whatever
the rows' order was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column, Dataset
from static_model.training.rows import LABEL, column


def numbers_of(dataset: Dataset) -> dict[int, Column]:
    """The columns of numbers by their place in the contract."""
    return {place: c for place, c in enumerate(dataset.columns) if c.type in ("int", "float")}


def words_of(dataset: Dataset) -> dict[int, Column]:
    """The columns of words by their place in the contract."""
    return {place: c for place, c in enumerate(dataset.columns) if c.type == "string"}


@contextmanager
def counted_numbers(frame: DataFrame, dataset: Dataset) -> Iterator[DataFrame]:
    """The distinct numbers of each column, ascending: `place`, `value`, `n`, `n1` (rows, rows of class 1), `upto`.

    `upto` counts the rows with this or a smaller value. Rows without a value (or with NaN) are under a null, with
    `upto` 0. Whole numbers beyond 2**53 are rounded to the nearest float64.
    """
    cells = [_cell(place, _number(c)) for place, c in numbers_of(dataset).items()]
    ascending = Window.partitionBy("place").orderBy("value")
    known = F.when(F.col("value").isNotNull(), F.col("n")).otherwise(0)
    with _kept(_counts(frame, cells).withColumn("upto", F.sum(known).over(ascending))) as counts:
        yield counts


@contextmanager
def counted_words(frame: DataFrame, dataset: Dataset) -> Iterator[DataFrame]:
    """The distinct words of each column: `place`, `value`, `n`, `n1`, `rank`.

    `rank` counts from 1, the most frequent word first, ties in the order of the words' bytes; null comes last.
    """
    cells = [_cell(place, column(c.name)) for place, c in words_of(dataset).items()]
    frequent = Window.partitionBy("place").orderBy(F.col("value").isNull(), F.desc("n"), "value")
    with _kept(_counts(frame, cells).withColumn("rank", F.row_number().over(frequent))) as counts:
        yield counts


def _cell(place: int, value: Expression) -> Expression:
    return F.struct(F.lit(place).alias("place"), value.alias("value"))


def _number(contract: Column) -> Expression:
    value = column(contract.name).cast("double")
    return F.when(~F.isnan(value), value) if contract.type == "float" else value


def _counts(frame: DataFrame, cells: Sequence[Expression]) -> DataFrame:
    one = F.col(LABEL).cast("long").alias("one")
    long = frame.select(F.explode(F.array(*cells)).alias("cell"), one).select("cell.place", "cell.value", "one")
    return long.groupBy("place", "value").agg(F.count(F.lit(1)).alias("n"), F.sum("one").alias("n1"))


@contextmanager
def _kept(counts: DataFrame) -> Iterator[DataFrame]:
    counts.persist()
    try:
        yield counts
    finally:
        counts.unpersist()
