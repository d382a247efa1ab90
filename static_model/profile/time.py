"""Columns that tell the time, from their counts: how the classes lie over it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column

from .numbers import Numbers

SPANS = 100
"""Bins from the first to the last instant, all equally long."""
SHARE = 0.95
"""A column of words tells the time if so many of its words do."""
_NAMED = re.compile(r"(?i)(^|[^a-z])(ts|time|timestamp|date|datetime|epoch|stime|ltime)([^a-z]|$)|timestamp")
_EPOCHS = {"epoch seconds": (5e8, 5e9, 1.0), "epoch milliseconds": (5e11, 5e12, 1e-3)}
_CLOCK = r"^\d{1,2}:\d{2}:\d{2}(\.\d+)?$"
_MINUTES = r"^\d{1,3}:\d{2}(\.\d+)?$"
_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?)?$"
_CUT = r"^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?.*$"


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """A column's rows over time.

    Attributes:
        form: how the time is written, and what its seconds are counted from.
        starts: float64[bins], where each bin starts, in seconds.
        counts: int64[bins, 2], rows by bin and class.
    """

    form: str
    starts: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]


def measure_times(
    numbers: DataFrame | None, words: DataFrame | None, columns: Mapping[int, Column], measured: Mapping[str, Numbers]
) -> dict[str, Times]:
    """The columns that look like time, by name.

    Args:
        numbers: the counts of the columns of numbers; None without any.
        words: the counts of the columns of words; None without any.
        columns: all columns by place.
        measured: the columns of numbers.
    """
    parts, forms = [], {}
    for place, column in columns.items():
        form = _epoch(column.name, measured.get(column.name))
        if numbers is not None and form is not None:
            forms[place] = form if _EPOCHS[form][2] == 1 else f"{form}, shown as epoch seconds"
            seconds = F.col("value") * _EPOCHS[form][2]
            parts.append(_instants(numbers.filter(F.col("place") == place), seconds))
    if words is not None:
        for place, (name, seconds) in _clocks(words).items():
            forms[place] = name
            parts.append(_instants(words.filter(F.col("place") == place), seconds))
    return {columns[place].name: found for part in parts for place, found in _over_time(part, forms).items()}


def _epoch(name: str, found: Numbers | None) -> str | None:
    if found is None or found.distinct < 2 or not _NAMED.search(name):
        return None
    low, high = found.extremes
    return next((form for form, (start, end, _) in _EPOCHS.items() if start <= low and high <= end), None)


def _instants(counts: DataFrame, seconds: Expression) -> DataFrame:
    return counts.select("place", seconds.alias("seconds"), "n", "n1").filter("seconds is not null")


def _clocks(words: DataFrame) -> dict[int, tuple[str, Expression]]:
    """The columns whose words are times, each with how they are written, and the seconds of a word."""
    shares = [
        (F.sum(F.when(F.col("value").rlike(pattern), F.col("n")).otherwise(0)) / F.sum("n")).alias(f"p{i}")
        for i, (pattern, _, _) in enumerate(_forms())
    ]
    known = words.filter("value is not null").groupBy("place").agg(F.count("value").alias("distinct"), *shares)
    found = {}
    for row in known.filter("distinct > 1").orderBy("place").collect():
        for i, (pattern, name, seconds) in enumerate(_forms()):
            if row[f"p{i}"] >= SHARE and row["place"] not in found:
                found[row["place"]] = (name, F.when(F.col("value").rlike(pattern), seconds))
    return found


def _forms() -> list[tuple[str, str, Expression]]:
    part = F.split("value", ":")
    first, second, third = (F.get(part, i).try_cast("double") for i in range(3))
    return [
        (_ISO, "ISO 8601 without its zone, shown as epoch seconds", _iso()),
        (_CLOCK, "hours, minutes and seconds, shown as seconds of the day", first * 3600 + second * 60 + third),
        (_MINUTES, "minutes and seconds, shown as seconds of the hour", first * 60 + second),
    ]


def _iso() -> Expression:
    """Without a zone, so that nothing depends on this machine's."""
    day, time = (F.regexp_extract("value", _CUT, group) for group in (1, 2))
    instant = F.concat_ws(" ", day, F.when(time != "", time).otherwise("00:00")).try_cast("timestamp_ntz")
    return F.timestamp_diff("MICROSECOND", F.lit("1970-01-01").cast("timestamp_ntz"), instant) / 1e6


def _over_time(instants: DataFrame, forms: Mapping[int, str]) -> dict[int, Times]:
    found = instants.groupBy("place").agg(F.min("seconds").alias("first"), F.max("seconds").alias("last")).collect()
    return {row["place"]: _times(instants, forms[row["place"]], row["first"], row["last"]) for row in found}


def _times(instants: DataFrame, form: str, first: float, last: float) -> Times:
    length = (last - first) / SPANS or 1.0
    index = F.least(F.floor((F.col("seconds") - first) / length), F.lit(SPANS - 1)).cast("int")
    counts = np.zeros((SPANS, 2), np.int64)
    for place, n, n1 in instants.groupBy(index.alias("bin")).agg(F.sum("n"), F.sum("n1")).collect():
        counts[place] = n - n1, n1
    return Times(form, (first + length * np.arange(SPANS)).astype(np.float64), counts)
