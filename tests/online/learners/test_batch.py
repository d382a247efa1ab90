"""The scikit-learn learner: what it is asked for it does, and its logistic regression is Spark's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize
from sklearn.ensemble import RandomForestClassifier

from static_model.artifact import Forest, Linear
from static_model.scorer import Scorer

Floats = npt.NDArray[np.float64]


def rows(n: int = 600, columns: int = 9, seed: int = 0) -> tuple[Floats, npt.NDArray[np.int8]]:
    """Columns of very different scale and place; the first two of them tell the class, with noise."""
    rng = np.random.default_rng(seed)
    plain = rng.normal(size=(n, columns))
    labels = (plain[:, 0] - 0.7 * plain[:, 1] + rng.logistic(size=n) > 0.3).astype(np.int8)
    features: Floats = plain * 10.0 ** (np.arange(columns) % 4 - 1) + np.arange(columns)
    return features, labels


def forest_like(**parameters: int) -> Forest:
    """A forest of one leaf, with the hyper-parameters that a retraining takes over."""
    none, leaf = np.full(1, -1, np.int32), np.zeros(1)
    asked = {"trees": 7, "max_depth": 4, "min_instances": 3} | parameters
    return Forest(none, leaf, none, none, np.ones((1, 2)), np.zeros(1, np.int32), "float32", asked)


@pytest.fixture
def fit_forest(fit) -> Callable[..., Forest]:
    """The learner's forest on the rows."""

    def call(*, seed: int = 1, **parameters: int) -> Forest:
        fitted = fit(*rows(), like=forest_like(**parameters), seed=seed)
        assert isinstance(fitted, Forest)
        return fitted

    return call


def depths(forest: Forest) -> npt.NDArray[np.int64]:
    """Each node's distance from its root; a parent stands before its children."""
    depth = np.zeros(len(forest.feature), np.int64)
    for node in np.flatnonzero(forest.feature >= 0):
        depth[forest.left[node]] = depth[forest.right[node]] = depth[node] + 1
    return depth


def arrays(forest: Forest) -> list[bytes]:
    """Everything that the forest computes with."""
    names = ("feature", "threshold", "left", "right", "votes", "roots")
    return [np.ascontiguousarray(getattr(forest, name)).tobytes() for name in names]


@pytest.mark.parametrize("trees", [1, 12])
def test_a_forest_has_the_trees_asked_for(fit_forest, trees: int) -> None:
    """The number of trees is the saved model's."""
    assert len(fit_forest(trees=trees).roots) == trees


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_a_forest_is_as_deep_as_asked_for(fit_forest, depth: int) -> None:
    """No tree is deeper than the saved model's hyper-parameter allows, and it is made use of."""
    assert depths(fit_forest(max_depth=depth, min_instances=1)).max() == depth


def leaves(forest: Forest, features: Floats) -> npt.NDArray[np.int64]:
    """The leaf that each record reaches in each tree, int64[records, trees]."""
    at = np.tile(forest.roots.astype(np.int64), (len(features), 1))
    while (inner := forest.feature[at] >= 0).any():
        record, _ = np.nonzero(inner)
        node = at[inner]
        left = features[record, forest.feature[node]].astype(np.float32) <= forest.threshold[node]
        at[inner] = np.where(left, forest.left[node], forest.right[node])
    return at


@pytest.mark.parametrize("least", [2, 40])
def test_no_leaf_holds_fewer_rows_than_asked_for(fit_forest, least: int) -> None:
    """The least number of training rows in a leaf is the saved model's, and small leaves are made where it is small."""
    forest = fit_forest(max_depth=8, min_instances=least)
    sizes = np.bincount(leaves(forest, rows()[0]).ravel(), minlength=len(forest.feature))[forest.feature < 0]
    assert least <= sizes.min() < 2 * least + 5


