"""What a model computes, as plain values: its feature steps and its estimator.

Everything that scores, saves or checks a model works on these; which library fitted it no longer matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Parameter: TypeAlias = int | float | str
"""A hyper-parameter's value."""


@dataclass(frozen=True, slots=True)
class Numeric:
    """A feature step: one column of numbers, one float64 feature.

    Attributes:
        column: the column's name in the contract; its type is int or float.
    """

    column: str

    @property
    def width(self) -> int:
        """How many features the step makes."""
        return 1


@dataclass(frozen=True, slots=True)
class OneHot:
    """A feature step: one column of words, `width` features, of which at most one is 1.

    The word `labels[i]` sets feature `i`. A word that isn't among the labels, and one whose place is at
    `width` or beyond, sets none: all zeros. (This is how Spark encodes with an invalid or last category dropped.)

    Attributes:
        column: the column's name in the contract; its type is string.
        labels: the words, each once, in the order of the features.
        width: how many features; labels beyond it have none of their own.
    """

    column: str
    labels: tuple[str, ...]
    width: int


Step: TypeAlias = Numeric | OneHot
"""One step of the features; a model's features are its steps' features side by side, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """A forest of binary classification trees (a single tree is a forest of one).

    The trees' nodes stand one tree after the other. Within a tree a parent stands before its children, so no path
    can go round in circles. A record goes left iff `x[feature] <= threshold`, in float64; a NaN therefore goes right.

    The score is Spark's: each tree votes its leaf's votes divided by their sum; the trees are added in order; the
    votes for class 1 are divided by all votes.

    Attributes:
        feature: int32[nodes], the feature compared; -1 in a leaf.
        threshold: float64[nodes], finite everywhere; means nothing in a leaf.
        left: int32[nodes], the left child's index among all nodes; means nothing in a leaf (-1 by custom).
        right: int32[nodes], likewise the right child.
        votes: float64[nodes, 2], votes for class 0 and class 1; only leaves' count, and their sum is above 0.
        roots: int32[trees], where each tree begins; ascending from 0.
        compares: "float32" rounds `x` to float32 before the comparison (as scikit-learn's trees do), "float64" doesn't.
        parameters: the hyper-parameters that a retraining needs, e.g. trees, max_depth, min_instances.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    votes: npt.NDArray[np.float64]
    roots: npt.NDArray[np.int32]
    compares: Literal["float64", "float32"]
    parameters: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A logistic regression: the score is `1 / (1 + exp(-(x @ coefficients + intercept)))`.

    Attributes:
        coefficients: float64[features], for features as they are (any scaling is folded in).
        intercept: the margin of the zero vector.
        parameters: the hyper-parameters that a retraining needs, e.g. reg_param, max_iter.
    """

    coefficients: npt.NDArray[np.float64]
    intercept: float
    parameters: Mapping[str, Parameter]


Estimator: TypeAlias = Forest | Linear
"""What turns features into the probability of class 1."""


def features_width(steps: Sequence[Step]) -> int:
    """How many features the steps make together."""
    return sum(step.width for step in steps)
