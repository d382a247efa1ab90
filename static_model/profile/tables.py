"""The tables of a profile: their names, columns and types, in the order in which they are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

_TYPES = {"s": pa.string(), "i": pa.int64(), "f": pa.float64(), "b": pa.bool_(), "c": pa.int8()}


def _schema(text: str) -> pa.Schema:
    pairs = (word.split(":") for word in text.split())
    return pa.schema([(name, _TYPES[letter]) for name, letter in pairs])


SCHEMAS: Mapping[str, pa.Schema] = {
    "overview": _schema("what:s value:s"),
    "columns": _schema("column:s type:s feature:b nulls:i null_share:f distinct:i"),
    "numbers": _schema(
        "column:s count:i mean:f sd:f min:f q1:f median:f q3:f max:f skewness:f kurtosis:f outlier_share:f"
    ),
    "strings": _schema("column:s distinct:i numeric_share:f empty_share:f"),
    "top_words": _schema("column:s rank:i word:s count:i share:f"),
    "classes": _schema("class:c label:s count:i share:f"),
    "kinds": _schema("kind:s count:i share:f"),
    "duplicates": _schema("what:s rows:i share:f"),
    "ceiling": _schema("features:s distinct_vectors:i conflicting_vectors:i conflicting_rows:i ceiling:f"),
    "histograms": _schema("column:s class:c left:f right:f count:i"),
    "word_counts": _schema("column:s class:c word:s count:i"),
    "correlation": _schema("a:s b:s pearson:f spearman:f"),
    "missing": _schema("column:s class:c share:f"),
    "over_time": _schema("column:s bin_start:f class:c count:i"),
    "selection": _schema(
        "column:s mutual_information:f mi_rank:i chi2:f chi2_p:f chi2_rank:i anova_f:f anova_p:f anova_rank:i "
        "forest_importance:f forest_rank:i permutation_importance:f permutation_rank:i mean_rank:f "
        "recommended:b reason:s"
    ),
    "agreement": _schema("a:s b:s spearman:f"),
    "redundant": _schema("a:s b:s association:f kept:s dropped:s"),
}
"""The schema of every table. A value that is undefined is null, never NaN or infinite."""


def table_of(name: str, rows: Iterable[Sequence[object]]) -> pa.Table:
    """The table of that name, from its rows; numbers that aren't finite become null."""
    schema = SCHEMAS[name]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(map(_defined, column), field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def _defined(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
