"""What is known of each feature midway through a stranger's pipeline, and how features become steps again.

A stranger's stages choose, repeat and reorder single features, so each stands alone here: what it is made from, and the
arithmetic that was done to it since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeAlias

from producer.dataset import Column, Dataset
from static_model.steps import Coded, Membership, Numeric, OneHot, Operation, Plain, Scaled, Step

MAX_MEMBERSHIP = 2**24
"""Words times features of one step of memberships: they are looked up in a table of this size."""


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers."""

    column: str


@dataclass(frozen=True, slots=True)
class Word:
    """A column of words, not yet made numbers; `fill` stands for a missing word."""

    column: str
    fill: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """1 where a word's place among the labels is one of `places`, else 0; places and `missing` as in `Membership`."""

    column: str
    labels: tuple[str, ...]
    missing: int | None
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A column that the model was given but may not read; harmless until a step does."""

    column: str
    why: str


Base: TypeAlias = Number | Word | Member | Coded | Unknown


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature.

    Attributes:
        base: what it is made from.
        nullable: whether it may be missing.
        operations: the arithmetic since, in order; the number is None for "float32".
        sparse: whether the library keeps it in a sparse matrix, which is scaled by another arithmetic.
    """

    base: Base
    nullable: bool
    operations: tuple[tuple[Operation, float | None], ...] = ()
    sparse: bool = False

    def then(self, operation: Operation, number: float | None = None) -> Feature:
        """The feature with one more operation."""
        done = (*self.operations, (operation, None if number is None else float(number)))
        return replace(self, operations=done, nullable=self.nullable and operation != "fill")

    @property
    def is_word(self) -> bool:
        """Whether it is still a word."""
        return isinstance(self.base, Word)

    @property
    def problem(self) -> str:
        """Why it can't be used as a number; nothing if it can."""
        if isinstance(self.base, Unknown):
            return f"it reads '{self.base.column}', {self.base.why}"
        return f"it takes numbers, and '{self.base.column}' is a column of words" if self.is_word else ""


Features: TypeAlias = tuple[Feature, ...]


def feature_of(column: Column) -> Feature:
    """A column of the contract as it comes."""
    base = Word(column.name) if column.type == "string" else Number(column.name)
    return Feature(base, column.nullable)


def features_of(dataset: Dataset) -> Features:
    """The contract's features in its order."""
    return tuple(feature_of(column) for column in dataset.features)


def named_features(names: Sequence[str], dataset: Dataset) -> Features:
    """The columns of these names, in this order; those that a model of this contract may not read are `Unknown`."""
    columns = {column.name: column for column in dataset.columns}
    allowed = {column.name: column for column in dataset.features}

    def found(name: str) -> Feature:
        if name in allowed:
            return feature_of(allowed[name])
        why = f"which the contract '{dataset.name}' doesn't have; it has: {', '.join(columns)}"
        if name in columns:
            label = columns[name].type == "label"
            why = (
                "which is the label"
                if label
                else f"which is no feature of the contract; allow it with --feature {name}"
            )
        return Feature(Unknown(name, why), nullable=False)

    return tuple(found(name) for name in names)


def member(
    word: Word, labels: tuple[str, ...], places: Sequence[int], *, missing: int | None, nullable: bool
) -> Feature:
    """A feature that is 1 for some words; a fill decides which place a missing word takes."""
    if word.fill is not None:
        missing = labels.index(word.fill) if word.fill in labels else None
    if not nullable:
        missing = None
    last = len(labels) + (missing is not None)  # what no word can be any more is in no set
    found = tuple(sorted(place for place in places if place <= last))
    return Feature(Member(word.column, labels, missing, found), nullable=False)


def steps_of(features: Features, refuse: Callable[[str], Exception]) -> tuple[Step, ...]:
    """The steps that make the features, in their order; neighbours that one step can make share it.

    Args:
        features: none of them is a word.
        refuse: makes the error.
    """
    steps: list[Step] = []
    for _, run in groupby(features, key=_shape):
        group = list(run)
        parts = _joined(group, refuse) if isinstance(group[0].base, Member) else [(_single(f.base), [f]) for f in group]
        steps += [_scaled(step, made) for step, made in parts]
    return tuple(steps)


def _shape(feature: Feature) -> tuple[object, ...]:
    """What neighbours must share to be made by one step."""
    base = feature.base
    column = (base.column, base.labels, base.missing) if isinstance(base, Member) else base
    return column, tuple(operation for operation, _ in feature.operations)


def _single(base: Base) -> Plain:
    if isinstance(base, Coded):
        return base
    assert isinstance(base, Number), "words were refused before"
    return Numeric(base.column)


def _joined(group: list[Feature], refuse: Callable[[str], Exception]) -> list[tuple[Plain, list[Feature]]]:
    """One step for features of one column of words: one-hot if it can say it, else memberships."""
    bases = [feature.base for feature in group if isinstance(feature.base, Member)]
    column, labels, missing = bases[0].column, bases[0].labels, bases[0].missing
    singles = [base.places[0] for base in bases if len(base.places) == 1 and base.places[0] < len(labels)]
    if missing is None and len(set(singles)) == len(bases):
        rest = [place for place in range(len(labels)) if place not in set(singles)]
        ordered = tuple(labels[place] for place in [*singles, *rest])
        return [(OneHot(column, ordered, len(singles)), group)]
    if len(labels) * len(bases) > MAX_MEMBERSHIP:
        raise refuse(f"it makes {len(bases):,} features of {len(labels):,} words of '{column}'; that is too many")
    return [(Membership(column, labels, tuple(base.places for base in bases), missing), group)]


def _scaled(step: Plain, features: list[Feature]) -> Step:
    if not features[0].operations:
        return step
    names = [operation for operation, _ in features[0].operations]
    numbers = zip(*([number for _, number in feature.operations] for feature in features), strict=True)
    operations = zip(names, numbers, strict=True)
    return Scaled(step, tuple((name, tuple(n for n in found if n is not None)) for name, found in operations))
