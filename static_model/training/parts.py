"""The training part and the held-out part: by chance, by time, or as files of their own; and what both share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Dataset

from . import rows
from .settings import Settings, check_part

DUPLICATE, KIND = "__duplicate", "__kind"
"""Columns of held-out rows: whether the training part has an exact duplicate; and the kind of attack."""


@contextmanager
def parted(
    frame: DataFrame, dataset: Dataset, settings: Settings, test: DataFrame | None, *, partitions: int
) -> Iterator[tuple[DataFrame, DataFrame, DataFrame]]:
    """All rows, the training part, and the held-out part with `DUPLICATE`: kept for the block.

    They are arranged in so many partitions; the first once, as what is chosen of its rows stays arranged.
    """
    with ExitStack() as stack:

        def keep(part: DataFrame) -> DataFrame:
            arranged = rows.arrange(part, partitions=partitions).persist()
            stack.callback(arranged.unpersist)
            return arranged

        def once(part: DataFrame) -> DataFrame:
            return rows.one_of_each(part, dataset.names) if settings.duplicates == "all" else part

        everything = keep(once(frame))
        if test is not None:
            training, held = everything, once(test)
        elif settings.split_by is not None:
            training, held = rows.time_split(everything, by=settings.split_by, share=settings.holdout)
        else:
            training, held = rows.random_split(everything, share=settings.holdout, seed=settings.seed)
        check_part(rows.class_counts(training), settings, "the training part")
        yield everything, training, keep(_flagged(held, training))


def _flagged(held: DataFrame, training: DataFrame) -> DataFrame:
    """The held-out rows with `DUPLICATE`: whether the training part has a row that is equal in all columns."""
    seen = training.select(rows.IDENTITY).distinct().withColumn(DUPLICATE, F.lit(True))
    return held.join(seen, [rows.IDENTITY], "left").withColumn(DUPLICATE, F.coalesce(DUPLICATE, F.lit(False)))


def kinds_in(frame: DataFrame, dataset: Dataset) -> list[str]:
    """The kinds of attack among the rows, by name; none if the contract has no kinds."""
    if dataset.kind_name is None:
        return []
    kinds = frame.select(F.coalesce(rows.column(dataset.kind_name), F.lit("")).alias(KIND)).distinct()
    return sorted(row[KIND] for row in kinds.collect())
