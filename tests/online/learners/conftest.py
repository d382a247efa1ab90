"""Starting models around any estimator, and what a learner makes of rows for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from online.interfaces import Training
from online.learners.batch import ScikitLearn
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Model
from static_model.estimators import Boosted, Estimator, Forest, Linear
from static_model.steps import Numeric

Fit = Callable[..., Any]
LEAF = {name: np.full(1, -1, np.int32) for name in ("feature", "left", "right")} | {"roots": np.zeros(1, np.int32)}


@pytest.fixture
def start() -> Callable[[Estimator, int], Model]:
    """A starting model of so many columns of numbers, whose estimator is the one given."""

    def make(like: Estimator, width: int) -> Model:
        columns = [Column(name=f"c{place}", type="float") for place in range(width)]
        label = Label(positive=("1",), negative=("0",))
        dataset = Dataset(name="columns", label=label, columns=(*columns, Column(name="y", type="label")))
        steps = tuple(Numeric(column.name) for column in columns)
        return Model(dataset, steps, like, threshold=0.4, holdout_records=9, holdout_errors=1, info={})

    return make


@pytest.fixture
def fit(start: Callable[[Estimator, int], Model]) -> Fit:
    """The estimator that a learner (scikit-learn's, unless said) makes of rows like one; the rest stays as it was."""

    def call(
        features: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int8],
        *,
        like: Estimator,
        seed: int,
        learner: Any = None,
    ) -> Estimator:
        model, learner = start(like, features.shape[1]), learner or ScikitLearn()
        # Whoever fits on the features that are there needs no records.
        fitted = learner.fit(Training(features, labels, pytest.fail), like=model, seed=seed)
        assert (model.dataset, model.steps, 0.4) == (fitted.dataset, fitted.steps, fitted.threshold)
        assert learner.kind == fitted.info["engine"]
        return fitted.estimator

    return call


@pytest.fixture
def likes() -> dict[str, Estimator]:
    """For each family an estimator with its hyper-parameters, and nothing else of use."""
    trees = {"trees": 9, "max_depth": 4, "min_instances": 2}
    nothing, weak = np.zeros(1), {"reg_param": 0.01, "max_iter": 20}

    def forest(count: int) -> Forest:
        return Forest(
            **LEAF, threshold=nothing, votes=np.ones((1, 2)), compares="float64", parameters={**trees, "trees": count}
        )

    boosted = Boosted(
        **LEAF,
        threshold=nothing,
        values=nothing,
        weights=np.ones(1),
        compares="float64",
        parameters={**trees, "step_size": 0.3},
    )
    return {
        "logistic_regression": Linear(nothing, 0.0, weak),
        "linear_svc": Linear(nothing, 0.0, weak, "hinge"),
        "decision_tree": forest(1),
        "random_forest": forest(9),
        "gradient_boosted_trees": boosted,
    }
