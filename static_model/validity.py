"""What must hold of a model before anything is computed with it: a saved model is not trusted, it is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from producer.dataset import Dataset
from producer.errors import ModelError

from .estimators import Boosted, Estimator, Forest, GaussianBayes, Linear, Perceptron
from .step_validity import problem_of
from .steps import (
    Hashed,
    Numeric,
    Plain,
    Step,
    columns_of,
    features_width,
    plain,
)

MAX_NODES = 2**24
"""Nodes of a forest: node counts up to here are exact in float32, which the scorer relies on."""
MAX_LAYERS = 64
"""Layers of a perceptron."""


def check_steps(steps: Sequence[Step], dataset: Dataset) -> None:
    """Hold feature steps against the contract.

    Raises:
        ModelError: there are none; a step's column isn't in the contract, has another type or is the label; labels
            are doubled; or what the step holds makes no sense by itself (see `problem_of`).
    """
    if not steps:
        raise ModelError("the model has no feature steps; nothing can be computed from a record")
    types = {column.name: column.type for column in dataset.columns}
    for step in steps:
        for name in columns_of(step):
            _check_column(name, types.get(name), _types_for(plain(step), name), types)
        problem = problem_of(step)
        if problem:
            raise ModelError(f"the {type(step).__name__} step of '{', '.join(columns_of(step))}' {problem}")


def _types_for(step: Plain, name: str) -> tuple[str, ...]:
    """The types that a column may have for a step."""
    if isinstance(step, Hashed):
        # How Java writes a number that is no whole one depends on its version, so its text isn't hashed.
        return ("int", "string") if name in step.categorical else ("int", "float", "string")
    return ("int", "float") if isinstance(step, Numeric) else ("string",)


def _check_column(name: str, found: str | None, wanted: Sequence[str], types: Mapping[str, str]) -> None:
    if found is None:
        raise ModelError(
            f"a feature step reads the column '{name}', which the model's contract doesn't have; "
            f"it has: {', '.join(types)}"
        )
    if found not in wanted:
        raise ModelError(
            f"a feature step reads the column '{name}' as {' or '.join(wanted)}, but the model's contract says {found}"
        )


def check_estimator(estimator: Estimator, steps: Sequence[Step]) -> None:
    """Check an estimator's arrays, alone and against the features that the steps make.

    Raises:
        ModelError: the message says which array is wrong, and how.
    """
    width = features_width(steps)
    match estimator:
        case Linear():
            _check_array("coefficients", estimator.coefficients, np.float64, (width,))
            if not np.isfinite(estimator.intercept):
                raise ModelError("the model's intercept isn't a finite number")
        case GaussianBayes():
            _check_gaussian(estimator, width)
        case Perceptron():
            _check_layers(estimator, width)
        case _:
            check_trees(estimator, width=width)


def _check_gaussian(bayes: GaussianBayes, width: int) -> None:
    for name in ("means", "variances"):
        _check_array(name, getattr(bayes, name), np.float64, (2, width))
    _check_array("priors", bayes.priors, np.float64, (2,))
    if (bayes.variances <= 0).any():
        raise ModelError("the array 'variances' holds a value that isn't above 0")


def _check_layers(perceptron: Perceptron, width: int) -> None:
    layers = perceptron.layers
    if not (2 <= len(layers) <= MAX_LAYERS and min(layers) >= 1 and layers[0] == width and layers[-1] == 2):
        raise ModelError(
            f"the perceptron's layers are {list(layers)}; they must be 2 to {MAX_LAYERS}, begin with the {width} "
            "features that the steps make, and end with 2"
        )
    weights = sum((before + 1) * after for before, after in pairwise(layers))
    _check_array("weights", perceptron.weights, np.float64, (weights,))


def check_trees(forest: Forest | Boosted, *, width: int) -> None:
    """Check that the arrays are trees over `width` features, which compiled code may walk without looking.

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
    if forest.feature.min() < -1 or forest.feature.max() >= width:
        raise ModelError(f"the array 'feature' names a feature outside of the {width} that the steps make")
    if isinstance(forest, Forest):
        _check_votes(forest)
    else:
        _check_array("values", forest.values, np.float64, (nodes,))
        _check_array("weights", forest.weights, np.float64, (trees,))
    _check_shape_of_trees(forest)


def _check_votes(forest: Forest) -> None:
    _check_array("votes", forest.votes, np.float64, (forest.feature.size, 2))
    leaves = forest.votes[forest.feature < 0]
    with np.errstate(over="ignore"):
        sums = leaves[:, 0] + leaves[:, 1]
    if (leaves < 0).any() or not ((sums > 0) & np.isfinite(sums)).all():
        raise ModelError("the array 'votes' has a leaf whose votes are negative, or don't sum to a number above 0")


def _check_array(name: str, array: npt.NDArray[np.generic], dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    if array.dtype != np.dtype(dtype) or array.shape != shape:
        raise ModelError(
            f"the array '{name}' is {array.dtype}{list(array.shape)}, expected {np.dtype(dtype)}{list(shape)}"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelError(f"the array '{name}' holds a value that isn't a finite number")


def _check_shape_of_trees(forest: Forest | Boosted) -> None:
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