@pytest.mark.parametrize("parameters", [{}, {"trees": 15, "max_depth": 7, "min_instances": 1}])
def test_a_forest_is_the_one_that_scikit_learn_fits(fit_forest, parameters: dict[str, int]) -> None:
    """With the square root of the features tried per split, the scores are those of a direct fit, and no others."""
    features, labels = rows()
    fitted = fit_forest(seed=5, **parameters)
    asked = {"trees": 7, "max_depth": 4, "min_instances": 3} | parameters
    common = {"n_estimators": asked["trees"], "max_depth": asked["max_depth"], "n_jobs": 1, "random_state": 5}

    def direct(max_features: str | int | None) -> Floats:
        classifier = RandomForestClassifier(
            **common, min_samples_leaf=asked["min_instances"], max_features=max_features
        )
        scores: Floats = classifier.fit(features, labels).predict_proba(features)[:, 1]
        return scores

    scores = Scorer(fitted).score(features)
    np.testing.assert_allclose(scores, direct("sqrt"), rtol=0, atol=1e-14)
    np.testing.assert_allclose(scores, direct(3), rtol=0, atol=1e-14)
    assert np.abs(scores - direct(None)).max() > 0.01
    assert fitted.parameters == asked


def test_a_fit_repeats_for_the_same_seed_only(fit_forest) -> None:
    """Equal rows and seed give equal trees, another seed gives others."""
    assert arrays(fit_forest(seed=3)) == arrays(fit_forest(seed=3))
    assert arrays(fit_forest(seed=3)) != arrays(fit_forest(seed=4))


def linear_like(reg_param: float) -> Linear:
    """A logistic regression's hyper-parameters; its coefficients play no part."""
    return Linear(np.zeros(1), 0.0, {"reg_param": reg_param, "max_iter": 100})


@pytest.fixture
def fit_linear(fit) -> Callable[..., Linear]:
    """The learner's logistic regression."""

    def call(features: Floats, labels: npt.NDArray[np.int8], reg_param: float) -> Linear:
        fitted = fit(features, labels, like=linear_like(reg_param), seed=0)
        assert isinstance(fitted, Linear)
        return fitted

    return call


def sparks_minimum(features: Floats, labels: npt.NDArray[np.int8], reg_param: float) -> tuple[Floats, float]:
    """What minimises the mean log loss + reg_param / 2 * the sum of squares of the standardised coefficients."""
    signs, spread = 2.0 * labels - 1, features.std(axis=0, ddof=1)
    scaled = (features - features.mean(axis=0)) / spread

    def objective(x: Floats) -> tuple[float, Floats]:
        margins = signs * (scaled @ x[:-1] + x[-1])
        pull = -signs / (1 + np.exp(margins)) / len(signs)
        penalty = np.append(x[:-1], 0.0)
        value = np.logaddexp(0, -margins).mean() + reg_param / 2 * penalty @ penalty
        return float(value), np.append(pull @ scaled, pull.sum()) + reg_param * penalty

    start = np.zeros(features.shape[1] + 1)
    x = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-9}).x
    coefficients: Floats = x[:-1] / spread
    return coefficients, float(x[-1] - coefficients @ features.mean(axis=0))


@pytest.mark.parametrize("reg_param", [0.0, 0.01, 0.3])
def test_a_logistic_regression_minimises_sparks_objective(fit_linear, reg_param: float) -> None:
    """Coefficients and intercept are those of the minimum found by hand, for features of any scale."""
    features, labels = rows(n=60, columns=4)
    coefficients, intercept = sparks_minimum(features, labels, reg_param)
    fitted = fit_linear(features, labels, reg_param)
    spread = features.std(axis=0, ddof=1)
    np.testing.assert_allclose(fitted.coefficients * spread, coefficients * spread, rtol=0, atol=1e-4)
    centre = features.mean(axis=0)
    middle = fitted.intercept + fitted.coefficients @ centre
    assert middle == pytest.approx(intercept + coefficients @ centre, abs=1e-4)
    assert fitted.parameters == {"reg_param": reg_param, "max_iter": 100}


@pytest.mark.parametrize("reg_param", [0.0, 0.1])
@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, 123456.789])
def test_a_constant_column_does_no_harm(fit_linear, reg_param: float, constant: float) -> None:
    """It changes no score, also where its mean isn't exactly itself, and no score of a record that differs there."""
    features, labels = rows(n=400, columns=3)
    plain = fit_linear(features, labels, reg_param)
    fitted = fit_linear(np.column_stack([features, np.full(len(features), constant)]), labels, reg_param)
    expected = Scorer(plain).score(features)
    for value in (constant, constant + 0.5):
        scores = Scorer(fitted).score(np.column_stack([features, np.full(len(features), value)]))
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)
