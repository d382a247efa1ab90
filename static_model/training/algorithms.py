"""Spark's classifiers, as this project asks for them: one small grid for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pyspark.ml.classification import (
    DecisionTreeClassifier,
    GBTClassifier,
    LinearSVC,
    LogisticRegression,
    RandomForestClassifier,
)

from .rows import LABEL, WEIGHT
from .settings import LINEAR, Algorithm, Settings

FEATURES = "__features"
MIN_BINS = 32
BOOSTED_DEPTH = 5

Parameters: TypeAlias = Mapping[str, float]
"""What a grid varies, by Spark's names."""


def grid(name: Algorithm, settings: Settings) -> tuple[Parameters, ...]:
    """The points to try for an algorithm; the first is what the settings say, and wins ties.

    The second is the more careful one: a stronger penalty, or larger leaves; a boosted model learns faster instead.
    """
    if name in LINEAR:
        return {"regParam": settings.reg_param}, {"regParam": max(100 * settings.reg_param, 1e-2)}
    if name == "gradient_boosted_trees":
        return {"stepSize": 0.1}, {"stepSize": 0.3}
    return {"minInstancesPerNode": 1}, {"minInstancesPerNode": 10}


def classifier(
    name: Algorithm, parameters: Parameters, settings: Settings, *, seed: int, weighted: bool, categories: int
) -> Any:
    """An unfitted classifier of Spark.

    Args:
        name: which algorithm.
        parameters: a point of its grid.
        settings: the rest of its hyper-parameters.
        seed: of a forest's bootstrap.
        weighted: whether the rows have a `WEIGHT`.
        categories: how many values the largest categorical feature has; 0 without one.
    """
    columns: dict[str, Any] = {"featuresCol": FEATURES, "labelCol": LABEL}
    if weighted:
        columns["weightCol"] = WEIGHT
    if name not in LINEAR:
        columns |= {"maxBins": max(MIN_BINS, categories), "seed": seed}
    return _MAKERS[name](settings, {**columns, **parameters})


def _logistic_regression(settings: Settings, options: dict[str, Any]) -> Any:
    return LogisticRegression(family="binomial", maxIter=settings.max_iter, **options)


def _linear_svc(settings: Settings, options: dict[str, Any]) -> Any:
    return LinearSVC(maxIter=settings.max_iter, **options)


def _decision_tree(settings: Settings, options: dict[str, Any]) -> Any:
    return DecisionTreeClassifier(maxDepth=settings.max_depth, **options)


def _random_forest(settings: Settings, options: dict[str, Any]) -> Any:
    return RandomForestClassifier(numTrees=settings.trees, maxDepth=settings.max_depth, **options)


def _boosted(settings: Settings, options: dict[str, Any]) -> Any:
    depth = min(BOOSTED_DEPTH, settings.max_depth)
    return GBTClassifier(maxIter=settings.boosts, maxDepth=depth, **options)


_MAKERS: Mapping[Algorithm, Callable[[Settings, dict[str, Any]], Any]] = {
    "logistic_regression": _logistic_regression,
    "linear_svc": _linear_svc,
    "decision_tree": _decision_tree,
    "random_forest": _random_forest,
    "gradient_boosted_trees": _boosted,
}


def for_kinds(name: Algorithm, parameters: Parameters, settings: Settings, **options: Any) -> tuple[Algorithm, Any]:
    """The unfitted classifier of a family for several classes; a forest where the family knows two only.

    Args:
        name: the family.
        parameters: a point of its grid.
        settings: the rest of its hyper-parameters.
        options: as for `classifier`.

    Returns:
        Which algorithm it is, and the classifier.
    """
    several: Algorithm = "random_forest" if name in ("linear_svc", "gradient_boosted_trees") else name
    point = parameters if several == name else grid(several, settings)[0]
    unfitted = classifier(several, point, settings, **options)
    return several, unfitted.setFamily("multinomial") if several == "logistic_regression" else unfitted


def with_threshold(model: Any, threshold: float) -> Any:
    """The same fitted classifier, predicting class 1 where the score is above the threshold."""
    if threshold == 0.5:
        return model
    if hasattr(model, "setThreshold"):  # of a linear SVC it is a margin's
        linear_svc = not hasattr(model, "getProbabilityCol")
        return model.setThreshold(math.log(threshold / (1 - threshold)) if linear_svc else threshold)
    return model.setThresholds([1 - threshold, threshold])


def size_of(model: Any) -> int:
    """How many nodes or coefficients a fitted classifier has."""
    for name in ("totalNumNodes", "numNodes"):
        if hasattr(model, name):
            return int(getattr(model, name))
    return int(model.numFeatures)
