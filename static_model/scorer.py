"""Scores a batch of features without Spark, with one estimator.

The score of a record never depends on which other records are in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from .estimators import Boosted, Estimator, Forest, Linear
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
        self._score: Callable[[Floats], Floats]
        if isinstance(estimator, Linear):
            self._score = _LinearScorer(estimator)
        else:
            self._score = _ForestScorer(estimator) if isinstance(estimator, Forest) else _BoostedScorer(estimator)

    def score(self, features: Floats) -> Floats:
        """The score of class 1 for each record: its probability, but for a linear SVC.

        Args:
            features: float64[records, features], any number of records, 0 included.

        Returns:
            float64[records]. A record is predicted positive iff its score is strictly above the model's threshold.
        """
        return self._score(features)


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

    def __call__(self, features: Floats) -> Floats:
        margin = np.zeros(len(features))
        for column, coefficient in zip(np.ascontiguousarray(features.T), self._coefficients, strict=True):
            margin += column * coefficient
        margin += self._intercept
        return logistic(margin)


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
        self._used, column = np.unique(forest.feature[inner], return_inverse=True)
        self._thresholds = [np.unique(forest.threshold[forest.feature == feature]) for feature in self._used]
        self._single = forest.compares == "float32"
        self._features = np.full(len(forest.feature), -2, np.int64)  # compiled trees mark a leaf so
        self._features[inner] = column
        ends = [*forest.roots[1:].tolist(), len(forest.feature)]
        self.blocks = [slice(start, end) for start, end in zip(forest.roots.tolist(), ends, strict=True)]
        self._trees = [self._walker(forest, block) for block in self.blocks]

    def leaves(self, features: Floats) -> Iterator[npt.NDArray[np.intp]]:
        """For each tree in order, the leaf of each record, counted within the tree's own nodes."""
        ranks = self._ranks(features)
        return (walk(ranks) for walk in self._trees)

    def _walker(
        self, forest: Forest | Boosted, block: slice
    ) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.intp]]:
        """A compiled walk from ranks to the leaf, counted within the tree's own nodes."""
        from sklearn.tree._tree import NODE_DTYPE, Tree

        column = self._features[block]
        inner = column >= 0
        nodes = np.zeros(len(column), NODE_DTYPE)
        nodes["feature"] = column
        for name, child in (("left_child", forest.left), ("right_child", forest.right)):
            nodes[name] = np.where(inner, child[block] - block.start, -1)
        nodes["threshold"] = self._rank_thresholds(column, forest.threshold[block])
        tree = Tree(max(len(self._used), 1), np.ones(1, np.intp), 1)
        values = np.zeros((len(nodes), 1, 1))  # the votes are ours, in float64
        tree.__setstate__({"max_depth": 0, "node_count": len(nodes), "nodes": nodes, "values": values})
        walk: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.intp]] = tree.apply
        return walk

    def _rank_thresholds(self, column: npt.NDArray[np.int64], thresholds: Floats) -> Floats:
        ranks = np.zeros(len(column))
        for index, distinct in enumerate(self._thresholds):
            here = column == index
            ranks[here] = np.searchsorted(distinct, thresholds[here])
        return ranks

    def _ranks(self, features: Floats) -> npt.NDArray[np.float32]:
        used = np.ascontiguousarray(features[:, self._used].T)
        if self._single:
            with np.errstate(over="ignore"):  # beyond float32 is infinite, and rightly above every threshold
                used = used.astype(np.float32).astype(np.float64)
        ranks = np.zeros((len(features), max(len(used), 1)), np.float32)
        for index, (values, distinct) in enumerate(zip(used, self._thresholds, strict=True)):
            ranks[:, index] = np.searchsorted(distinct, values, side="left")
        return ranks


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

    def __call__(self, features: Floats) -> Floats:
        margin = np.zeros(len(features))
        walked = zip(self._walks.leaves(features), self._values, self._weights, strict=True)
        for leaves, values, weight in walked:
            margin += values.take(leaves) * weight
        return logistic(2.0 * margin)
