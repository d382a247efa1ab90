"""Every family of saved models is retrained by scikit-learn's classifier of the same family."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from producer.errors import ModelError
from static_model.estimators import Boosted, Estimator, Forest, GaussianBayes, Linear, Perceptron
from static_model.scorer import Scorer
from static_model.validity import check_trees

PARAMETERS: dict[str, int | float | str] = {"trees": 9, "max_depth": 3, "min_instances": 2, "step_size": 0.2}


@pytest.fixture(scope="module")
def rows() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    random = np.random.default_rng(0)
    features = random.normal(size=(400, 4)) * [1.0, 100.0, 0.01, 1.0]
    return features, (features[:, 0] + random.normal(size=400) * 0.3 > 0.4).astype(np.int8)


def test_boosted_trees_are_the_ones_that_scikit_learn_fits(fit, rows) -> None:
    """Their score is scikit-learn's probability, the log-odds that it begins with included."""
    features, labels = rows
    none, one = np.full(1, -1, np.int32), np.zeros(1)
    like = Boosted(none, one, none, none, one, one, np.zeros(1, np.int32), "float64", PARAMETERS)
    fitted = fit(features, labels, like=like, seed=3)
    assert isinstance(fitted, Boosted)
    check_trees(fitted, width=4)
    direct = GradientBoostingClassifier(
        n_estimators=9, max_depth=3, min_samples_leaf=2, learning_rate=0.2, random_state=3
    ).fit(features, labels)
    np.testing.assert_allclose(Scorer(fitted).score(features), direct.predict_proba(features)[:, 1], rtol=0, atol=1e-14)
    assert 10 == len(fitted.roots)
    assert PARAMETERS == fitted.parameters


def test_a_single_tree_is_fitted_on_all_rows_and_features(fit, rows) -> None:
    """A saved decision tree is retrained as one, not as a forest of one."""
    features, labels = rows
    none = np.full(1, -1, np.int32)
    asked = PARAMETERS | {"trees": 1}
    like = Forest(none, np.zeros(1), none, none, np.ones((1, 2)), np.zeros(1, np.int32), "float64", asked)
    fitted = fit(features, labels, like=like, seed=3)
    direct = DecisionTreeClassifier(max_depth=3, min_samples_leaf=2, random_state=3).fit(features, labels)
    difference = Scorer(fitted).score(features) - direct.predict_proba(features)[:, 1]
    assert np.abs(difference).max() < 1e-12


@pytest.mark.parametrize("reg_param", [0.01, 0.3])
def test_a_linear_svc_minimises_the_hinge_loss(fit, rows, reg_param: float) -> None:
    """It separates as a direct fit on standardised features does, and stays a linear SVC."""
    features, labels = rows
    fitted = fit(
        features, labels, like=Linear(np.zeros(1), 0.0, {"reg_param": reg_param, "max_iter": 100}, "hinge"), seed=3
    )
    assert isinstance(fitted, Linear)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0, ddof=1)
    direct = LinearSVC(C=1 / (reg_param * 400), loss="hinge", max_iter=10_000, random_state=3).fit(scaled, labels)
    margin = features @ fitted.coefficients + fitted.intercept
    np.testing.assert_allclose(margin, direct.decision_function(scaled), rtol=0, atol=1e-9)
    assert "hinge" == fitted.loss
    assert 0.9 < np.mean((margin > 0) == labels)


NO_TREES = {name: np.full(1, -1, np.int32) for name in ("feature", "left", "right")}
REGRESSOR = Boosted(
    **NO_TREES,
    threshold=np.zeros(1),
    values=np.zeros(1),
    weights=np.ones(1),
    roots=np.zeros(1, np.int32),
    compares="float64",
    parameters=PARAMETERS,
    output="mean",
)
NAMED = {
    "logistic_regression": {"reg_param": 0.1, "max_iter": 50},
    "linear_svc": {"reg_param": 0.1, "max_iter": 50},
    "decision_tree": {"max_depth": 3, "min_instances": 2},
    "random_forest": {"trees": 4, "max_depth": 3, "min_instances": 2},
    "gradient_boosted_trees": {"trees": 4, "max_depth": 3, "min_instances": 2, "step_size": 0.3},
}


@pytest.mark.parametrize("family", NAMED)
def test_a_family_that_the_parameters_name_decides(fit, rows, family: str) -> None:
    """Whatever the model is; and the fitted one names it again, so that the next retraining does the same."""
    features, labels = rows
    parameters = {"family": family, **NAMED[family]}
    like = Perceptron((4, 2), np.zeros(10), parameters)
    fitted = fit(features, labels, like=like, seed=3)
    kinds = {
        "logistic_regression": (Linear, "log"),
        "linear_svc": (Linear, "hinge"),
        "decision_tree": (Forest, 1),
        "random_forest": (Forest, 4),
        "gradient_boosted_trees": (Boosted, 5),
    }
    size = fitted.loss if isinstance(fitted, Linear) else len(fitted.roots)
    assert kinds[family] == (type(fitted), size)
    assert parameters == fitted.parameters
    again = fit(features, labels, like=fitted, seed=3)
    np.testing.assert_array_equal(Scorer(fitted).score(features), Scorer(again).score(features))
    assert 0.85 < np.mean((Scorer(fitted).score(features) > 0.5) == labels)


@pytest.mark.parametrize(
    ("like", "title"),
    [
        (REGRESSOR, "a regressor (trees)"),
        (Linear(np.zeros(4), 0.0, {"reg_param": 0.1, "max_iter": 9}, "squared"), "a linear regression"),
        (Linear(np.zeros(4), 0.0, {"smoothing": 1.0}, "bayes"), "a naive Bayes"),
        (GaussianBayes(np.zeros((2, 4)), np.ones((2, 4)), np.zeros(2), {}), "a Gaussian naive Bayes"),
        (Perceptron((4, 2), np.zeros(10), {"max_iter": 9}), "a multilayer perceptron"),
    ],
)
def test_a_model_without_a_counterpart_says_what_can_be_asked_for(fit, rows, like: Estimator, title: str) -> None:
    """It isn't retrained as something else in silence."""
    message = (
        f"the model is {title}, which scikit-learn can't retrain as what it is; name what shall replace it when it is "
        "retrained, one of logistic_regression, linear_svc, decision_tree, random_forest, gradient_boosted_trees, "
        "together with its hyper-parameters"
    )
    with pytest.raises(ModelError, match=re.escape(message)):
        fit(*rows, like=like, seed=3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"family": "svm"}, "retrained as 'svm', which is no family; there are: logistic_regression, linear_svc"),
        ({"family": "random_forest", "trees": 3}, "as random_forest: it doesn't say max_depth, min_instances; it says"),
        ({"unscaled_reg_param": 0.1, "max_iter": 9}, "as logistic_regression: it doesn't say reg_param; it says: unsc"),
        ({}, "as logistic_regression: it doesn't say reg_param, max_iter; it says: nothing"),
    ],
)
def test_a_family_that_cant_be_fitted_says_what_is_missing(fit, rows, parameters, message: str) -> None:
    """An unknown family, and missing hyper-parameters, are sentences."""
    with pytest.raises(ModelError, match=message):
        fit(*rows, like=Linear(np.zeros(4), 0.0, parameters), seed=3)
