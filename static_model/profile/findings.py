"""All that was measured of a data set, before it becomes tables. Knows nothing of Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from producer.dataset import Dataset
from static_model.training.vectors import Vectors

from .forest import ForestSays
from .numbers import Numbers
from .pairs import Link, Pair
from .time import Times
from .words import Words


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Findings:
    """All that was measured; columns by name.

    Attributes:
        dataset: the contract.
        classes: rows of class 0 and of class 1.
        numbers: the columns of numbers.
        words: the columns of words.
        times: those of both that tell the time.
        repeats: rows equal to an earlier one in all columns.
        vectors: rows grouped by the features, and with each column that the contract leaves out.
        pairs: correlations of columns of numbers.
        links: features that say the same.
        forest: what a forest says; None where there is nothing to learn.
        sampled: how many rows pairs and links rest on.
        seed: of everything random.
    """

    dataset: Dataset
    classes: tuple[int, int]
    numbers: Mapping[str, Numbers]
    words: Mapping[str, Words]
    times: Mapping[str, Times]
    repeats: int
    vectors: Mapping[str, Vectors]
    pairs: Sequence[Pair]
    links: Sequence[Link]
    forest: ForestSays | None
    sampled: int
    seed: int

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.classes)

    def column(self, name: str) -> Numbers | Words:
        """What was measured of a column that isn't the label."""
        return self.numbers[name] if name in self.numbers else self.words[name]


def varies(values: Numbers | Words) -> bool:
    """Whether a column has more than one value; missing is one."""
    return values.distinct + (sum(values.nulls) > 0) > 1
