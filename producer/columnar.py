"""Parquet files: rows that come out as CSV lines, so that the codec alone decides what is a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .cleaning import words
from .dataset import Column, Dataset
from .errors import ContractError

MAGIC = b"PAR1"
_BUFFER = 1 << 20
_TRUTHS = (("1", "0"), ("true", "false"), ("True", "False"), ("TRUE", "FALSE"), ("yes", "no"))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Consecutive rows of a Parquet file.

    Attributes:
        lines: each row as a CSV line in the contract's order. A text with a line break has it in its line, which is
            then no record; it takes one place all the same.
        faults: why a row is no record where its line can't say it: {place in `lines`: reason}. Such a line has a
            column too many, so it is no record either.
    """

    lines: list[bytes]
    faults: dict[int, str]


def parquet_columns(path: Path) -> list[str]:
    """The names of a Parquet file's columns, in its order.

    Raises:
        ContractError: the file is cut short or damaged, or holds no rows.
    """
    with _opened(path) as file:
        if not file.metadata.num_rows:
            raise ContractError(f"{path} holds no records: it is a Parquet file without rows")
        return list(file.schema_arrow.names)


def check_columns(path: Path, dataset: Dataset) -> None:
    """Hold the columns of a Parquet file against a contract: the same names, in any order.

    Raises:
        ContractError: as `parquet_columns`; or a column is missing, doubled or unknown, or holds what no contract
            can describe.
    """
    found = parquet_columns(path)
    if Counter(found) != Counter(dataset.names):
        dataset.check_header(found, str(path))
    with _opened(path) as file:
        for column in dataset.columns:
            kind = file.schema_arrow.field(column.name).type
            try:
                _texts(pa.nulls(0, kind), column, dataset)
            except (pa.ArrowException, TypeError, ValueError):
                raise ContractError(
                    f"{path} holds {kind} in column '{column.name}'; a record's columns hold numbers, words or times"
                ) from None


def read_rows(path: Path, dataset: Dataset, size: int) -> Iterator[Rows]:
    """The rows in order, at most `size` at a time; memory is bounded by these and a page of each column.

    Numbers become text that reads back as the same number: 32-bit floats too, and whole floats as whole numbers where
    the contract asks for them (a column of whole numbers with gaps is often stored so). NaN and null become the empty
    cell; in a column of strings whose contract doesn't name "" as missing, null makes the row no record, as an empty
    word would be another thing than none.

    Raises:
        ContractError: the file is damaged; it may come with any rows.
    """
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=size):
            columns = [batch.column(batch.schema.get_field_index(name)) for name in dataset.names]
            yield _lines(columns, dataset)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last one: a column's name is no text
        reason = str(error).splitlines()[0].rstrip(".")
        raise ContractError(
            f"{path} is a Parquet file that is cut short or damaged ({reason}); fetch or write it again"
        ) from None


def _lines(columns: Sequence[pa.Array], dataset: Dataset) -> Rows:
    texts = [_texts(cells, column, dataset) for cells, column in zip(columns, dataset.columns, strict=True)]
    joined = pc.binary_join_element_wise(*map(_quoted, texts), _word(","), null_handling="replace", null_replacement="")
    lines: list[bytes] = joined.to_pylist()
    faults: dict[int, str] = {}
    for column, cells in zip(dataset.columns, texts, strict=True):
        if column.type == "string" and "" not in column.clean.missing and cells.null_count:
            for row in pc.indices_nonzero(pc.is_null(cells)).to_pylist():
                faults.setdefault(row, f"'{column.name}' is null; to accept that, name \"\" among its missing words")
    for row in faults:
        lines[row] += b",null"
    return Rows(lines, faults)


def _texts(cells: pa.Array, column: Column, dataset: Dataset) -> pa.Array:
    """A column's values as text (Arrow's type binary), null where nothing is known."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    kind, number = cells.type, column.type in ("int", "label")
    if pa.types.is_nested(kind):
        raise TypeError(f"no text stands for {kind}")
    if pa.types.is_boolean(kind):
        texts = _truths(column, dataset).take(cells.cast(pa.int8()))
    elif pa.types.is_floating(kind):
        texts = _floats(cells.cast(pa.float64()), whole=number)
    elif pa.types.is_decimal(kind) and number:
        texts = pc.replace_substring_regex(cells.cast(pa.string()), r"\.0*$", "")
    elif pa.types.is_duration(kind):
        texts = cells.cast(pa.int64()).cast(pa.string())
    elif pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        texts = cells
    else:
        texts = cells if pa.types.is_binary(kind) else cells.cast(pa.string())
    return texts.cast(pa.binary())


def _truths(column: Column, dataset: Dataset) -> pa.Array:
    """The words for false and true: those that the label knows, 0 and 1 for numbers, else false and true."""
    known = {*dataset.label.positive, *dataset.label.negative}
    fitting = [pair for pair in _TRUTHS if column.type == "label" and known.issuperset(pair)]
    plain = _TRUTHS[1] if column.type == "string" else _TRUTHS[0]
    true, false = fitting[0] if fitting else plain
    return words([false, true])


def _floats(numbers: pa.Array, *, whole: bool) -> pa.Array:
    """The shortest text that reads back as the same number; null for NaN."""
    numbers = pc.if_else(pc.is_nan(numbers), pa.nulls(len(numbers), pa.float64()), numbers)
    texts = numbers.cast(pa.string())
    if not whole:
        return texts
    fits = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), _number(2.0**63)))
    return pc.if_else(fits, pc.if_else(fits, numbers, _number(0.0)).cast(pa.int64()).cast(pa.string()), texts)


def _quoted(texts: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(texts, '[",]')
    if not pc.any(special).as_py():
        return texts
    doubled = pc.replace_substring(texts, '"', '""')
    quote = _word('"')
    return pc.if_else(special, pc.binary_join_element_wise(quote, doubled, quote, _word("")), texts)


def _word(text: str) -> pa.Scalar:
    return words([text]).cast(pa.binary())[0]


def _number(value: float) -> pa.Scalar:
    """A scalar; `pa.scalar` would import pandas, which takes half a second."""
    return pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([value]))])[0]
