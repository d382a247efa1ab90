"""From what was measured to the tables of a profile. Knows nothing of Spark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from producer.dataset import Column

from .choice import METHODS, Evidence, Judged, judge, settled
from .findings import Findings, varies
from .forest import SHUFFLES
from .numbers import Numbers
from .statistics import agreement, anova_f, chi_squared, mutual_information
from .tables import SCHEMAS, table_of

Rows: TypeAlias = Iterator[Sequence[Any]]

TOP_WORDS = 10


def tables_of(found: Findings) -> dict[str, pa.Table]:
    """All tables of `tables.SCHEMAS`, in that order."""
    judged = judge(_evidence(found), found.links, one_class=min(found.classes) == 0)
    rankings = {method: [x.ranks[place] for x in judged] for place, method in enumerate(METHODS)}
    rows: dict[str, Rows] = {
        "overview": _overview(found),
        "columns": _columns(found),
        "numbers": _numbers(found),
        "strings": _strings(found),
        "top_words": _top_words(found),
        "classes": _classes(found),
        "kinds": _kinds(found),
        "duplicates": _duplicates(found),
        "ceiling": _ceiling(found),
        "histograms": _histograms(found),
        "word_counts": _word_counts(found),
        "correlation": iter([(x.a, x.b, x.pearson, x.spearman) for x in found.pairs]),
        "missing": _missing(found),
        "over_time": _over_time(found),
        "selection": (_selected(x) for x in judged),
        "agreement": iter(agreement(rankings)),
        "redundant": iter(settled(found.links, judged)),
    }
    return {name: table_of(name, rows[name]) for name in SCHEMAS}


def _evidence(found: Findings) -> list[Evidence]:
    return [_evidence_of(c, found) for c in found.dataset.features]


def _evidence_of(column: Column, found: Findings) -> Evidence:
    values = found.column(column.name)
    counts, p = chi_squared(values.binned)
    f, f_p = (
        anova_f(values.between, values.within, values.rows) if isinstance(values, Numbers) else (math.nan, math.nan)
    )
    loss, deviation = found.forest.permutation.get(column.name, (math.nan,) * 2) if found.forest else (math.nan,) * 2
    return Evidence(
        name=column.name,
        varies=varies(values),
        empty=values.distinct == 0,
        mutual_information=mutual_information(values.binned),
        chi2=counts,
        chi2_p=p,
        anova_f=f,
        anova_p=f_p,
        forest=found.forest.importance.get(column.name, math.nan) if found.forest else math.nan,
        permutation=loss,
        deviation=deviation,
    )


def _selected(x: Judged) -> Sequence[Any]:
    e = x.evidence
    return (
        *(e.name, e.mutual_information, x.ranks[0], e.chi2, x.chi2_p, x.ranks[1], e.anova_f, x.anova_p, x.ranks[2]),
        *(e.forest, x.ranks[3], e.permutation, x.ranks[4], x.mean_rank, x.recommended, x.reason),
    )


def _overview(found: Findings) -> Rows:
    chosen = f"{found.sampled:,} rows, chosen at random with seed {found.seed}"
    yield "dataset", found.dataset.name
    yield "rows", f"{found.rows:,}"
    yield "columns", f"{len(found.dataset.columns)}"
    yield "features", f"{len(found.dataset.features)}"
    yield "counts, quantiles, duplicates, ceilings and tests rest on", f"all {found.rows:,} rows"
    yield "correlations and redundant pairs rest on", f"all {found.rows:,} rows" if _all_sampled(found) else chosen
    forest = found.forest
    if forest is None:
        yield "the forest", "there is none: too few rows of a class, or no feature that varies"
    else:
        yield "the forest was fitted on", f"{forest.fitted:,} rows"
        shuffled = f"{forest.shuffled:,} other rows, each column shuffled {SHUFFLES} times"
        yield "permutation importance rests on", shuffled
        yield "the forest's MCC on these", f"{forest.mcc:.4f}"
    for name, times in found.times.items():
        yield f"'{name}' tells the time", times.form


def _all_sampled(found: Findings) -> bool:
    return found.sampled == found.rows


def _columns(found: Findings) -> Rows:
    features = {c.name for c in found.dataset.features}
    for c in found.dataset.columns:
        if c.type == "label":
            yield c.name, c.type, False, 0, 0.0, sum(n > 0 for n in found.classes)
        else:
            values = found.column(c.name)
            nulls = sum(values.nulls)
            yield c.name, c.type, c.name in features, nulls, nulls / found.rows, values.distinct


def _numbers(found: Findings) -> Rows:
    for name, x in found.numbers.items():
        (least, most), (q1, median, q3), size = x.extremes, x.quartiles, sum(x.rows)
        share = x.outliers / size if size else math.nan
        yield name, size, x.mean, x.sd, least, q1, median, q3, most, x.skewness, x.kurtosis, share


def _strings(found: Findings) -> Rows:
    for name, x in found.words.items():
        size = sum(x.rows)
        yield name, x.distinct, x.numeric / size if size else None, x.empty / size if size else None


def _top_words(found: Findings) -> Rows:
    for name, x in found.words.items():
        for rank, (word, zero, one) in enumerate(x.top[:TOP_WORDS], start=1):
            yield name, rank, word, zero + one, (zero + one) / found.rows


def _classes(found: Findings) -> Rows:
    label = found.dataset.label
    for value, words in enumerate((label.negative, label.positive)):
        count = found.classes[value]
        yield value, ", ".join(words), count, count / found.rows


def _kinds(found: Findings) -> Rows:
    """The kinds, the most frequent first; null stands for rows without one, and for all beyond the first 200."""
    if found.dataset.kind_name is not None:
        x = found.words[found.dataset.kind_name]
        counted = [(word, zero + one) for word, zero, one in x.top]
        rest = found.rows - sum(count for _, count in counted)
        for word, count in [*counted, *([(None, rest)] if rest else [])]:
            yield word, count, count / found.rows


def _duplicates(found: Findings) -> Rows:
    features = next(iter(found.vectors.values()))
    for what, rows in (
        ("equal to an earlier row in all columns", found.repeats),
        ("equal to an earlier row in all features and the label", found.rows - features.labelled),
        ("equal to an earlier row in all features", found.rows - features.distinct),
    ):
        yield what, rows, rows / found.rows


def _ceiling(found: Findings) -> Rows:
    for name, x in found.vectors.items():
        yield name, x.distinct, x.conflicting, x.conflicting_rows, x.ceiling


def _histograms(found: Findings) -> Rows:
    """The first bin of a column is open to the left and the last to the right: their outer edge is null."""
    for name, x in found.numbers.items():
        edges = x.edges.tolist()
        for left, right, counts in zip([None, *edges], [*edges, None], x.bars.tolist(), strict=bool(edges)):
            for value, count in enumerate(counts):
                yield name, value, left, right, count


def _word_counts(found: Findings) -> Rows:
    """The most frequent words; null stands for all others."""
    for name, x in found.words.items():
        top = x.top[:TOP_WORDS]
        others = [x.rows[0] - sum(t[1] for t in top), x.rows[1] - sum(t[2] for t in top)]
        for word, *counts in [*top, *([(None, *others)] if sum(others) else [])]:
            for value, count in enumerate(counts):
                yield name, value, word, count


def _missing(found: Findings) -> Rows:
    for c in found.dataset.columns:
        nulls = (0, 0) if c.type == "label" else found.column(c.name).nulls
        for value, (missing, rows) in enumerate(zip(nulls, found.classes, strict=True)):
            yield c.name, value, missing / rows if rows else None


def _over_time(found: Findings) -> Rows:
    for name, x in found.times.items():
        for start, counts in zip(x.starts.tolist(), x.counts.tolist(), strict=True):
            for value, count in enumerate(counts):
                yield name, start, value, count
