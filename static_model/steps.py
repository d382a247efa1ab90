"""Feature steps: how a record becomes features, as plain values.

A step reads one or several columns and makes `width` features; a model's features are its steps' side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .tokenizing import CHARACTERS, Tokens
from .word_steps import Coded, Index, Membership, OneHot

__all__ = [
    "Coded",
    "Hashed",
    "Index",
    "Membership",
    "NGrams",
    "Numeric",
    "OneHot",
    "Operation",
    "Picked",
    "Plain",
    "Scaled",
    "Step",
    "WordVectors",
    "columns_of",
    "features_width",
    "picked",
    "plain",
    "scaled",
]


@dataclass(frozen=True, slots=True)
class Numeric:
    """One column of numbers, one float64 feature.

    Attributes:
        column: the column's name in the contract; its type is int or float.
        fill: what stands for a missing value, cut to a whole number where the column is int (as Spark's `Imputer`
            does); None leaves NaN, which goes right in every tree.
        missing: a number that stands for a missing value too, such as -1; NaN is none then, as for Spark's `Imputer`.
            None where only null and NaN are missing.
    """

    column: str
    fill: float | None = None
    missing: float | None = None

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return 1


@dataclass(frozen=True, slots=True)
class Hashed:
    """Columns of any type, `width` features that add up what is hashed into them: Spark's `FeatureHasher`.

    The word w of column c adds 1 to the feature `murmur3("c=w") mod width`; a number x of column c adds x to the
    feature `murmur3("c") mod width`; what is missing adds nothing. A Boolean is the word `true` or `false`.
    Numbers are added first; where three of them meet in one feature, Spark may round the sum's last bit otherwise.

    Attributes:
        columns: the columns' names in the contract, which says whether they hold words or numbers.
        width: how many features.
        categorical: those of the columns whose numbers are taken for words; their type is int.
    """

    columns: tuple[str, ...]
    width: int
    categorical: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NGrams:
    """One column of texts, `width` features that count hashed sequences of `n` tokens.

    Spark's `RegexTokenizer`, `NGram` and `HashingTF`, in this order: a text of fewer than n tokens counts nothing.

    Attributes:
        column: the column's name in the contract; its type is string, and no text is missing.
        n: tokens in a sequence; 1 is the tokens themselves.
        width: how many features.
        tokens: how a text is cut; into characters by default.
        binary: whether a feature says only that a sequence occurs, as 1.
    """

    column: str
    n: int
    width: int
    tokens: Tokens = CHARACTERS
    binary: bool = False


@dataclass(frozen=True, slots=True)
class WordVectors:
    """One column of texts, the mean of its tokens' vectors: Spark's `Word2VecModel`.

    A token without a vector counts as zeros; a text without tokens is all zeros. (Mikolov et al. 2013.)

    Attributes:
        column: the column's name in the contract; its type is string, and no text is missing.
        tokens: how a text is cut.
        words: the tokens that have vectors, each once.
        vectors: their vectors, all of the same length.
    """

    column: str
    tokens: Tokens
    words: tuple[str, ...]
    vectors: tuple[tuple[float, ...], ...]

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return len(self.vectors[0]) if self.vectors else 0

    def __hash__(self) -> int:
        """Equal values, equal hash; it's the key of a cache, and vectors are long."""
        return hash((self.column, self.tokens, self.words))


Plain: TypeAlias = Numeric | OneHot | Index | Membership | Coded | Hashed | NGrams | WordVectors
Operation: TypeAlias = Literal["subtract", "divide", "multiply", "add", "at-least", "at-most", "fill", "float32"]
"""Arithmetic on a feature. "at-least" and "at-most" are the larger and the smaller of two numbers; "fill" puts a number
in the place of a missing one; "float32" rounds to the nearest number of single precision, and takes no number."""


@dataclass(frozen=True, slots=True)
class Picked:
    """Some of the features of another step: what Spark's selectors leave of it.

    Attributes:
        step: what makes the features.
        features: which of them, in this order, each once.
    """

    step: Plain
    features: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return len(self.features)


@dataclass(frozen=True, slots=True)
class Scaled:
    """The features of another step after some arithmetic, done in this order so that it rounds as the library did.

    Attributes:
        step: what makes the features.
        operations: each with a number for every feature of the step.
    """

    step: Plain | Picked
    operations: tuple[tuple[Operation, tuple[float, ...]], ...]

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return self.step.width


Step: TypeAlias = Plain | Picked | Scaled
"""One step of the features."""


def scaled(step: Step, operation: Operation, values: Sequence[float]) -> Scaled:
    """The step with one more operation on its features."""
    inner, before = (step.step, step.operations) if isinstance(step, Scaled) else (step, ())
    return Scaled(inner, (*before, (operation, tuple(map(float, values)))))


def picked(step: Step, features: Sequence[int]) -> Step:
    """The step that makes only some of a step's features, in the order asked for."""
    chosen = tuple(features)
    if chosen == tuple(range(step.width)):
        return step
    match step:
        case Scaled():
            operations = tuple((name, tuple(values[i] for i in chosen)) for name, values in step.operations)
            inner = picked(step.step, chosen)
            assert not isinstance(inner, Scaled)
            return Scaled(inner, operations)
        case Picked():
            return Picked(step.step, tuple(step.features[i] for i in chosen))
    return Picked(step, chosen)


def plain(step: Step) -> Plain:
    """What makes a step's features before any are picked or scaled."""
    return plain(step.step) if isinstance(step, Scaled | Picked) else step


def columns_of(step: Step) -> tuple[str, ...]:
    """The contract's columns that a step reads."""
    inner = plain(step)
    return inner.columns if isinstance(inner, Hashed) else (inner.column,)


def features_width(steps: Sequence[Step]) -> int:
    """How many features the steps make together."""
    return sum(step.width for step in steps)
