"""What the cells of a file look like, counted without knowing its contract: the first reading of `describe`."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from .columns import Clean, Column, Label
from .dataset import Dataset
from .errors import ContractError
from .files import Form, read_blocks, read_header

Kind = Literal["int", "float", "unit", "missing", "time", "text"]
MISSING = ("", "-", "--", "?", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "none")
"""Words that stand for "not known" among numbers."""
VALUES = 200
"""So many distinct values of a column are remembered one by one."""
EXAMPLES = 5

# Eighteen digits always fit into 64 bits; a needless zero in front makes a number a code, whose zero must stay.
_INT = r"-?(?:0|[1-9][0-9]{0,17})"
_FLOAT = r"-?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?[eE][+-]?[0-9]{1,2})"
_IS_INT = re.compile(_INT)
_IS_FLOAT = re.compile(_FLOAT)
_IS_UNIT = re.compile(rf"(?:{_INT}|{_FLOAT})[ \t]*([kKMGTP](?:i?B)?)")
_IS_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?( ?(Z|[+-][0-9]{2}:?[0-9]{2}))?)?"
    r"|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AaPp][Mm])?)?"
    r"|[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?"
)


@dataclass(slots=True)
class Look:
    """What was seen in one column; every cell is counted in exactly one kind.

    Attributes:
        name: the column's name.
        kinds: how many cells look like a whole number, another number, a number with a unit, a word for missing, a
            time, or anything else.
        missing: the words for missing among them, "" for an empty cell.
        units: the suffixes of numbers.
        blanks: how many numbers have blanks inside.
        examples: some of the other words, with their counts.
        values: the distinct cells, until there are more than `VALUES`; then None.
    """

    name: str
    kinds: Counter[Kind] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    blanks: int = 0
    examples: Counter[str] = field(default_factory=Counter)
    values: Counter[str] | None = field(default_factory=Counter)

    @property
    def numbers(self) -> int:
        """How many cells are numbers of any kind."""
        return self.kinds["int"] + self.kinds["float"] + self.kinds["unit"]

    @property
    def words(self) -> int:
        """How many cells are neither numbers nor missing."""
        return self.kinds["time"] + self.kinds["text"]

    def add(self, cells: pa.StringArray) -> None:
        """Count the cells of one block; null is an empty cell."""
        self._count("", cells.null_count)
        found = pc.value_counts(cells.drop_null())
        values, counts = found.field("values"), found.field("counts")
        self._remember(values, counts)
        rest = _many(values, counts, self.kinds)
        for text, times in zip(values.filter(rest).to_pylist(), counts.filter(rest).to_pylist(), strict=True):
            self._count(text, times)

    def _count(self, text: str, times: int) -> None:
        if not times:
            return
        bare = text.strip(" \t")
        kind, unit, blank = classify(bare)
        self.kinds[kind] += times
        self.blanks += times if blank else 0
        if kind == "missing":
            self.missing[bare] += times
        elif kind == "unit":
            self.units[unit] += times
        elif kind in ("text", "time") and (text in self.examples or len(self.examples) < EXAMPLES):
            self.examples[text] += times

    def _remember(self, values: pa.StringArray, counts: pa.Int64Array) -> None:
        if self.values is not None and len(values) <= VALUES:
            self.values.update(dict(zip(values.to_pylist(), counts.to_pylist(), strict=True)))
        if self.values is not None and (len(values) > VALUES or len(self.values) > VALUES):
            self.values = None


def _many(values: pa.StringArray, counts: pa.Int64Array, kinds: Counter[Kind]) -> pa.BooleanArray:
    """Count the plain numbers among the values at once; which of the values are left."""
    whole = pc.match_substring_regex(values, f"^{_INT}$")
    decimal = pc.match_substring_regex(values, f"^(?:{_FLOAT})$")
    kinds["int"] += pc.sum(counts.filter(whole)).as_py() or 0
    kinds["float"] += pc.sum(counts.filter(decimal)).as_py() or 0
    return pc.invert(pc.or_(whole, decimal))


def classify(bare: str) -> tuple[Kind, str, bool]:
    """What a cell without the blanks around it looks like: kind, unit (or ""), and whether there are blanks inside.

    >>> classify("1 024"), classify("5.5 M"), classify("007"), classify("49:12.9")
    (('int', '', True), ('unit', 'M', False), ('text', '', False), ('time', '', False))
    """
    if bare in MISSING:
        return "missing", "", False
    if _IS_TIME.fullmatch(bare):
        return "time", "", False
    joined = re.sub("[ \t]", "", bare)
    unit = _IS_UNIT.fullmatch(joined)
    if unit:
        return "unit", unit[1], _IS_UNIT.fullmatch(bare) is None
    if _IS_INT.fullmatch(joined):
        return "int", "", joined != bare
    if _IS_FLOAT.fullmatch(joined) or _is_far(joined):
        return "float", "", joined != bare
    return "text", "", False


def _is_far(text: str) -> bool:
    """Whether it is a finite number with an exponent of three digits."""
    digits, _, exponent = text.lower().partition("e")
    is_number = _IS_FLOAT.fullmatch(f"{digits}e1") and re.fullmatch(r"[+-]?[0-9]{3}", exponent)
    return bool(is_number) and math.isfinite(float(text))


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What was seen in all columns of the files.

    Attributes:
        columns: by place.
        rows: lines that have as many columns as the header; these were counted.
        strange: lines that don't.
        first_strange: what is wrong with the first of them, or "".
    """

    columns: tuple[Look, ...]
    rows: int
    strange: int
    first_strange: str


