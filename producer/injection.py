"""What may be planted into a user's own file: kind, shape, place, and what belongs to the kind.

The method is that of Cerqueira, Gomes, Heyden, Pfahringer and Bifet, "A Framework for Evaluating and Benchmarking
Concept Drift Detection Methods" (KDD 2026, arXiv 2606.07789): real records, one change at a place drawn by seed,
each record new with a chance that grows in a straight line over the transition. Three things differ, so that a
stream keeps its length and its meaning: a prior shift replaces records instead of skipping them, labels are swapped
in both directions (with two classes one direction would leave one class), and columns change places only with
columns that hold the same kind of cell.
"""

from __future__ import annotations

import math
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .errors import UsageError
from .recipe import growth

Kind = Literal["prior", "label-swap", "permutation", "scaling", "missing", "category"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Shape = Literal["abrupt", "gradual", "incremental", "recurring"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
REGION = (0.5, 0.7)
"""Where a change begins if it is drawn: the share of the stream before it, from and to, as in the paper."""
USUAL: dict[str, dict[str, Any]] = {"scaling": {"factor": 2.0}, "category": {"value": "unseen"}}
"""What a kind takes where nothing is said."""
GROWING = ("prior", "label-swap", "scaling")
"""The kinds with something between old and new; a value can't be half missing."""


class Injection(BaseModel):
    """One change to be planted. Places are sequence numbers: data lines from 0, dead letters among them.

    A change stays in force to the end of the stream. Later ones are done to what earlier ones left (swapped twice is
    as it was, twice scaled is scaled by the product); but of `prior` the latest alone is in force.

    Attributes:
        kind: `prior`: the share of attacks becomes `share`. Records of the class that shrinks are replaced by copies
            of the other class, each drawn from its last 5,000 records before that place; so the file keeps its length
            and its order, nothing comes from the future, and a model sees some records twice.
            `label-swap`: attacks are called benign and benign records attacks; the column `label.kind` stays.
            `permutation`: the features' columns change places, by one cycle drawn for all records: numbers with
            numbers of the same type, words with words, and only where the contract cleans them alike.
            `scaling`: numbers times `factor`, whole ones rounded. A 0 stays 0.
            `missing`: cells lose their value. Where the contract has a word for that it is written; else a word
            becomes empty, and a number the column's median (the lower one, over the file's first 50,000 records),
            as whoever fills gaps would do.
            `category`: a word becomes `value`, which the column has never held.
        at: the first record that may be changed.
        end: `gradual`, `incremental`: from this record on the change is complete. `recurring`: from it on all is
            old again; None for the end of the stream. `abrupt`: None or `at`.
        shape: `abrupt`; `gradual`: the chance that a record is new grows; `incremental`: what is done grows, for all
            records alike (a factor from 1, a share from what it was; a share that grows is also a chance that
            grows, so that prior and label-swap give the same as `gradual`); `recurring`: new for `period` records,
            old for as many, and so on. Left out, it follows from `end` and `period`.
        period: of `recurring`, in records.
        features: the columns to change. Left out: all features of the contract that the kind can change, without
            those of its repairs. A column that is no feature may be named.
        share: of `prior` that of the attacks (left out: half of what it is); else that of the records to be
            changed once the change is complete, drawn record by record.
        factor: of `scaling`; left out: 2.
        value: of `category`; left out: `unseen`.

    Raises:
        ValidationError: what can't be meant, in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    at: int = Field(ge=0)
    end: int | None = Field(default=None, ge=0, le=10**12)
    shape: Shape = "abrupt"
    period: int | None = Field(default=None, ge=1, le=10**12)
    features: tuple[str, ...] = ()
    share: float | None = Field(default=None, gt=0, le=1)
    factor: float | None = None
    value: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        later = given.get("end") not in (None, given.get("at"))
        shape = "recurring" if given.get("period") else "gradual" if later else "abrupt"
        usual = {"shape": shape, **USUAL.get(str(given.get("kind")), {})}
        return {**given, **{name: value for name, value in usual.items() if given.get(name) is None}}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = self._wrong_span() or self._wrong_parameter() or self._wrong_value()
        if problem:
            raise ValueError(problem)
        return self

    def _wrong_span(self) -> str:
        if self.end is not None and self.end < self.at:
            return f"it ends at {self.end}, before it starts at {self.at}"
        if self.shape in ("gradual", "incremental") and self.end in (None, self.at):
            return f"a change that is {self.shape} takes time; say where it is complete: {self.kind}@{self.at}-END"
        if self.shape == "abrupt" and self.end not in (None, self.at):
            return f"an abrupt change has no end; it says {self.end}"
        if (self.shape == "recurring") != (self.period is not None):
            return "a change that recurs needs a period, and no other has one"
        if self.shape == "incremental" and self.kind not in GROWING:
            return f"{self.kind} has nothing between old and new; incremental may be {', '.join(GROWING)}; try gradual"
        return ""

    def _wrong_parameter(self) -> str:
        for name, kinds in (("factor", ("scaling",)), ("value", ("category",)), ("features", KINDS[2:])):
            if getattr(self, name) not in (None, ()) and self.kind not in kinds:
                return f"'{name}' says nothing to {self.kind}; it is for {', '.join(kinds)}"
        return ""

    def _wrong_value(self) -> str:
        if self.factor is not None and (not math.isfinite(self.factor) or self.factor == 1):
            return f"a factor of {self.factor:g} changes nothing that can be learned; use another"
        if self.kind == "prior" and self.share == 1:
            return "a share of 1 leaves attacks only; use one between 0 and 1"
        if self.value is not None and (len(self.value.split()) < 1 or len(self.value.splitlines()) > 1):
            return f"{self.value!r} is no word for a cell; use one that isn't empty, on one line"
        return ""

    def __str__(self) -> str:
        """As `parse_injection` reads it."""
        end = "" if self.end in (None, self.at) else f"-{self.end}"
        given = {name: getattr(self, name) for name in ("period", "share", "factor", "value")}
        pairs = [f"{name}={value}" for name, value in given.items() if value is not None]
        shape = ["shape=incremental"] if self.shape == "incremental" else []
        return ",".join([f"{self.kind}@{self.at}{end}", *shape, *pairs, *(f"feature={name}" for name in self.features)])

    def chance(self, seqs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The chance [records] that a record with that sequence number is new, by shape alone."""
        if self.shape != "recurring":
            return growth(seqs, self.at, self.at if self.end is None else self.end)
        assert self.period is not None
        new: npt.NDArray[np.bool_] = (seqs >= self.at) & ((seqs - self.at) // self.period % 2 == 0)
        if self.end is not None:
            new &= seqs < self.end
        return new.astype(np.float64)

    def changes(self, records: int) -> tuple[tuple[int, int], ...]:
        """Where a stream of so many records changes: first record and end of each transition, in order.

        That is one, or for `recurring` one at each turn, to the new and back, both of them abrupt.

        >>> Injection(kind="scaling", at=10, period=10, end=35).changes(100)
        ((10, 10), (20, 20), (30, 30), (35, 35))
        """
        if self.shape != "recurring":
            return ((self.at, self.at if self.end is None else self.end),)
        assert self.period is not None
        stop = records if self.end is None else self.end
        turns = list(range(self.at, stop, self.period))
        if len(turns) % 2 and stop < records:
            turns.append(stop)
        return tuple((turn, turn) for turn in turns)


def draw_span(records: int, *, seed: int, region: tuple[float, float] = REGION, width: int = 0) -> tuple[int, int]:
    """The start and the end of a transition, drawn by seed: a start anywhere in a region, evenly.

    >>> draw_span(100_000, seed=1), draw_span(100_000, seed=2, width=5000)
    ((60236, 60236), (55232, 60232))

    Args:
        records: how many the stream has.
        seed: the same draws the same.
        region: the shares of the stream between which the change may begin.
        width: of the transition, in records; 0 for an abrupt one.

    Raises:
        UsageError: there is no such place, or the transition wouldn't fit behind every start.
    """
    first, last = (int(records * share) for share in region)
    if not 0 <= first < last or last - 1 + width > records or width < 0:
        raise UsageError(
            f"no change of {width} records can start between {region[0]:g} and {region[1]:g} of {records} records; "
            "choose another region or width, or a longer stream"
        )
    # Uniform numbers only, as everywhere: no change of numpy's distributions moves what a seed means.
    start = first + int((last - first) * np.random.Generator(np.random.PCG64(seed)).random())
    return start, start + width
