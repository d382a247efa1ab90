"""Fitted scikit-learn classifiers of two classes, read as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from producer.dataset import Dataset
from producer.errors import ModelError
from static_model.estimators import Boosted, Estimator, Forest, Linear, Parameter
from static_model.fitted import tree_arrays

from .columns import Features
from .labels import half, positive_place
from .part import Part
from .trees import send_missing_left, with_first_leaf

Read = tuple[Features, Estimator]
LARGEST = float(np.finfo(np.float64).max)
UNLIMITED = 2**31 - 1
"""What scikit-learn takes for the depth of a tree that has no bound."""


def read_estimator(part: Part, features: Features, dataset: Dataset) -> tuple[Features, Estimator, float]:
    """The features that the estimator looks at, the estimator, and its threshold.

    Raises:
        ModelError: it isn't supported, its classes aren't the contract's, or it fails on values that may be missing.
    """
    part.check_numbers(features)
    try:
        positive = positive_place(np.asarray(part.value.classes_).tolist(), dataset)
    except ModelError as error:
        raise part.refuse(str(error)) from None
    missing = [feature.base.column for feature in features if feature.nullable]
    if missing and part.name not in _TAKES_MISSING:
        raise part.refuse(
            f"it fails on missing values, and '{missing[0]}' may be missing by the contract '{dataset.name}'; "
            "fit it with a SimpleImputer before it"
        )
    return *ESTIMATORS[part.name](part, features, positive == 1), half(positive)


def _logistic(part: Part, features: Features, upright: bool) -> Read:
    if getattr(part.value, "multi_class", None) == "multinomial":
        raise part.refuse("it is multinomial; only the binary logistic regression is supported")
    return features, _linear(part, features, upright)


def _svc(part: Part, features: Features, upright: bool) -> Read:
    linear = _linear(part, features, upright)
    return features, Linear(linear.coefficients, linear.intercept, linear.parameters, loss="hinge")


def _linear(part: Part, features: Features, upright: bool) -> Linear:
    coefficients = np.asarray(part.value.coef_, np.float64)
    if coefficients.shape != (1, len(features)):
        raise part.refuse(f"its coefficients are {list(coefficients.shape)}, expected [1, {len(features)}]")
    intercept = float(np.asarray(part.value.intercept_, np.float64).ravel()[0])
    sign = 1.0 if upright else -1.0
    return Linear(sign * coefficients[0], sign * intercept, _linear_parameters(part.value))


def _linear_parameters(fitted: Any) -> dict[str, Parameter]:
    """Its penalty is of all training rows together, and how many these were isn't saved: only none is known."""
    unpenalised = np.isposinf(fitted.C) or getattr(fitted, "penalty", "") in (None, "none")
    return {"reg_param": 0.0, "max_iter": int(fitted.max_iter)} if unpenalised else {}


def _tree(part: Part, features: Features, upright: bool) -> Read:
    return _forest(part, [part.value.tree_], features, upright, {"trees": 1, **_tree_parameters(part.value)})


def _trees(part: Part, features: Features, upright: bool) -> Read:
    trees = [member.tree_ for member in part.value.estimators_]
    return _forest(part, trees, features, upright, {"trees": len(trees), **_tree_parameters(part.value)})


def _tree_parameters(fitted: Any) -> dict[str, Parameter]:
    depth = UNLIMITED if fitted.max_depth is None else int(fitted.max_depth)
    leaf = fitted.min_samples_leaf  # a share of the training rows is no number of rows
    return {"max_depth": depth, "min_instances": leaf} if isinstance(leaf, int) else {}


def _forest(
    part: Part, trees: Sequence[Any], features: Features, upright: bool, parameters: dict[str, Parameter]
) -> Read:
    arrays, features = _arrays(part, trees, features, outputs=2)
    votes = np.concatenate([tree.value[:, 0, :] for tree in trees])
    if part.name == "ExtraTreesClassifier":
        parameters = {}  # no learner fits them
    votes = votes if upright else np.ascontiguousarray(votes[:, ::-1])
    return features, Forest(**arrays, votes=votes, compares="float32", parameters=parameters)


def _arrays(
    part: Part, trees: Sequence[Any], features: Features, *, outputs: int
) -> tuple[dict[str, npt.NDArray[Any]], Features]:
    """The trees' arrays; a tree that miscounts its nodes is never looked into."""
    if not trees:
        raise part.refuse("it has no trees")
    for tree in trees:
        if type(tree).__name__ != "Tree" or not 1 <= tree.node_count <= tree.capacity:
            raise part.refuse("one of its trees miscounts its nodes")
        if tree.value.shape[1:] != (1, outputs):
            raise part.refuse("it has several outputs, or other classes than two")
        if tree.feature.max(initial=-1) >= len(features):
            raise part.refuse(f"one of its trees uses feature {tree.feature.max()}, its pipeline makes {len(features)}")
    left = np.concatenate([tree.missing_go_to_left for tree in trees]).astype(np.bool_)
    arrays = tree_arrays(trees)
    # A node that parts missing values from all others has an infinite threshold; no finite number is above this one.
    arrays["threshold"] = np.clip(arrays["threshold"], -LARGEST, LARGEST)
    return send_missing_left(arrays, features, left)


def _boosted(part: Part, features: Features, upright: bool) -> Read:
    fitted = part.value
    if fitted.loss != "log_loss":
        raise part.refuse(f"its loss is {fitted.loss!r}; only 'log_loss' is supported")
    trees = [member[0].tree_ for member in fitted.estimators_]
    arrays, features = _arrays(part, trees, features, outputs=1)
    sign = 0.5 if upright else -0.5  # the score doubles the margin
    values = np.concatenate([[_start(part)], *(tree.value[:, 0, 0] for tree in trees)])
    whole: dict[str, Any] = with_first_leaf(arrays)
    boosted = Boosted(
        **whole,
        values=values,
        weights=np.append(sign, np.full(len(trees), sign * float(fitted.learning_rate))),
        compares="float32",
        parameters=_boosted_parameters(fitted),
    )
    return features, boosted


def _boosted_parameters(fitted: Any) -> dict[str, Parameter]:
    known = _tree_parameters(fitted)
    return {"trees": len(fitted.estimators_), **known, "step_size": float(fitted.learning_rate)} if known else {}


def _start(part: Part) -> float:
    """What the margins begin with: the log-odds of the training rows, kept off the ends as scikit-learn does."""
    init = part.value.init_
    if isinstance(init, str) and init == "zero":
        return 0.0
    if type(init).__name__ != "DummyClassifier":
        raise part.refuse(f"it begins with a {type(init).__name__}; only init=None and init='zero' are supported")
    least = float(np.finfo(np.float32).eps)
    share = min(max(float(init.class_prior_[1]), least), 1 - least)
    return float(np.log(share / (1 - share)))


_TAKES_MISSING = ("DecisionTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier")
ESTIMATORS: Mapping[str, Callable[[Part, Features, bool], Read]] = {
    "LogisticRegression": _logistic,
    "LinearSVC": _svc,
    "DecisionTreeClassifier": _tree,
    "RandomForestClassifier": _trees,
    "ExtraTreesClassifier": _trees,
    "GradientBoostingClassifier": _boosted,
}
"""What reads each supported class."""
