"""The tables of a run as Arrow, and as pandas frames: which columns there are, of which types, in which order."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from online.ledger import Entry
from online.tracker import FIXED
from static_model.metrics import METRICS

WINDOWS = pa.schema(
    [
        pa.field(name, pa.string() if name in ("arm", "model") else pa.bool_() if name == "complete" else pa.int64())
        for name in (*FIXED, "tp", "fp", "tn", "fn")
    ]
    + [pa.field(name, pa.float64()) for name in METRICS]
)
"""The tracker: a row per window and arm, windows ascending; an undefined metric is null."""

_NUMBERS = ("first_window", "last_window", "rows", "fits", "since")
EVENTS = pa.schema(
    [pa.field("window", pa.int64())]
    + [pa.field(name, pa.string()) for name in ("arm", "event", "reason", "model", "training_set")]
    + [pa.field(name, pa.int64()) for name in _NUMBERS]
    + [pa.field(name, pa.float64()) for name in ("gain", "lower")]
)
"""The events in the order in which they happened; null where an event of that kind has no such value."""

_WORDS = pa.dictionary(pa.int32(), pa.string())
SCORES = pa.schema(
    [
        pa.field("window", pa.int64()),
        pa.field("seq", pa.int64()),
        pa.field("label", pa.int8()),
        pa.field("arm", _WORDS),
        pa.field("model", _WORDS),
        pa.field("score", pa.float64()),
    ]
)
"""A row per record and arm: by window, in a window by arm (static first), then by sequence number. The score is the
probability of class 1 that the model in force gave before the label was known; an unknown label is null."""

DEAD_LETTERS = pa.schema(
    [
        pa.field("window", pa.int64()),
        pa.field("seq", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("bytes", pa.binary()),
        pa.field("topic", pa.string()),
        pa.field("file", pa.string()),
        pa.field("partition", pa.int64()),
        pa.field("offset", pa.int64()),
    ]
)
"""What was no record, by sequence number: its bytes, why, and where it came from; null where that isn't known."""

_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.int8(): pd.Int8Dtype()}


def to_table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table of these columns; what a row lacks is null, what no column holds is left out."""
    found = list(rows)
    return pa.Table.from_pydict({name: [row.get(name) for row in found] for name in schema.names}, schema=schema)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """The same as a pandas frame; a column of whole numbers that may be undefined is pandas' nullable integer."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=_NULLABLE.get)
    return frame


def windows_frame(table: pa.Table) -> pd.DataFrame:
    """The tracker as a pandas frame of plain numbers; undefined metrics are NaN."""
    frame: pd.DataFrame = table.to_pandas()
    return frame


def windows_table(frame: pd.DataFrame) -> pa.Table:
    """The tracker's frame as Arrow; undefined metrics are null."""
    names = [name for name in WINDOWS.names if name in frame]
    schema = pa.schema([WINDOWS.field(name) for name in names])
    return pa.Table.from_pandas(frame[names], schema=schema, preserve_index=False)


def scores_table(entries: Iterable[Entry], arms: Sequence[str], label: str) -> pa.Table:
    """What every arm's model in force predicted for each record.

    Args:
        entries: windows of the ledger, each with all the arms.
        arms: in the order in which they are to stand.
        label: the name of the label's column.
    """
    batches = [batch for entry in entries for batch in _scores(entry, arms, label)]
    return pa.Table.from_batches(batches, schema=SCORES).unify_dictionaries()


def _scores(entry: Entry, arms: Sequence[str], label: str) -> Iterator[pa.RecordBatch]:
    window, labels = entry.window, entry.window.records.column(label)
    for arm in arms:
        model, count = entry.arms[arm].model, len(window.seqs)
        columns = [
            pa.array(np.full(count, window.index)),
            pa.array(window.seqs),
            labels,
            _repeated(arm, count),
            _repeated(model, count),
            pa.array(entry.scores[model]),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=SCORES)


def _repeated(word: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([word]))


def dead_letter_rows(letters: Iterable[Mapping[str, Any]], *, size: int) -> Iterator[dict[str, Any]]:
    """The lines of dead_letters.jsonl, their bytes decoded and their window added; `size` is that of a window."""
    for letter in letters:
        yield {**letter, "window": letter["seq"] // size, "bytes": base64.b64decode(letter["bytes"])}
