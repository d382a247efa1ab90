"""Messages <-> records: many messages become one Arrow batch, and a bad one costs only itself.

Arrow's CSV reader decides what is a record; a few lines of Python then say in words why a message is none.
Whether a message is accepted never depends on the messages beside it, so batches of any size and cut give the
same records and the same dead letters.

What Arrow takes for a number is one here, on every wire: with blanks around it (`" 7 "`), with leading zeros
(`007`), and a hexadecimal whole number (`0x1F` is 31; it names the 64 bits, so `0xFFFFFFFFFFFFFFFF` is -1).
It refuses `+1`, `1_000`, full-width digits, `7.0` as a whole number, and whole numbers beyond 64 bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from .cleaning import clean_column, expected_of, repair_columns, words
from .dataset import ARROW_TYPES, Column, Dataset, Wire
from .lines import BOM, count_cells, read_block, shorten, split_line
from .wires import BadMessage, encode_line, line_reader, plain_lines

__all__ = ["Decoded", "decode", "encode_line"]

MOST_CELLS = 100_000
"""As far as the columns of a line that is no record are counted."""

Rows = npt.NDArray[np.int64]
Piece = tuple[pa.Table, Rows]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a sequence of messages turned out to be. Every message is in exactly one of the three.

    Attributes:
        records: the good records in message order; its schema is `dataset.schema`, the label is 0 or 1.
        positions: for each record, the index of its message.
        dead: (index of the message, reason in words) of what is no record, ascending.
        headers: indices of header lines sent as messages, ascending; they are set aside.
    """

    records: pa.RecordBatch
    positions: Rows
    dead: tuple[tuple[int, str], ...]
    headers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a contract means to Arrow; made once per contract."""

    names: list[str]
    convert: pa_csv.ConvertOptions
    floats: tuple[int, ...]
    dirty: tuple[int, ...]
    label: int | None
    positive: pa.StringArray
    negative: pa.StringArray
    schema: pa.Schema
    dataset: Dataset


def decode(messages: Sequence[bytes | None], dataset: Dataset, *, wire: Wire) -> Decoded:
    """Read messages as records of the contract.

    A line that is the contract's header is set aside. Anything else that is no record is a dead letter: wrong
    columns, a number that is none or isn't finite, a repair that its column can't hold, an unknown label, a quote
    left open, text that isn't UTF-8, a line break inside a record, an empty message, a tombstone (None).

    Args:
        messages: one record each, with or without a line end.
        dataset: the contract.
        wire: how the records travel. It may differ from `dataset.wire`: a file is always `csv`.
    """
    lines, places, dead = _lines(messages, dataset, wire)
    records, alive = _records(lines, _layout(dataset))
    headers = []
    for number in np.flatnonzero(~alive):
        reason = _explain(lines[number], dataset)
        if reason is None:
            headers.append(places[number])
        else:
            dead.append((places[number], reason))
    positions = np.array(places, dtype=np.int64)[alive]
    return Decoded(records=records, positions=positions, dead=tuple(sorted(dead)), headers=tuple(headers))


def _lines(
    messages: Sequence[bytes | None], dataset: Dataset, wire: Wire
) -> tuple[list[bytes], list[int], list[tuple[int, str]]]:
    """The CSV lines, the index of each one's message, and the messages that hold no line."""
    plain = plain_lines(messages, wire)
    if plain is not None:
        return plain, list(range(len(messages))), []
    read = line_reader(dataset, wire)
    lines: list[bytes] = []
    places: list[int] = []
    dead: list[tuple[int, str]] = []
    for index, message in enumerate(messages):
        try:
            lines.append(read(message))
        except BadMessage as bad:
            dead.append((index, str(bad)))
        else:
            places.append(index)
    return lines, places, dead


def _records(lines: list[bytes], layout: _Layout) -> tuple[pa.RecordBatch, npt.NDArray[np.bool_]]:
    """The records among the lines, and a mask over the lines that says which they are."""
    pieces = list(_sift(lines, 0, layout)) or list(_sift([], 0, layout))
    table = pa.concat_tables([table for table, _ in pieces])
    columns = [column.combine_chunks() for column in table.columns]
    rows = np.concatenate([rows for _, rows in pieces])
    good = _convert(columns, layout)
    alive = np.zeros(len(lines), dtype=np.bool_)
    alive[rows[np.from_dlpack(pc.indices_nonzero(good))]] = True
    return pa.RecordBatch.from_arrays(columns, schema=layout.schema).filter(good), alive


def _convert(columns: list[pa.Array], layout: _Layout) -> pa.BooleanArray:
    """Make the columns, in place, what the contract says, and say which rows are records."""
    good = _clean(columns, layout)
    good += _repair(columns, layout)
    return reduce(pc.and_, good, pc.is_null(pa.nulls(len(columns[0]))))


