"""How a file's columns stand to its label, counted in constant memory: the second reading of `describe`."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .dataset import Dataset
from .files import read_blocks

Ints = npt.NDArray[np.int64]

CAPACITY = 16_384
"""So many distinct values of a column are followed at once."""


@dataclass(slots=True)
class Sample:
    """The distinct values of a column with their counts in both classes: all of them, or a fair sample.

    A value is followed, in all its rows, or not at all, which its hash decides: where there are more values than
    `CAPACITY`, every second one is let go, again and again. So what holds for each value followed (that it occurs
    once, that it goes with one class only) can be read off. (Gibbons, Distinct sampling, VLDB 2001.)
    """

    counts: dict[object, tuple[int, int]] = field(default_factory=dict)
    level: int = 0

    @property
    def distinct(self) -> int:
        """How many distinct values there are; exact up to `CAPACITY`, else an estimate within about 1 percent."""
        return len(self.counts) << self.level

    def add(self, values: Sequence[object], hashes: Ints, joint: Ints) -> None:
        """Count values of one block: `joint` is int64[n, 2], the rows of class 0 and 1."""
        kept = np.flatnonzero(hashes & ((1 << self.level) - 1) == 0)
        for place, zero, one in zip(kept.tolist(), *joint[kept].T.tolist(), strict=True):
            before = self.counts.get(values[place], (0, 0))
            self.counts[values[place]] = (before[0] + zero, before[1] + one)
        while len(self.counts) > CAPACITY:
            self.level += 1
            mask = (1 << self.level) - 1
            known = _hashes(list(self.counts)).tolist()
            pairs = zip(self.counts.items(), known, strict=True)
            self.counts = {value: both for (value, both), code in pairs if not code & mask}


def _hashes(values: Sequence[object]) -> Ints:
    """A hash of each value that is the same in every process."""
    return np.fromiter((zlib.crc32(repr(value).encode()) for value in values), np.int64, len(values))


@dataclass(slots=True)
class Trait:
    """What is known of one column beside the label. Nulls are counted and otherwise left out.

    Attributes:
        name: the column's name.
        numeric: whether it holds numbers.
        sample: its values.
        nulls: how many rows have none.
        low, high: of a number, the least and the greatest value in each class.
        sorted: whether no number is less than the one before it.
        last: the last number seen.
    """

    name: str
    numeric: bool
    sample: Sample = field(default_factory=Sample)
    nulls: int = 0
    low: list[float] = field(default_factory=lambda: [math.inf, math.inf])
    high: list[float] = field(default_factory=lambda: [-math.inf, -math.inf])
    sorted: bool = True
    last: float = -math.inf

    def add(self, cells: pa.Array, labels: Ints) -> None:
        """Count one block; `labels` is int64[n]."""
        known = _numpy(cells.is_valid())
        self.nulls += cells.null_count
        cells, labels = cells.drop_null(), labels[known]
        if not len(cells):
            return
        encoded = cells.dictionary_encode()
        size = len(encoded.dictionary)
        joint = np.bincount(_numpy(encoded.indices).astype(np.int64) * 2 + labels, minlength=2 * size)
        values = encoded.dictionary.to_pylist()
        self.sample.add(values, _hashes(values), joint.reshape(size, 2))
        if self.numeric:
            self._range(_numpy(cells.cast(pa.float64(), safe=False)), labels)

    def _range(self, numbers: npt.NDArray[np.float64], labels: Ints) -> None:
        for label in (0, 1):
            mine = numbers[labels == label]
            if len(mine):
                self.low[label] = min(self.low[label], float(mine.min()))
                self.high[label] = max(self.high[label], float(mine.max()))
        self.sorted = self.sorted and bool((numbers[1:] >= numbers[:-1]).all()) and float(numbers[0]) >= self.last
        self.last = float(numbers[-1])

    @property
    def all_differ(self) -> bool:
        """Whether no value occurs twice."""
        return all(zero + one == 1 for zero, one in self.sample.counts.values())

    @property
    def apart(self) -> bool:
        """Whether one threshold parts the classes: all numbers of one lie below all of the other."""
        below = self.high[0] < self.low[1] or self.high[1] < self.low[0]
        return below and all(map(math.isfinite, self.high))

    @property
    def mixed(self) -> int:
        """Rows (of the values followed) that a guess by the value's more frequent class gets wrong."""
        return sum(min(both) for both in self.sample.counts.values())

    @property
    def followed(self) -> tuple[int, int]:
        """The rows of class 0 and 1 whose value is followed."""
        zero = sum(both[0] for both in self.sample.counts.values())
        return zero, sum(both[1] for both in self.sample.counts.values())


def _numpy(values: pa.Array) -> npt.NDArray[Any]:
    """The values as NumPy has them; by way of DLPack, as Arrow's own way would import pandas."""
    if pa.types.is_boolean(values.type):
        return np.from_dlpack(values.cast(pa.int8())).astype(np.bool_)
    return np.from_dlpack(values)


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """All columns but the label, by place; records by class; lines that are no records, and why the first is none."""

    columns: dict[str, Trait]
    class_counts: tuple[int, int]
    dead: int
    first_dead: str


def study(paths: Sequence[Path], dataset: Dataset, *, advance: Callable[[int], None] = lambda n: None) -> Traits:
    """Read the records of a contract once, and count how the columns stand to the label.

    Raises:
        UsageError, ContractError: as `read_blocks`.
    """
    others = [column for column in dataset.columns if column.type != "label"]
    traits = {column.name: Trait(column.name, column.type != "string") for column in others}
    totals = np.zeros(2, np.int64)
    dead, first = 0, ""
    for block in read_blocks(paths, dataset):
        records = block.decoded.records
        labels = _numpy(records.column(dataset.label_name)).astype(np.int64)
        for name, trait in traits.items():
            trait.add(records.column(name), labels)
        totals += np.bincount(labels, minlength=2)
        if block.decoded.dead and not first:
            place, reason = block.decoded.dead[0]
            first = f"{block.path.name}, line {block.first + place:,}: {reason}"
        dead += len(block.decoded.dead)
        advance(len(block.lines))
    return Traits(traits, (int(totals[0]), int(totals[1])), dead, first)


def coincides(trait: Trait, negatives: int) -> str | None:
    """The one word that stands in exactly the rows of class 0, if there is one, and no other word does there."""
    if trait.numeric or trait.sample.level:
        return None
    words = [word for word, both in trait.sample.counts.items() if both == (negatives, 0)]
    return str(words[0]) if len(words) == 1 else None
