"""What a profile says, in sentences: the first thing that a reader of the page sees."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

SHOWN = 8
"""Names in a sentence, at most."""


def story_of(tables: Mapping[str, pa.Table], *, skipped: int, headers: int) -> list[str]:
    """The sentences, in the order to read them.

    Args:
        tables: of `static_model.profile.profile.profile`.
        skipped: rows of the files that are no records.
        headers: repeated header lines that were set aside.
    """
    found = {name: table.to_pylist() for name, table in tables.items() if name not in ("histograms", "over_time")}
    sentences = [
        _size(found, skipped, headers),
        _classes(found["classes"]),
        _kinds(found["kinds"]),
        _missing(found["columns"]),
        _constant(found["columns"]),
        _duplicates(found["duplicates"]),
        _ceiling(found["ceiling"]),
        _recommended(found["selection"]),
        _agreement(found["agreement"]),
    ]
    return [sentence for sentence in sentences if sentence]


def _size(found: Mapping[str, Sequence[Any]], skipped: int, headers: int) -> str:
    rows = sum(row["count"] for row in found["classes"])
    features = sum(row["feature"] for row in found["columns"])
    sentence = f"{_count(rows, 'row')} of {len(found['columns'])} columns, of which {features} are features."
    if skipped:
        sentence += f" {_count(skipped, 'row')} that {'are' if skipped > 1 else 'is'} no record were left out."
    if headers:
        sentence += f" {_count(headers, 'repeated header line')} {'were' if headers > 1 else 'was'} set aside."
    return sentence


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + "s" * (number != 1)


def _classes(classes: Sequence[Any]) -> str:
    smaller, larger = sorted(classes, key=lambda row: row["count"])
    if not smaller["count"]:
        return (
            f"All rows are of class {larger['class']} ({larger['label']}): nothing here can say what tells the classes "
            "apart. Explore files that hold both."
        )
    ratio = larger["count"] / smaller["count"]
    shares = " and ".join(f"{row['count']:,} ({row['share']:.1%}) of class {row['class']}" for row in classes)
    calls = "almost balanced" if ratio < 1.5 else "imbalanced" if ratio < 10 else "strongly imbalanced"
    return f"{shares}: {calls}, {ratio:.2f} rows of the larger class for each of the smaller."


def _kinds(kinds: Sequence[Any]) -> str:
    if not kinds:
        return ""
    named = [row for row in kinds if row["kind"] is not None]
    listed = ", ".join(f"{row['kind']} {row['count']:,}" for row in named[:SHOWN])
    more = f", and {len(named) - SHOWN} more, down to {named[-1]['count']:,} rows" if len(named) > SHOWN else ""
    return f"Kinds: {listed}{more}."


def _missing(columns: Sequence[Any]) -> str:
    gaps = sorted((row for row in columns if row["nulls"]), key=lambda row: -row["nulls"])
    if not gaps:
        return "No value is missing."
    return f"Values are missing in {_count(len(gaps), 'column')}: {_names([_gap(row) for row in gaps])}."


def _gap(row: Mapping[str, Any]) -> str:
    return f"{row['column']} ({row['null_share']:.1%})"


def _constant(columns: Sequence[Any]) -> str:
    empty = [row["column"] for row in columns if row["distinct"] == 0]
    alone = [row["column"] for row in columns if row["distinct"] == 1 and not row["nulls"] and row["type"] != "label"]
    parts = [f"No row has a value in {_names(empty)}."] if empty else []
    return " ".join([*parts, *([f"Constant, and so of no use: {_names(alone)}."] if alone else [])])


def _duplicates(duplicates: Sequence[Any]) -> str:
    everywhere, labelled, _ = duplicates
    return (
        f"{_count(everywhere['rows'], 'row')} ({everywhere['share']:.1%}) repeat an earlier row in all columns, and "
        f"{labelled['rows']:,} ({labelled['share']:.1%}) in all features and the label. Where such duplicates fall on "
        "both sides of a split, a model is tested on what it was trained on."
    )


def _ceiling(ceilings: Sequence[Any]) -> str:
    first, *others = ceilings
    sentence = (
        f"{_count(first['conflicting_rows'], 'row')} have features that also occur with the other label, so that on "
        f"these rows no model can be right more often than {_share(first['ceiling'])} with {first['features']}."
    )
    if others:
        raised = "; ".join(f"{_share(row['ceiling'])} {row['features']}" for row in others)
        sentence += f" It would be {raised}."
    return sentence + (
        " A ceiling rises with every column that tells single rows apart, so that a high one is no promise, and what a "
        "left-out column adds may be a leak."
    )


def _share(value: float) -> str:
    """Four digits, or as many as it takes to tell it from 1."""
    return f"{value:.{max(4, 1 - math.floor(math.log10(1 - value)))}f}" if value < 1 else "1"


def _recommended(selection: Sequence[Any]) -> str:
    kept = [row["column"] for row in selection if row["recommended"]]
    if not kept:
        return f"None of the {len(selection)} features is recommended; the table says why."
    left = len(selection) - len(kept)
    return f"Recommended are {len(kept)} of {len(selection)} features: {', '.join(kept)}." + (
        f" {left} {'are' if left > 1 else 'is'} dropped; the table says why." if left else ""
    )


def _agreement(agreement: Sequence[Any]) -> str:
    known = sorted((row for row in agreement if row["spearman"] is not None), key=lambda row: row["spearman"])
    if not known:
        return ""
    mean = sum(row["spearman"] for row in known) / len(known)
    return (
        f"The five methods' rankings correlate by {mean:.2f} on average, least {known[0]['a']} and {known[0]['b']} "
        f"({known[0]['spearman']:.2f})."
    )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