def _clean(columns: list[pa.Array], layout: _Layout) -> list[pa.BooleanArray]:
    """Make cells, in place, what they mean, and say which can be read."""
    good = [pc.is_finite(columns[index]) for index in layout.floats]
    if layout.label is not None:
        positive = pc.is_in(columns[layout.label], value_set=layout.positive)
        good.append(pc.or_(positive, pc.is_in(columns[layout.label], value_set=layout.negative)))
        columns[layout.label] = positive.cast(pa.int8())
    for index in layout.dirty:
        columns[index], readable = clean_column(columns[index], layout.dataset.columns[index])
        good.append(readable)
    return good


def _repair(columns: list[pa.Array], layout: _Layout) -> list[pa.BooleanArray]:
    """Do the repairs, in place, and say for each which rows can hold it."""
    named, fits = repair_columns(dict(zip(layout.names, columns, strict=True)), layout.dataset.repairs)
    columns[:] = named.values()
    return fits


def _sift(lines: list[bytes], start: int, layout: _Layout) -> Iterator[Piece]:
    """Halve the lines until Arrow reads what is left: a line's fate is its own, the speed is the block's."""
    read = read_block(lines, names=layout.names, convert=layout.convert)
    if read is not None:
        table, skipped = read
        yield table, np.delete(np.arange(start, start + len(lines) + 1), skipped)
    elif len(lines) > 1:
        middle = len(lines) // 2
        yield from _sift(lines[:middle], start, layout)
        yield from _sift(lines[middle:], start + middle, layout)


@lru_cache(maxsize=16)
def _layout(dataset: Dataset) -> _Layout:
    dirty = tuple(index for index, column in enumerate(dataset.columns) if column.clean.needed)
    as_words = {dataset.columns[index].name for index in dirty} | ({dataset.label_name} if dataset.labelled else set())
    types = {field.name: pa.string() if field.name in as_words else field.type for field in dataset.schema}
    return _Layout(
        names=list(dataset.names),
        convert=pa_csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
        floats=tuple(i for i, c in enumerate(dataset.columns) if c.type == "float" and i not in dirty),
        dirty=dirty,
        label=dataset.names.index(dataset.label_name) if dataset.labelled else None,
        positive=words(dataset.label.positive),
        negative=words(dataset.label.negative),
        schema=dataset.schema,
        dataset=dataset,
    )


def _explain(line: bytes, dataset: Dataset) -> str | None:
    """Why a line that was refused is no record, in words; None if it is the contract's header."""
    if _is_header(line, dataset) or (line.startswith(BOM) and _is_header(line.removeprefix(BOM), dataset)):
        return None
    expected = len(dataset.columns)
    count = count_cells(line, most=max(MOST_CELLS, expected + 1))
    if count is None:
        return f"a quote that isn't closed: {shorten(line)}"
    if count != expected:
        return f"{count}{' or more' * (count >= MOST_CELLS)} columns instead of {expected}: {shorten(line)}"
    cells = split_line(line) or []
    for column, cell in zip(dataset.columns, cells, strict=True):
        fault = _fault(column, cell.decode(), dataset)
        if fault:
            return fault
    return _repair_fault(line, dataset) or f"not readable as a record: {shorten(line)}"


def _is_header(line: bytes, dataset: Dataset) -> bool:
    # Counting first: most of what is refused has another number of columns, and that may be each of a million lines.
    expected = len(dataset.columns)
    counted = count_cells(line, most=expected + 1) == expected
    return counted and split_line(line) == [name.encode() for name in dataset.names]


def _fault(column: Column, text: str, dataset: Dataset) -> str:
    """What is wrong with one cell, or nothing."""
    if column.type == "label":
        labels = sorted({*dataset.label.positive, *dataset.label.negative})
        expected = shorten(", ".join(labels))[1:-1]
        known = text in labels
        return "" if known else f"unknown label {shorten(text)} in '{column.name}'; expected one of {expected}"
    what = {"int": "a whole number", "float": "a finite number"}.get(column.type)
    if what is None or _is_number(text, column):
        return ""
    return f"'{column.name}': {shorten(text)} is not {what}{expected_of(column.clean)}"


def _repair_fault(line: bytes, dataset: Dataset) -> str:
    """Which repair of a line whose cells are right is impossible, or nothing."""
    layout = _layout(dataset)
    for table, _ in _sift([line], 0, layout):
        columns = [column.combine_chunks() for column in table.columns]
        _clean(columns, layout)
        for repair, fits in zip(dataset.repairs, _repair(columns, layout), strict=True):
            if not fits[0].as_py():
                return f"'{repair.column}' can't hold its repair, '{repair.plus_of}' {repair.add:+g}: {shorten(line)}"
    return ""


def _is_number(text: str, column: Column) -> bool:
    if column.clean.needed:
        readable: bool = clean_column(words([text]), column)[1][0].as_py()
        return readable
    try:
        value = words([text.strip(" \t")]).cast(ARROW_TYPES[column.type])[0].as_py()
    except pa.ArrowInvalid:
        return False
    return math.isfinite(value)
