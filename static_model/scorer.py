"""Scores a batch of features without Spark, with one estimator.

The score of a record never depends on which other records are in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .estimators import Boosted, Estimator, Forest, GaussianBayes, Linear, Perceptron
from .features import Floats, featurise
from .validity import check_trees

__all__ = ["Floats", "Scorer", "featurise"]


class Scorer:
    """Scores features with one estimator; prepared once, used for every batch.

    Args:
        estimator: what `load_model` returns, or what was just fitted.

    Raises:
        ModelError: a forest's arrays are no trees (the compiled walk would leave them).
    """

    def __init__(self, estimator: Estimator) -> None:
        self._score = _prepared(estimator)

    def score(self, features: Floats) -> Floats:
        """The score of class 1 for each record: its probability, but for a linear SVC and for regressors.

        Args:
            features: float64[records, features], any number of records, 0 included.

        Returns:
            float64[records]. A record is predicted positive iff its score is strictly above the model's threshold.
        """
        return self._score(features)


def _prepared(estimator: Estimator) -> Callable[[Floats], Floats]:
    match estimator:
        case Linear():
            return _LinearScorer(estimator)
        case Forest():
            return _ForestScorer(estimator)
        case Boosted():
            return _BoostedScorer(estimator)
        case GaussianBayes():
            return _GaussianScorer(estimator)
    return _PerceptronScorer(estimator)


def logistic(margin: Floats) -> Floats:
    """`1 / (1 + exp(-margin))`, elementwise."""
    with np.errstate(over="ignore"):  # exp of a huge margin is inf, and its score rightly 0
        scores: Floats = 1.0 / (1.0 + np.exp(-margin))
    return scores


class _LinearScorer:
    """Adds term after term, in order: a matrix product of BLAS may round by row position and thread."""

    def __init__(self, linear: Linear) -> None:
        self._coefficients = linear.coefficients.tolist()
        self._intercept = linear.intercept
        self._identity = linear.loss == "squared"

    def __call__(self, features: Floats) -> Floats:
        margin = np.zeros(len(features))
        for column, coefficient in zip(np.ascontiguousarray(features.T), self._coefficients, strict=True):
            margin += column * coefficient
        margin += self._intercept
        return margin if self._identity else logistic(margin)


def _softmax(zero: Floats, one: Floats) -> Floats:
    """Class 1's share of `exp(zero)` and `exp(one)`, as Spark computes it."""
    with np.errstate(invalid="ignore"):  # both infinite is no number
        most = np.maximum(zero, one)
        weights = np.exp(zero - most), np.exp(one - most)
        shares: Floats = weights[1] / (weights[0] + weights[1])
    return shares


class _GaussianScorer:
    """Adds feature after feature, in order, as Spark does."""

    def __init__(self, bayes: GaussianBayes) -> None:
        logs = [sum(row) for row in np.log(bayes.variances).tolist()]
        values = (bayes.means.tolist(), bayes.variances.tolist(), bayes.priors.tolist(), logs)
        self._classes = list(zip(*values, strict=True))

    def __call__(self, features: Floats) -> Floats:
        columns = np.ascontiguousarray(features.T)
        return _softmax(*(self._weight(columns, *values) for values in self._classes))

    def _weight(self, columns: Floats, means: list[float], variances: list[float], prior: float, logs: float) -> Floats:
        total = np.zeros(columns.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):
            for column, mean, variance in zip(columns, means, variances, strict=True):
                apart = column - mean
                total += apart * apart / variance
            weight: Floats = prior - (total + logs) / 2
        return weight


class _PerceptronScorer:
    """Adds the layers' terms in order, as a matrix product of BLAS may round by row position."""

    def __init__(self, perceptron: Perceptron) -> None:
        self._layers: list[tuple[Floats, Floats]] = []
        at = 0
        for before, after in pairwise(perceptron.layers):
            end = at + before * after
            weights = perceptron.weights[at:end].reshape(before, after)
            self._layers.append((weights, perceptron.weights[end : end + after]))
            at = end + after

    def __call__(self, features: Floats) -> Floats:
        values = features
        for place, (weights, intercepts) in enumerate(self._layers):
            if place:
                values = logistic(values)
            values = _affine(values, weights, intercepts)
        return _softmax(values[:, 0], values[:, 1])


def _affine(values: Floats, weights: Floats, intercepts: Floats) -> Floats:
    made = np.tile(intercepts, (len(values), 1))
    with np.errstate(over="ignore", invalid="ignore"):
        for column, row in zip(np.ascontiguousarray(values.T), weights, strict=True):
            made += column[:, None] * row
    return made


