"""Cleaning, as a contract asks for it: what a dirty cell means, and values that another column knows better.

Everything is Arrow's compute over whole columns; a cell's meaning never depends on its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .columns import Clean, Column, Repair

LIMIT = 2.0**53
"""Whole numbers with a unit or decimals must be below it: beyond, a float64 can't tell neighbours apart."""

_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


def words(texts: Sequence[str]) -> pa.StringArray:
    """The words as an Arrow array. `pa.array` and `pa.scalar` would import pandas, which takes half a second."""
    raw = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, raw)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(raw), pa.py_buffer(offsets), pa.py_buffer(b"".join(raw)))


def clean_column(cells: pa.StringArray, column: Column) -> tuple[pa.Array, pa.BooleanArray]:
    """Read a column's cells as its contract says.

    A number is decimal here (`-1.5`, `.5`, `2e3`), with a unit where the contract has some; a whole number may have
    decimals and a unit if it comes out whole.

    Args:
        cells: string[n], without nulls.
        column: a column whose `clean` is needed.

    Returns:
        The values, null where missing: int64, float64 or string[n]; and bool[n], whether each cell can be read.
        The value of a cell that can't be read means nothing.
    """
    text = pc.utf8_trim(cells, " \t")
    missing = pc.is_in(text, value_set=words(column.clean.missing))
    if column.type == "string":
        return _only(pc.invert(missing), cells), pc.is_valid(cells)
    values = _numbers(text, column)
    known = pc.and_(pc.is_valid(values), pc.invert(missing))
    values = _only(known, values)
    if column.clean.text == "missing":
        return values, pc.is_valid(cells)
    return values, pc.or_(known, missing)


def _numbers(text: pa.StringArray, column: Column) -> pa.Array:
    """The numbers in the cells, null where there is none, or none that the type can hold."""
    if column.clean.blanks:
        text = pc.replace_substring_regex(text, "[ \t]+", "")
    parts = pc.extract_regex(text, _pattern(tuple(column.clean.units)))
    number, unit = (pc.struct_field(parts, index) for index in (0, 1))
    values = pc.multiply(number.cast(pa.float64()), _factors(unit, column.clean.units))
    values = _only(pc.is_finite(values), values)
    return values if column.type == "float" else _whole(number, values, unit)


@lru_cache(maxsize=256)
def _pattern(units: tuple[str, ...]) -> str:
    longest_first = sorted(units, key=len, reverse=True)
    unit = "|".join(map(re.escape, longest_first))
    return f"^(?P<number>{_NUMBER})[ \t]*(?P<unit>(?:{unit})?)$"


def _factors(unit: pa.StringArray, units: Mapping[str, float]) -> pa.Array:
    place = pc.index_in(unit, value_set=words(tuple(units)))
    return pc.fill_null(pc.take(_floats([*units.values()]), place), _float(1.0))


def _floats(values: Sequence[float]) -> pa.DoubleArray:
    return pa.DoubleArray.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(np.array(values, np.float64))])


def _float(value: float) -> pa.DoubleScalar:
    """The number as an Arrow scalar. (To take a plain number, Arrow would import pandas.)."""
    return _floats([value])[0]


def _whole(number: pa.StringArray, values: pa.Array, unit: pa.StringArray) -> pa.Array:
    """Whole numbers: digits alone as they are, up to 18 of them; else what comes out whole and is exact."""
    plain = pc.and_(pc.match_substring_regex(number, "^-?[0-9]{1,18}$"), pc.equal(unit, words([""])[0]))
    digits = _only(plain, number).cast(pa.int64())
    exact = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), _float(LIMIT)))
    rest = _only(exact, values).cast(pa.int64())
    return pc.coalesce(digits, rest)


def repair_columns(
    columns: Mapping[str, pa.Array], repairs: Sequence[Repair]
) -> tuple[dict[str, pa.Array], list[pa.BooleanArray]]:
    """The columns with each repair done, in order: `column := plus_of + add`, unless both are `unless_both`.

    Where `plus_of` is missing, nothing is changed.

    Returns:
        The columns; and for each repair bool[n], whether the column can hold what comes out: a whole column whole
        numbers below `LIMIT`, a float column finite ones. A value that it can't hold means nothing.
    """
    done = dict(columns)
    fits = []
    for repair in repairs:
        old, other = done[repair.column], done[repair.plus_of]
        new, held = _sum(other, repair.add, old.type)
        keep = pc.is_null(other)
        if repair.unless_both is not None:
            value = _float(repair.unless_both)
            both = pc.and_kleene(pc.equal(_as_float(old), value), pc.equal(_as_float(other), value))
            keep = pc.or_kleene(keep, both)
        done[repair.column] = pc.coalesce(pc.if_else(keep, old, new), new)
        fits.append(pc.or_kleene(keep, held))
    return done, fits


def _sum(values: pa.Array, add: float, kind: pa.DataType) -> tuple[pa.Array, pa.BooleanArray]:
    """The values plus a number as that type, and bool[n], whether each sum is exact in it."""
    total = pc.add(_as_float(values), _float(add))
    held = pc.is_finite(total)
    if pa.types.is_integer(values.type):
        held = pc.and_(held, pc.less(pc.abs(_as_float(values)), _float(LIMIT)))
    if pa.types.is_integer(kind):
        held = pc.and_(held, pc.and_(pc.equal(pc.floor(total), total), pc.less(pc.abs(total), _float(LIMIT))))
    return total.cast(kind, safe=False), held


def _as_float(values: pa.Array) -> pa.DoubleArray:
    """As float64; a safe cast would refuse the whole column for one number beyond `LIMIT`."""
    return values.cast(pa.float64(), safe=False)


def expected_of(clean: Clean) -> str:
    """What a cell of numbers may hold besides one, in words for a message; empty without cleaning."""
    units = f", with a unit ({', '.join(clean.units)})" if clean.units else ""
    missing = f", or {' or '.join(map(repr, clean.missing))} for missing" if clean.missing else ""
    return f"{units}{missing}"


def _only(condition: pa.BooleanArray, values: pa.Array) -> pa.Array:
    """The values where the condition holds, null elsewhere."""
    return pc.if_else(condition, values, pa.nulls(len(values), values.type))