def look_at(paths: Sequence[Path], *, advance: Callable[[int], None] = lambda n: None) -> Looks:
    """Read the files once, in constant memory, and count what is in their cells.

    Raises:
        UsageError: a file can't be read.
        ContractError: a file isn't readable as a table, the files have different columns, or no line is left.
    """
    probe = _probe(paths)
    looks = tuple(Look(name) for name in probe.names)
    rows = strange = 0
    first = ""
    for block in read_blocks(paths, probe):
        for look, cells in zip(looks, block.decoded.records.columns, strict=True):
            look.add(cells)
        rows, strange = rows + block.decoded.records.num_rows, strange + len(block.decoded.dead)
        if block.decoded.dead and not first:
            place, reason = block.decoded.dead[0]
            first = f"{block.path.name}, line {block.first + place:,}: {reason}"
        advance(len(block.lines))
    if not rows:
        raise ContractError(f"no line of {paths[0]} has the columns that its header names; {first}")
    return Looks(looks, rows, strange, first)


def _probe(paths: Sequence[Path]) -> Dataset:
    """A contract that takes every cell as a word, so that the reader of records reads any file."""
    form, names = read_header(paths[0])
    _check_names(paths[0], form, names)
    label = "label"
    while label in names:
        label += "_"
    word = Clean(missing=("",))
    columns = (*(Column(name=name, type="string", clean=word) for name in names), Column(name=label, type="label"))
    contract = Dataset(name=paths[0].name, label=Label(positive=("1",), negative=("0",)), columns=columns)
    return contract.unlabelled()


def _check_names(path: Path, form: Form, names: list[str]) -> None:
    numbers = [name for name in names if classify(name.strip())[0] in ("int", "float")]
    counted = numbers in ([str(place) for place in range(start, start + len(numbers))] for start in (0, 1))
    if form != "parquet" and 2 * len(numbers) > len(names) and not counted:
        raise ContractError(
            f"{path} begins with {', '.join(names[:4])}...: these are no names. Put a line that names the columns first"
        )
    if len(names) == 1:
        raise ContractError(f"{path} has one column only, '{names[0]}'; columns are parted by commas or tabs")
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled or "" in names or any(name.startswith("#") for name in names):
        wrong = ", ".join(map(repr, doubled or [name for name in names if name[:1] in ("", "#")]))
        raise ContractError(
            f"{path} has column names that can't be used: {wrong}. Each must be there, differ from the others, "
            "and not begin with '#'"
        )
