"""What injections mean for one file: which columns, which values, which rates. The file is read once for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .cleaning import words
from .columns import Column
from .dataset import Dataset
from .edits import number_words
from .errors import ContractError, UsageError
from .files import Block
from .injection import Injection
from .injection_columns import columns_of, cycle

MEDIAN_OF = 50_000
"""The median that stands for a missing number is taken over so many records at most."""
LEAST_SHIFT = 0.01
"""A share of attacks that changes by less is no drift."""
REACHED, HIT, DONOR, PERMUTATION = range(4)
"""What is drawn for a step, each from a stream of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One injection, and what it means for this file.

    Attributes:
        injection: what was asked for.
        place: its place among all that were asked for; it and the seed decide what is drawn.
        columns: those that change, in the contract's order.
        sources: of `permutation`, the column from which each column's cells come.
        texts: of `missing` and `category`, what is written into each column.
        was: of `prior`, the share of attacks among the records from its start on, in the file as it is.
        share: of `prior` that of the attacks, else of the records.
    """

    injection: Injection
    place: int
    columns: tuple[Column, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    was: float = 0.0
    share: float = 1.0

    @property
    def order(self) -> tuple[int, int, int]:
        """Where it stands among the others: by start, then by end, then as asked for."""
        return self.injection.at, self.injection.end or self.injection.at, self.place

    def parameters(self) -> dict[str, Any]:
        """What the truth says about it besides kind, shape and place."""
        asked = self.injection
        found: dict[str, Any] = {"share": self.share}
        if asked.kind == "prior":
            found["was"] = self.was
        if self.columns:
            found["features"] = [column.name for column in self.columns]
        if asked.kind == "scaling":
            found["factor"] = asked.factor
        if self.sources:
            found["sources"] = self.sources
        if self.texts:
            found["values"] = self.texts
        return found


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is needed to plant: the steps in the order in which they are done, and what the file holds."""

    dataset: Dataset
    steps: tuple[Step, ...]
    seed: int
    rows: int
    dead: int


def uniform(seed: int, place: int, stream: int, start: int, size: int) -> npt.NDArray[np.float64]:
    """Draws from 0 to 1 for `size` sequence numbers from `start` on: the same for a number in whatever block it comes.

    >>> bool((uniform(1, 0, 0, 0, 9)[5:] == uniform(1, 0, 0, 5, 4)).all())
    True
    """
    bits = np.random.PCG64(np.random.SeedSequence((seed, place, stream)))
    bits.advance(start)
    return np.random.Generator(bits).random(size)


def plan_for(
    blocks: Iterable[Block],
    dataset: Dataset,
    injections: Sequence[Injection],
    *,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Plan:
    """Read a file once, block by block, to say what the injections mean for it.

    Args:
        blocks: the file, decoded.
        dataset: its contract.
        injections: what is to be planted.
        seed: of all that is drawn.
        advance: told how many more rows are read.

    Raises:
        UsageError: an injection names a column or a place that isn't there, or can change nothing.
        ContractError: the file holds no records; or as `files.read_blocks`.
    """
    if not injections:
        raise UsageError("nothing is to be planted; name a kind and a place, as in --kind label-swap --at 40000")
    steps = [Step(injection, place, columns_of(injection, dataset)) for place, injection in enumerate(injections)]
    survey = _Survey(dataset, steps)
    for block in blocks:
        survey.read(block)
        advance(len(block.lines))
    if not survey.records:
        raise ContractError(f"none of the {survey.rows:,} rows is a record of dataset '{dataset.name}'")
    ready = [survey.settle(step, seed) for step in steps]
    return Plan(dataset, tuple(sorted(ready, key=lambda step: step.order)), seed, survey.rows, survey.dead)


class _Survey:
    """What one pass over a file finds out, in bounded memory."""

    def __init__(self, dataset: Dataset, steps: Sequence[Step]) -> None:
        self.rows = self.dead = self.records = self.attacks = 0
        self._dataset = dataset
        self._after = {step.place: np.zeros(2, np.int64) for step in steps if step.injection.kind == "prior"}
        self._steps = steps
        self._first: dict[str, npt.NDArray[np.float64]] = {}

    def read(self, block: Block) -> None:
        """Count one more block, which follows those before."""
        decoded = block.decoded
        seqs = decoded.positions + self.rows
        labels = np.from_dlpack(decoded.records.column(self._dataset.label_name))
        self.rows += len(block.lines)
        self.dead += len(decoded.dead)
        self.records += len(labels)
        self.attacks += int(labels.sum())
        for step in self._steps:
            if step.injection.kind == "prior":
                late = labels[seqs >= step.injection.at]
                self._after[step.place] += (len(late), int(late.sum()))
            for column in step.columns:
                self._read_column(step.injection, column, decoded.records.column(column.name))

    def _read_column(self, injection: Injection, column: Column, cells: pa.Array) -> None:
        if injection.kind == "missing" and column.type != "string" and not column.nullable:
            kept = self._first.get(column.name, np.empty(0))
            if kept.size < MEDIAN_OF:
                self._first[column.name] = np.concatenate([kept, np.from_dlpack(cells)])[:MEDIAN_OF]
        if injection.value and pc.any(pc.is_in(cells, value_set=words([injection.value]))).as_py():
            raise UsageError(
                f"drift {injection}: '{injection.value}' is no new category, as column '{column.name}' holds it "
                "already; choose another value"
            )

    def settle(self, step: Step, seed: int) -> Step:
        """The step with all that the file had to say."""
        self._check_place(step.injection)
        if step.injection.kind == "prior":
            return self._settle_prior(step)
        step = replace(step, share=1.0 if step.injection.share is None else step.injection.share)
        if step.injection.kind == "permutation":
            draws = uniform(seed, step.place, PERMUTATION, 0, len(step.columns))
            return replace(step, sources=cycle(step.columns, draws))
        if step.injection.kind == "missing":
            return replace(step, texts={column.name: self._nothing(column) for column in step.columns})
        if step.injection.kind == "category":
            return replace(step, texts={column.name: _new_word(step.injection, column) for column in step.columns})
        return step

    def _check_place(self, injection: Injection) -> None:
        if injection.at >= self.rows:
            raise UsageError(
                f"drift {injection} starts beyond the last of the {self.rows:,} rows, whose number is "
                f"{self.rows - 1}; start earlier"
            )
        if injection.end is not None and injection.end > self.rows:
            raise UsageError(f"drift {injection} ends beyond the file of {self.rows:,} rows; end earlier")

    def _settle_prior(self, step: Step) -> Step:
        asked = step.injection
        if self.attacks in (0, self.records):
            raise UsageError(f"drift {asked}: the file holds one class only, so that no share can change")
        records, attacks = self._after[step.place].tolist()
        was = attacks / max(1, records)
        share = was / 2 if asked.share is None else asked.share
        if abs(share - was) < LEAST_SHIFT:
            raise UsageError(
                f"drift {asked}: the share of attacks among the records from {asked.at} on is {was:.3f} already; "
                "ask for another share"
            )
        return replace(step, was=was, share=share)

    def _nothing(self, column: Column) -> str:
        """What stands for a value that isn't known."""
        if column.type == "string" or column.nullable:
            return column.clean.missing[0] if column.clean.missing else ""
        values = np.sort(self._first[column.name])
        text: str = number_words(values[[(len(values) - 1) // 2]], column)[0].as_py()
        return text


def _new_word(injection: Injection, column: Column) -> str:
    word = injection.value or ""
    if word.strip(" \t") in column.clean.missing:
        raise UsageError(f"drift {injection}: '{word}' means missing in column '{column.name}'; choose another value")
    return word