class _Walks:
    """Walks ranks instead of values, so that scikit-learn's compiled float32 walk is exact in float64.

    A value's rank is the number of its feature's distinct thresholds below it. With these sorted, t[0] < t[1] < ...,
    `x <= t[j]` iff `rank(x) <= j`; and whole numbers up to 2**24 are exact in float32. NaN ranks last and goes right.

    Attributes:
        blocks: for each tree the places of its nodes.
    """

    def __init__(self, forest: Forest | Boosted) -> None:
        check_trees(forest, width=int(forest.feature.max(initial=-1)) + 1)
        inner = forest.feature >= 0
        used, column = np.unique(forest.feature[inner], return_inverse=True)
        thresholds, node_ranks = _ranked(column, forest.threshold[inner])
        order = np.argsort([len(distinct) == 1 for distinct in thresholds], kind="stable")
        self._used, column = used[order], np.argsort(order)[column]
        self._thresholds = [thresholds[index] for index in order]
        self._several = sum(len(distinct) > 1 for distinct in thresholds)  # these stand first
        self._only = np.array([distinct[0] for distinct in self._thresholds[self._several :]])
        self._node_ranks = np.zeros(len(forest.feature))
        self._node_ranks[inner] = node_ranks
        self._single = forest.compares == "float32"
        features = np.full(len(forest.feature), -2, np.int64)  # compiled trees mark a leaf so
        features[inner] = column
        ends = [*forest.roots[1:].tolist(), len(forest.feature)]
        self.blocks = [slice(start, end) for start, end in zip(forest.roots.tolist(), ends, strict=True)]
        self._trees = list(self._walkers(forest, features))

    def leaves(self, features: Floats) -> Iterator[npt.NDArray[np.intp]]:
        """For each tree in order, the leaf of each record, counted within the tree's own nodes."""
        ranks = self._ranks(features)
        return (walk(ranks) for walk in self._trees)

    def _walkers(
        self, forest: Forest | Boosted, features: npt.NDArray[np.int64]
    ) -> Iterator[Callable[[npt.NDArray[np.float32]], npt.NDArray[np.intp]]]:
        """For each tree a compiled walk from ranks to the leaf, counted within the tree's own nodes."""
        from sklearn.tree._tree import NODE_DTYPE, Tree

        first = np.repeat(forest.roots, [block.stop - block.start for block in self.blocks])
        nodes = np.zeros(len(features), NODE_DTYPE)
        nodes["feature"] = features
        for name, child in (("left_child", forest.left), ("right_child", forest.right)):
            nodes[name] = np.where(features >= 0, child - first, -1)
        nodes["threshold"] = self._node_ranks
        values = np.zeros((len(nodes), 1, 1))  # the votes are ours, in float64
        for block in self.blocks:
            tree = Tree(max(len(self._used), 1), np.ones(1, np.intp), 1)
            count = block.stop - block.start
            tree.__setstate__({"max_depth": 0, "node_count": count, "nodes": nodes[block], "values": values[block]})
            yield tree.apply

    def _ranks(self, features: Floats) -> npt.NDArray[np.float32]:
        used = features[:, self._used]
        if self._single:
            with np.errstate(over="ignore"):  # beyond float32 is infinite, and rightly above every threshold
                used = used.astype(np.float32).astype(np.float64)
        ranks = np.zeros((len(features), max(len(self._used), 1)), np.float32)
        for index, distinct in enumerate(self._thresholds[: self._several]):
            ranks[:, index] = np.searchsorted(distinct, used[:, index], side="left")
        if len(self._only):  # one threshold: 0 up to it, 1 above it and for NaN
            ranks[:, self._several :] = ~(used[:, self._several :] <= self._only)
        return ranks


def _ranked(column: npt.NDArray[np.int64], threshold: Floats) -> tuple[list[Floats], npt.NDArray[np.int64]]:
    """For each column, 0 to the last, its distinct thresholds ascending; and each node's place among them."""
    order = np.lexsort((threshold, column))
    columns, values = column[order], threshold[order]
    new = np.append(True, (np.diff(columns) != 0) | (values[1:] != values[:-1]))[: len(order)]
    starts = np.searchsorted(columns[new], np.arange(column.max(initial=-1) + 1))
    ranks = np.zeros(len(order), np.int64)
    ranks[order] = np.cumsum(new) - 1 - starts[columns]
    return np.split(values[new], starts[1:]) if len(starts) else [], ranks


class _ForestScorer:
    def __init__(self, forest: Forest) -> None:
        self._walks = _Walks(forest)
        sums = forest.votes[:, 0] + forest.votes[:, 1]
        shares = np.divide(forest.votes, sums[:, None], out=np.zeros_like(forest.votes), where=sums[:, None] > 0)
        self._shares = [shares[block] for block in self._walks.blocks]

    def __call__(self, features: Floats) -> Floats:
        votes = np.zeros((len(features), 2))
        for leaves, shares in zip(self._walks.leaves(features), self._shares, strict=True):
            votes += shares.take(leaves, axis=0)
        scores: Floats = votes[:, 1] / (votes[:, 0] + votes[:, 1])
        return scores


class _BoostedScorer:
    def __init__(self, boosted: Boosted) -> None:
        self._walks = _Walks(boosted)
        self._values = [boosted.values[block] for block in self._walks.blocks]
        self._weights = boosted.weights.tolist()
        self._output = boosted.output

    def __call__(self, features: Floats) -> Floats:
        margin = np.zeros(len(features))
        walked = zip(self._walks.leaves(features), self._values, self._weights, strict=True)
        for leaves, values, weight in walked:
            margin += values.take(leaves) * weight
        if self._output == "probability":
            return logistic(2.0 * margin)
        return margin if self._output == "sum" else margin / len(self._weights)
