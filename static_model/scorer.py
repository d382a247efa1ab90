"""Scores a batch of records without Spark: features by vectorised steps in float64, then one estimator.

The score of a record never depends on which other records are in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .estimators import Estimator, Forest, Linear, OneHot, Step, features_width
from .validity import check_forest

Floats: TypeAlias = npt.NDArray[np.float64]


def featurise(steps: Sequence[Step], records: pa.RecordBatch) -> Floats:
    """The features of a batch.

    Args:
        steps: a model's feature steps.
        records: a batch that has the steps' columns; other columns, the label among them, are not looked at.

    Returns:
        float64[records, features], C-contiguous; the steps' features side by side, in order. Whole numbers beyond
        2**53 are rounded to the nearest float64, as Spark rounds them.
    """
    features = np.zeros((records.num_rows, features_width(steps)))
    at = 0
    for step in steps:
        values = records.column(step.column)
        if isinstance(step, OneHot):
            places = pc.index_in(values, value_set=pa.array(step.labels, pa.string()))
            places = places.fill_null(step.width).to_numpy(zero_copy_only=False)
            rows = np.flatnonzero(places < step.width)
            features[rows, at + places[rows]] = 1.0
        else:
            features[:, at] = values.to_numpy(zero_copy_only=False)
        at += step.width
    return features


class Scorer:
    """Scores features with one estimator; prepared once, used for every batch.

    Args:
        estimator: what `load_model` returns, or what was just fitted.

    Raises:
        ModelError: a forest's arrays are no trees (the compiled walk would leave them).
    """

    def __init__(self, estimator: Estimator) -> None:
        self._score: Callable[[Floats], Floats] = (
            _ForestScorer(estimator) if isinstance(estimator, Forest) else _LinearScorer(estimator)
        )

    def score(self, features: Floats) -> Floats:
        """The probability of class 1 for each record.

        Args:
            features: float64[records, features], any number of records, 0 included.

        Returns:
            float64[records]. A record is predicted positive iff its score is strictly above the model's threshold.
        """
        return self._score(features)


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
        with np.errstate(over="ignore"):  # exp of a huge margin is inf, and its score rightly 0
            scores: Floats = 1.0 / (1.0 + np.exp(-margin))
        return scores


class _ForestScorer:
    """Walks ranks instead of values, so that scikit-learn's compiled float32 walk is exact in float64.

    A value's rank is the number of its feature's distinct thresholds below it. With these sorted, t[0] < t[1] < ...,
    `x <= t[j]` iff `rank(x) <= j`; and whole numbers up to 2**24 are exact in float32. NaN ranks last and goes right.
    """

    def __init__(self, forest: Forest) -> None:
        check_forest(forest, width=int(forest.feature.max(initial=-1)) + 1)
        inner = forest.feature >= 0
        self._used, column = np.unique(forest.feature[inner], return_inverse=True)
        self._thresholds = [np.unique(forest.threshold[forest.feature == feature]) for feature in self._used]
        self._single = forest.compares == "float32"
        self._features = np.full(len(forest.feature), -2, np.int64)  # compiled trees mark a leaf so
        self._features[inner] = column
        sums = forest.votes[:, 0] + forest.votes[:, 1]
        shares = np.divide(forest.votes, sums[:, None], out=np.zeros_like(forest.votes), where=sums[:, None] > 0)
        ends = [*forest.roots[1:].tolist(), len(forest.feature)]
        blocks = [slice(start, end) for start, end in zip(forest.roots.tolist(), ends, strict=True)]
        self._trees = [(self._walker(forest, block), shares[block]) for block in blocks]

    def _walker(self, forest: Forest, block: slice) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.intp]]:
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

    def __call__(self, features: Floats) -> Floats:
        ranks = self._ranks(features)
        votes = np.zeros((len(features), 2))
        for walk, shares in self._trees:
            votes += shares.take(walk(ranks), axis=0)
        scores: Floats = votes[:, 1] / (votes[:, 0] + votes[:, 1])
        return scores
