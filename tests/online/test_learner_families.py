"""Every family of saved models is retrained by scikit-learn's classifier of the same family."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from online.learners.batch import ScikitLearn
from static_model.artifact import Boosted, Forest, Linear
from static_model.scorer import Scorer
from static_model.validity import check_trees

PARAMETERS: dict[str, int | float | str] = {"trees": 9, "max_depth": 3, "min_instances": 2, "step_size": 0.2}


@pytest.fixture(scope="module")
def rows() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    random = np.random.default_rng(0)
    features = random.normal(size=(400, 4)) * [1.0, 100.0, 0.01, 1.0]
    return features, (features[:, 0] + random.normal(size=400) * 0.3 > 0.4).astype(np.int8)


def test_boosted_trees_are_the_ones_that_scikit_learn_fits(rows) -> None:
    """Their score is scikit-learn's probability, the log-odds that it begins with included."""
    features, labels = rows
    none, one = np.full(1, -1, np.int32), np.zeros(1)
    like = Boosted(none, one, none, none, one, one, np.zeros(1, np.int32), "float64", PARAMETERS)
    fitted = ScikitLearn().fit(features, labels, like=like, seed=3)
    assert isinstance(fitted, Boosted)
    check_trees(fitted, width=4)
    direct = GradientBoostingClassifier(
        n_estimators=9, max_depth=3, min_samples_leaf=2, learning_rate=0.2, random_state=3
    ).fit(features, labels)
    np.testing.assert_allclose(Scorer(fitted).score(features), direct.predict_proba(features)[:, 1], rtol=0, atol=1e-14)
    assert 10 == len(fitted.roots)
    assert PARAMETERS == fitted.parameters


def test_a_single_tree_is_fitted_on_all_rows_and_features(rows) -> None:
    """A saved decision tree is retrained as one, not as a forest of one."""
    features, labels = rows
    none = np.full(1, -1, np.int32)
    asked = PARAMETERS | {"trees": 1}
    like = Forest(none, np.zeros(1), none, none, np.ones((1, 2)), np.zeros(1, np.int32), "float64", asked)
    fitted = ScikitLearn().fit(features, labels, like=like, seed=3)
    direct = DecisionTreeClassifier(max_depth=3, min_samples_leaf=2, random_state=3).fit(features, labels)
    difference = Scorer(fitted).score(features) - direct.predict_proba(features)[:, 1]
    assert np.abs(difference).max() < 1e-12


@pytest.mark.parametrize("reg_param", [0.01, 0.3])
def test_a_linear_svc_minimises_the_hinge_loss(rows, reg_param: float) -> None:
    """It separates as a direct fit on standardised features does, and stays a linear SVC."""
    features, labels = rows
    fitted = ScikitLearn().fit(
        features, labels, like=Linear(np.zeros(1), 0.0, {"reg_param": reg_param, "max_iter": 100}, "hinge"), seed=3
    )
    assert isinstance(fitted, Linear)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0, ddof=1)
    direct = LinearSVC(C=1 / (reg_param * 400), loss="hinge", max_iter=10_000, random_state=3).fit(scaled, labels)
    margin = features @ fitted.coefficients + fitted.intercept
    np.testing.assert_allclose(margin, direct.decision_function(scaled), rtol=0, atol=1e-9)
    assert "hinge" == fitted.loss
    assert 0.9 < np.mean((margin > 0) == labels)
