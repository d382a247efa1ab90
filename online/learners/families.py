"""Which of scikit-learn's families retrains a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from producer.errors import ModelError
from static_model.estimators import Boosted, Estimator, Forest, GaussianBayes, Linear

Family: TypeAlias = Literal[
    "logistic_regression", "linear_svc", "decision_tree", "random_forest", "gradient_boosted_trees"
]

FAMILIES: tuple[Family, ...] = get_args(Family)
_TREE = ("max_depth", "min_instances")
NEEDED: Mapping[Family, tuple[str, ...]] = {
    "logistic_regression": ("reg_param", "max_iter"),
    "linear_svc": ("reg_param", "max_iter"),
    "decision_tree": _TREE,
    "random_forest": ("trees", *_TREE),
    "gradient_boosted_trees": ("trees", *_TREE, "step_size"),
}
"""The hyper-parameters of each family."""


def family_of(like: Estimator) -> Family:
    """The family that retrains an estimator: the one that its `parameters` name as `family`, else its own.

    A logistic GLM without a penalty is a logistic regression, fitted to the same likelihood. A regressor of labels 0
    and 1 is retrained as nothing unless a family is named: the classifier of the same shape minimises another loss, and
    its scores mean something else. Nor are naive Bayes and perceptrons.

    Raises:
        ModelError: it has no counterpart among the families, none of these is named, or hyper-parameters are missing.
    """
    named = like.parameters.get("family")
    family = _own_family(like) if named is None else _named(str(named))
    missing = [name for name in NEEDED[family] if name not in like.parameters]
    if missing:
        raise ModelError(
            f"the model can't be retrained as {family}: it doesn't say {', '.join(missing)}; "
            f"it says: {', '.join(like.parameters) or 'nothing'}. Name a family together with its hyper-parameters"
        )
    return family


def _named(name: str) -> Family:
    for family in FAMILIES:
        if family == name:
            return family
    raise ModelError(f"the model is to be retrained as {name!r}, which is no family; there are: {', '.join(FAMILIES)}")


def _own_family(like: Estimator) -> Family:
    match like:
        case Forest():
            return "random_forest" if int(like.parameters.get("trees", len(like.roots))) > 1 else "decision_tree"
        case Boosted(output="probability"):
            return "gradient_boosted_trees"
        case Linear(loss="log"):
            return "logistic_regression"
        case Linear(loss="hinge"):
            return "linear_svc"
    raise ModelError(
        f"the model is {_title(like)}, which scikit-learn can't retrain as what it is; name what shall replace it when "
        f"it is retrained, one of {', '.join(FAMILIES)}, together with its hyper-parameters"
    )


def _title(like: Estimator) -> str:
    match like:
        case Boosted():
            return "a regressor (trees)"
        case Linear():
            return "a linear regression" if like.loss == "squared" else "a naive Bayes"
        case GaussianBayes():
            return "a Gaussian naive Bayes"
    return "a multilayer perceptron"
