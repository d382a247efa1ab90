"""Cells of CSV lines, changed in place: a column at a time, nothing else touched.

All is Arrow's compute on the cells' own text, so that a cell that isn't changed keeps its characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from .cleaning import LIMIT, clean_column, words
from .columns import Column
from .dataset import ARROW_TYPES, Dataset
from .errors import UsageError
from .lines import read_block

Mask = npt.NDArray[np.bool_]
Cells = dict[str, pa.StringArray]


def split_cells(lines: Sequence[bytes], dataset: Dataset) -> Cells:
    """The cells of records' lines, by column, unquoted: {name: string[n]}.

    Args:
        lines: each one a record, without its line end.
        dataset: the records' contract.
    """
    convert = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(dataset.names, pa.string()), null_values=[], strings_can_be_null=False
    )
    read = read_block(lines, names=list(dataset.names), convert=convert)
    assert read is not None  # each of them was read as a record before
    return {name: read[0].column(name).combine_chunks() for name in dataset.names}


def join_cells(cells: Cells) -> list[bytes]:
    """The lines of these cells, with quotes where a cell needs them.

    >>> join_cells({"a": words(["1", "2"]), "b": words(["x,y", ""])})
    [b'1,"x,y"', b'2,']
    """
    comma = words([","])[0]
    joined = pc.binary_join_element_wise(*map(_quoted, cells.values()), comma)
    return joined.cast(pa.binary()).to_pylist()  # type: ignore[no-any-return]


def _quoted(cells: pa.StringArray) -> pa.StringArray:
    quote = words(['"'])[0]
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(
        pc.match_substring_regex(cells, '[",]'),
        pc.binary_join_element_wise(quote, doubled, quote, words([""])[0]),
        cells,
    )


def chosen(mask: Mask, new: pa.Array, old: pa.Array) -> pa.Array:
    """The new value where the mask holds, the old one elsewhere; `new` may be a scalar."""
    bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
    return pc.if_else(pa.BooleanArray.from_buffers(pa.bool_(), len(mask), [None, bits]), new, old)


def swapped_labels(cells: pa.StringArray, dataset: Dataset) -> pa.StringArray:
    """The other class's word for each label: the first of the contract's."""
    attack = pc.is_in(cells, value_set=words(dataset.label.positive))
    return pc.if_else(attack, words([dataset.label.negative[0]])[0], words([dataset.label.positive[0]])[0])


def moved(cells: Cells, sources: Mapping[str, str]) -> Cells:
    """The columns with each one's new cells: {column: cells of its source}."""
    return {name: cells[source] for name, source in sources.items()}


@dataclass(frozen=True, slots=True)
class Numbers:
    """What numeric cells hold: `values` float64[n], meaning nothing where not `known`."""

    values: npt.NDArray[np.float64]
    known: pa.BooleanArray


def numbers_of(cells: pa.StringArray, column: Column) -> Numbers:
    """The numbers in a column's cells, read as the contract reads them; those of records, so they can be read."""
    if column.clean.needed:
        values = clean_column(cells, column)[0]
    else:
        values = pc.utf8_trim(cells, " \t").cast(ARROW_TYPES[column.type])
    floats = pc.fill_null(values.cast(pa.float64(), safe=False), _zero())
    return Numbers(np.from_dlpack(floats).astype(np.float64, copy=False), pc.is_valid(values))


def _zero() -> pa.DoubleScalar:
    return pa.DoubleArray.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.zeros(1))])[0]


def number_words(values: npt.NDArray[np.float64], column: Column) -> pa.StringArray:
    """Numbers as cells of that column: the shortest text that reads back as the same number.

    Whole columns get whole numbers, rounded half to even.

    Raises:
        UsageError: the column can't hold one of them.
    """
    whole = column.type == "int"
    values = np.rint(values) if whole else values
    wrong = ~(np.abs(values) < LIMIT) if whole else ~np.isfinite(values)
    if wrong.any():
        raise UsageError(f"column '{column.name}' can't hold {values[wrong][0]:g}; scale it by a smaller factor")
    kind, raw = (pa.int64(), values.astype(np.int64)) if whole else (pa.float64(), np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(raw), [None, pa.py_buffer(raw)]).cast(pa.string())


def scaled(cells: pa.StringArray, column: Column, factors: npt.NDArray[np.float64]) -> pa.StringArray:
    """Each number times its factor; what is missing stays as it is.

    Raises:
        UsageError: as `number_words`.
    """
    numbers = numbers_of(cells, column)
    with np.errstate(over="ignore"):
        texts = number_words(numbers.values * factors, column)
    return pc.if_else(numbers.known, texts, cells)
