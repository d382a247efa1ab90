"""Feature steps that make numbers of one column of words, by the words' places among known ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OneHot:
    """One column of words, `width` features, of which at most one is 1.

    The word `labels[i]` sets feature `i`. A word that isn't among the labels, and a missing one, has the place
    `len(labels)`. What has its place at `width` or beyond sets none: all zeros. (So a width of `len(labels)` drops
    unknown words, as Spark's encoder does unless told otherwise; a larger one keeps a feature for them.)

    Attributes:
        column: the column's name in the contract; its type is string.
        labels: the words, each once, in the order of the features.
        width: how many features, at most `len(labels) + 2`: nothing sets the last one then. (Spark makes it where both
            its indexer and its encoder keep unknown words.)
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
        missing: the place of a missing word, at most `len(labels) + 1`; None where it is that of an unknown one.
    """

    column: str
    labels: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]
    missing: int | None = None

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return len(self.sets)

    def __hash__(self) -> int:
        """Equal values, equal hash; it's the key of a cache, and sets are many."""
        return hash((self.column, self.labels, len(self.sets)))


@dataclass(frozen=True, slots=True)
class Coded:
    """One column of words, one feature: the number that stands for the word.

    Attributes:
        column: the column's name in the contract; its type is string.
        labels: the words, each once.
        numbers: what stands for each of them.
        other: what stands for any other word.
        missing: what stands for a missing word.
    """

    column: str
    labels: tuple[str, ...]
    numbers: tuple[float, ...]
    other: float
    missing: float

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return 1
