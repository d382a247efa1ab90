"""Feature steps: how a record becomes features, as plain values.

A step reads one or several columns and makes `width` features; a model's features are its steps' side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Numeric:
    """One column of numbers, one float64 feature.

    Attributes:
        column: the column's name in the contract; its type is int or float.
        fill: what stands for a missing value, cut to a whole number where the column is int (as Spark's `Imputer`
            does); None leaves NaN, which goes right in every tree.
    """

    column: str
    fill: float | None = None

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return 1


@dataclass(frozen=True, slots=True)
class OneHot:
    """One column of words, `width` features, of which at most one is 1.

    The word `labels[i]` sets feature `i`. A word that isn't among the labels, a missing one, and one whose place is at
    `width` or beyond, sets none: all zeros. (This is how Spark encodes with an invalid or last category dropped.)

    Attributes:
        column: the column's name in the contract; its type is string.
        labels: the words, each once, in the order of the features.
        width: how many features; labels beyond it have none of their own.
    """

    column: str
    labels: tuple[str, ...]
    width: int


@dataclass(frozen=True, slots=True)
class Index:
    """One column of words, one feature: the word's place among the labels; `len(labels)` for any other word, or none.

    Attributes:
        column: the column's name in the contract; its type is string.
        labels: the words, each once.
    """

    column: str
    labels: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return 1


@dataclass(frozen=True, slots=True)
class Membership:
    """One column of words, a feature for each set of places among the labels: 1 where the word's place is in it.

    This is what trees that split on categories compare: each distinct split is a set.

    Attributes:
        column: the column's name in the contract; its type is string.
        labels: the words, each once; any other word, or none, has the place `len(labels)`.
        sets: for each feature the places in its set, ascending.
    """

    column: str
    labels: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return len(self.sets)


@dataclass(frozen=True, slots=True)
class Hashed:
    """Columns of words, `width` features that count hashed words: Spark's `FeatureHasher`.

    The word w of column c adds 1 to the feature `murmur3("c=w") mod width`; a missing word adds nothing.

    Attributes:
        columns: the columns' names in the contract; their type is string.
        width: how many features.
    """

    columns: tuple[str, ...]
    width: int


@dataclass(frozen=True, slots=True)
class NGrams:
    """One column of words, `width` features that count hashed sequences of `n` characters, in lower case.

    Spark's `RegexTokenizer` (pattern ".", gaps false), `NGram` and `HashingTF`, in this order: a word shorter than n
    counts nothing.

    Attributes:
        column: the column's name in the contract; its type is string, and no word is missing.
        n: characters in a sequence.
        width: how many features.
    """

    column: str
    n: int
    width: int


Plain: TypeAlias = Numeric | OneHot | Index | Membership | Hashed | NGrams
Operation: TypeAlias = Literal["subtract", "divide", "multiply", "add"]


@dataclass(frozen=True, slots=True)
class Scaled:
    """The features of another step after some arithmetic, done in this order so that it rounds as the library did.

    Attributes:
        step: what makes the features.
        operations: each with a number for every feature of the step.
    """

    step: Plain
    operations: tuple[tuple[Operation, tuple[float, ...]], ...]

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return self.step.width


Step: TypeAlias = Plain | Scaled
"""One step of the features."""


def scaled(step: Step, operation: Operation, values: Sequence[float]) -> Scaled:
    """The step with one more operation on its features."""
    inner, before = (step.step, step.operations) if isinstance(step, Scaled) else (step, ())
    return Scaled(inner, (*before, (operation, tuple(map(float, values)))))


def columns_of(step: Step) -> tuple[str, ...]:
    """The contract's columns that a step reads."""
    if isinstance(step, Scaled):
        return columns_of(step.step)
    return step.columns if isinstance(step, Hashed) else (step.column,)


def features_width(steps: Sequence[Step]) -> int:
    """How many features the steps make together."""
    return sum(step.width for step in steps)
