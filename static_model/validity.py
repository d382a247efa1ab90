"""What must hold of a model before anything is computed with it: a saved model is not trusted, it is checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from producer.dataset import Dataset
from producer.errors import ModelError

from .estimators import Estimator, Forest, Linear, OneHot, Step, features_width

MAX_NODES = 2**24
"""Nodes of a forest: node counts up to here are exact in float32, which the scorer relies on."""


def check_steps(steps: Sequence[Step], dataset: Dataset) -> None:
    """Hold feature steps against the contract.

    Raises:
        ModelError: there are none; a step's column isn't in the contract, has another type or is the label; labels
            are doubled; the width is below 1 or leaves features that no label can set.
    """
    if not steps:
        raise ModelError("the model has no feature steps; nothing can be computed from a record")
    types = {column.name: column.type for column in dataset.columns}
    for step in steps:
        wanted = ("string",) if isinstance(step, OneHot) else ("int", "float")
        found = types.get(step.column)
        if found is None:
            raise ModelError(
                f"a feature step reads the column '{step.column}', which the model's contract doesn't have; "
                f"it has: {', '.join(types)}"
            )
        if found not in wanted:
            raise ModelError(
                f"a feature step reads the column '{step.column}' as {' or '.join(wanted)}, "
                f"but the model's contract says {found}"
            )
        if isinstance(step, OneHot):
            _check_one_hot(step)


def _check_one_hot(step: OneHot) -> None:
    if len(set(step.labels)) != len(step.labels):
        raise ModelError(f"the one-hot step of '{step.column}' names a label twice")
    if not 1 <= step.width <= len(step.labels):
        raise ModelError(
            f"the one-hot step of '{step.column}' has {len(step.labels)} labels and a width of {step.width}; "
            "the width must be from 1 to the number of labels"
        )


def check_estimator(estimator: Estimator, steps: Sequence[Step]) -> None:
    """Check an estimator's arrays, alone and against the features that the steps make.

    Raises:
        ModelError: the message says which array is wrong, and how.
    """
    width = features_width(steps)
    if isinstance(estimator, Linear):
        _check_array("coefficients", estimator.coefficients, np.float64, (width,))
        if not np.isfinite(estimator.intercept):
            raise ModelError("the model's intercept isn't a finite number")
    else:
        check_forest(estimator, width=width)


def check_forest(forest: Forest, *, width: int) -> None:
    """Check that a forest's arrays are trees over `width` features, which compiled code may walk without looking.

    Raises:
        ModelError: the message says which array is wrong, and how.
    """
    nodes, trees = forest.feature.size, forest.roots.size
    if not (1 <= nodes <= MAX_NODES and trees >= 1):
        raise ModelError(f"the forest has {trees} trees and {nodes} nodes; it must have some, and at most {MAX_NODES}")
    for name in ("feature", "left", "right"):
        _check_array(name, getattr(forest, name), np.int32, (nodes,))
    _check_array("roots", forest.roots, np.int32, (trees,))
    _check_array("threshold", forest.threshold, np.float64, (nodes,))
    _check_array("votes", forest.votes, np.float64, (nodes, 2))
    if forest.feature.min() < -1 or forest.feature.max() >= width:
        raise ModelError(f"the array 'feature' names a feature outside of the {width} that the steps make")
    leaves = forest.votes[forest.feature < 0]
    with np.errstate(over="ignore"):
        sums = leaves[:, 0] + leaves[:, 1]
    if (leaves < 0).any() or not ((sums > 0) & np.isfinite(sums)).all():
        raise ModelError("the array 'votes' has a leaf whose votes are negative, or don't sum to a number above 0")
    _check_shape_of_trees(forest)


def _check_array(name: str, array: npt.NDArray[np.generic], dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    if array.dtype != np.dtype(dtype) or array.shape != shape:
        raise ModelError(
            f"the array '{name}' is {array.dtype}{list(array.shape)}, expected {np.dtype(dtype)}{list(shape)}"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelError(f"the array '{name}' holds a value that isn't a finite number")


def _check_shape_of_trees(forest: Forest) -> None:
    """Every node but a root is the child of one earlier node of its own tree: then each is a tree, and walks end."""
    nodes, roots = len(forest.feature), forest.roots.astype(np.int64)
    if roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= nodes:
        raise ModelError(f"the array 'roots' must ascend from 0 and stay below the {nodes} nodes")
    at = np.arange(nodes)
    ends = np.append(roots[1:], nodes)[np.searchsorted(roots, at, side="right") - 1]
    inner = forest.feature >= 0
    parents = np.zeros(nodes, np.int64)
    for name, child in (("left", forest.left[inner]), ("right", forest.right[inner])):
        if (child <= at[inner]).any() or (child >= ends[inner]).any():
            raise ModelError(f"the array '{name}' names a child that doesn't come after its parent in the same tree")
        parents += np.bincount(child, minlength=nodes)
    parents[roots] += 1
    if (parents != 1).any():
        raise ModelError("the forest has a node with no parent or with several; its arrays are no trees")
