"""What a model computes from its features, as plain values.

Everything that scores, saves or checks a model works on these; which library fitted it no longer matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .steps import Hashed, Index, Membership, NGrams, Numeric, OneHot, Step, features_width

__all__ = [
    "Boosted",
    "Estimator",
    "Forest",
    "GaussianBayes",
    "Hashed",
    "Index",
    "Linear",
    "Membership",
    "NGrams",
    "Numeric",
    "OneHot",
    "Parameter",
    "Perceptron",
    "Step",
    "features_width",
]

Parameter: TypeAlias = int | float | str
"""A hyper-parameter's value."""


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
class Boosted:
    """Regression trees that are added up: gradient-boosted ones for two classes, or a regressor of labels 0 and 1.

    The trees stand and are walked as in a `Forest`. The margin is the sum of each tree's leaf value times the tree's
    weight, added in order; `output` says what becomes of it.

    Attributes:
        feature: int32[nodes], the feature compared; -1 in a leaf.
        threshold: float64[nodes], finite everywhere; means nothing in a leaf.
        left: int32[nodes], the left child's index among all nodes; means nothing in a leaf (-1 by custom).
        right: int32[nodes], likewise the right child.
        values: float64[nodes], finite everywhere; only leaves' count.
        weights: float64[trees].
        roots: int32[trees], where each tree begins; ascending from 0.
        compares: as in `Forest`.
        parameters: the hyper-parameters that a retraining needs, e.g. trees, max_depth, step_size.
        output: the score; "probability" is Spark's for boosted classifiers, `1 / (1 + exp(-2 * margin))`; "sum" is the
            margin itself, as boosted regressors predict, and "mean" the margin divided by the number of trees, as
            forests of them do. These two may lie outside of 0 to 1.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    values: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    roots: npt.NDArray[np.int32]
    compares: Literal["float64", "float32"]
    parameters: Mapping[str, Parameter]
    output: Literal["probability", "sum", "mean"] = "probability"


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A linear model: its margin is `x @ coefficients + intercept`, its score `1 / (1 + exp(-margin))`.

    Attributes:
        coefficients: float64[features], for features as they are (any scaling is folded in).
        intercept: the margin of the zero vector.
        parameters: the hyper-parameters that a retraining needs, e.g. reg_param, max_iter.
        loss: what it was fitted to: "log" is a logistic regression, whose score is a probability; "hinge" a linear SVC,
            whose score only has the order and the sign of its margin; "bayes" a naive Bayes of counts, whose score is a
            probability; "squared" a linear regression of labels 0 and 1, whose score is the margin itself.
    """

    coefficients: npt.NDArray[np.float64]
    intercept: float
    parameters: Mapping[str, Parameter]
    loss: Literal["log", "hinge", "bayes", "squared"] = "log"


@dataclass(frozen=True, slots=True, eq=False)
class GaussianBayes:
    """Gaussian naive Bayes: each feature is normal within each class, independent of the others.

    The score is class 1's probability: a class weighs `priors - sum((x - means)^2 / variances + log(variances)) / 2`.

    Attributes:
        means: float64[2, features], for class 0 and class 1.
        variances: float64[2, features], above 0.
        priors: float64[2], logarithms of the classes' shares.
        parameters: the hyper-parameters that it was fitted with.
    """

    means: npt.NDArray[np.float64]
    variances: npt.NDArray[np.float64]
    priors: npt.NDArray[np.float64]
    parameters: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True, eq=False)
class Perceptron:
    """A multilayer perceptron of two outputs: sigmoid units within, a softmax at the end; the score is its class 1.

    Attributes:
        layers: how many units each layer has: the features first, 2 last.
        weights: float64[all], layer after layer: for each unit of the layer before its weights to every unit of the
            next, then the next one's intercepts.
        parameters: the hyper-parameters that it was fitted with.
    """

    layers: tuple[int, ...]
    weights: npt.NDArray[np.float64]
    parameters: Mapping[str, Parameter]


Estimator: TypeAlias = Forest | Boosted | Linear | GaussianBayes | Perceptron
"""What turns features into a score for class 1."""
