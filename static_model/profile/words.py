"""Columns of words, from their counts: how many, which are the most frequent, and what they look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column

TOP = 200
"""So many words are counted one by one; the others are counted together."""
NUMBER = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"
"""What parses as a number: `nan` and `infinity` are words."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What is known of one column of words.

    Attributes:
        nulls: rows without a word, of class 0 and of class 1.
        rows: rows with a word, likewise; the empty word is one.
        distinct: different words.
        numeric: rows whose word parses as a number.
        empty: rows whose word is empty or blank.
        top: the `TOP` most frequent words with their rows of class 0 and 1; ties in the order of the words' bytes.
    """

    nulls: tuple[int, int]
    rows: tuple[int, int]
    distinct: int
    numeric: int
    empty: int
    top: tuple[tuple[str, int, int], ...]

    @property
    def binned(self) -> npt.NDArray[np.int64]:
        """int64[bins, 2]: rows by word and class, those of all other words together, and those without a word."""
        counted = np.array([found[1:] for found in self.top], np.int64).reshape(-1, 2)
        return np.vstack([counted, np.array(self.rows) - counted.sum(axis=0), self.nulls])


def measure_words(counts: DataFrame, columns: Mapping[int, Column]) -> dict[str, Words]:
    """Measure the columns whose counts these are (`counts.counted_words`), by name."""
    if not columns:
        return {}
    top: dict[int, list[tuple[str, int, int]]] = {}
    frequent = counts.filter((F.col("rank") <= TOP) & F.col("value").isNotNull())
    for place, word, n, n1 in frequent.orderBy("place", "rank").select("place", "value", "n", "n1").collect():
        top.setdefault(place, []).append((word, n - n1, n1))
    found = {row["place"]: row for row in _sums(counts).collect()}
    return {
        column.name: _words(found[place], tuple(top.get(place, ())))
        for place, column in columns.items()
        if place in found
    }


def _sums(counts: DataFrame) -> DataFrame:
    word, n, n1 = F.col("value"), F.col("n"), F.col("n1")
    known = word.isNotNull()
    return counts.groupBy("place").agg(
        F.count("value").alias("distinct"),
        *(
            F.sum(F.when(chosen, size).otherwise(0)).alias(name)
            for name, chosen, size in (
                ("rows", known, n),
                ("rows1", known, n1),
                ("nulls", ~known, n),
                ("nulls1", ~known, n1),
                ("numeric", word.rlike(NUMBER), n),
                ("empty", word.rlike(r"^\s*$"), n),
            )
        ),
    )


def _words(row: Any, top: tuple[tuple[str, int, int], ...]) -> Words:
    return Words(
        nulls=(row["nulls"] - row["nulls1"], row["nulls1"]),
        rows=(row["rows"] - row["rows1"], row["rows1"]),
        distinct=row["distinct"],
        numeric=row["numeric"],
        empty=row["empty"],
        top=top,
    )
