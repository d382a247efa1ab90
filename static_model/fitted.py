"""Turns what scikit-learn fitted into a model's plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from producer.errors import ModelError

from .estimators import Boosted, Forest, Linear, Parameter

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC
    from sklearn.tree._tree import Tree


def forest_from_sklearn(classifier: RandomForestClassifier, *, parameters: Mapping[str, Parameter]) -> Forest:
    """The forest that a fitted `RandomForestClassifier` holds.

    Its score equals `predict_proba(X)[:, 1]` within 1e-15: there the trees' probabilities are averaged, here the votes
    for class 1 are divided by all votes. `parameters` are stored as they are.

    Trap: where X holds NaN the two differ (scikit-learn sends it to the larger child, this forest to the right).

    Raises:
        ModelError: it was fitted on other classes than 0 and 1, both.
    """
    _check_classes(classifier.classes_)
    trees: list[Tree] = [member.tree_ for member in classifier.estimators_]
    return Forest(
        **tree_arrays(trees),
        votes=np.concatenate([tree.value[:, 0, :] for tree in trees]),
        compares="float32",
        parameters=dict(parameters),
    )


def boosted_from_sklearn(classifier: GradientBoostingClassifier, *, parameters: Mapping[str, Parameter]) -> Boosted:
    """The boosted trees that a fitted `GradientBoostingClassifier` of the log loss holds.

    What it begins with, the log-odds of the training rows, becomes a first tree of a single leaf; margins are halved,
    as Spark's score doubles them.

    Raises:
        ModelError: it was fitted on other classes than 0 and 1, both.
    """
    _check_classes(classifier.classes_)
    trees: list[Tree] = [member.tree_ for member in classifier.estimators_[:, 0]]
    nodes = tree_arrays(trees)
    start = {"feature": -1, "threshold": 0.0, "left": -1, "right": -1}
    moved = {name: np.where(nodes[name] >= 0, nodes[name] + 1, -1) for name in ("left", "right")}
    joined = {name: np.append(np.array([first]), {**nodes, **moved}[name]) for name, first in start.items()}
    share = float(classifier.init_.class_prior_[1])
    return Boosted(
        **{name: values.astype(nodes[name].dtype) for name, values in joined.items()},
        values=np.concatenate([[np.log(share / (1 - share)) / 2], *(tree.value[:, 0, 0] for tree in trees)]),
        weights=np.append(1.0, np.full(len(trees), classifier.learning_rate / 2)),
        roots=np.append(0, nodes["roots"] + 1).astype(np.int32),
        compares="float32",
        parameters=dict(parameters),
        output="probability",
    )


def tree_arrays(trees: Sequence[Tree]) -> dict[str, npt.NDArray[Any]]:
    """The arrays that `Forest` and `Boosted` share: feature, threshold, left, right, roots."""
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]
    inner = np.concatenate([tree.children_left >= 0 for tree in trees])

    def joined(name: str) -> npt.NDArray[np.int32]:
        children = np.concatenate([getattr(tree, name) + at for tree, at in zip(trees, starts, strict=True)])
        return np.where(inner, children, -1).astype(np.int32)

    return {
        "feature": np.where(inner, np.concatenate([tree.feature for tree in trees]), -1).astype(np.int32),
        "threshold": np.where(inner, np.concatenate([tree.threshold for tree in trees]), 0.0),
        "left": joined("children_left"),
        "right": joined("children_right"),
        "roots": starts.astype(np.int32),
    }


def linear_from_sklearn(
    linear: LogisticRegression | LinearSVC,
    *,
    scale_mean: npt.NDArray[np.float64],
    scale_std: npt.NDArray[np.float64],
    parameters: Mapping[str, Parameter],
    loss: Literal["log", "hinge"] = "log",
) -> Linear:
    """The linear classifier that was fitted on `(X - scale_mean) / scale_std`, for X as it is.

    Args:
        linear: the fitted classifier of classes 0 and 1.
        scale_mean: float64[features], what was subtracted.
        scale_std: float64[features], what was divided by; never 0 (`StandardScaler.scale_` isn't).
        parameters: stored as they are.
        loss: what it was fitted to.

    Raises:
        ModelError: it was fitted on other classes than 0 and 1, both.
    """
    _check_classes(linear.classes_)
    coefficients = linear.coef_[0].astype(np.float64) / scale_std
    intercept = float(linear.intercept_[0]) - float(np.sum(coefficients * scale_mean))
    return Linear(coefficients=coefficients, intercept=intercept, parameters=dict(parameters), loss=loss)


def _check_classes(classes: npt.NDArray[np.int64]) -> None:
    if classes.tolist() != [0, 1]:
        raise ModelError(
            f"the classifier was fitted on the classes {classes.tolist()}; a model needs both, 0 and 1: "
            "fit it on rows that hold both labels"
        )
