"""The Spark learner: the same family, repeatable bit for bit, scored as Spark scores."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from online.interfaces import Training
from online.learners.batch import ScikitLearn
from online.learners.spark import Spark
from producer.errors import ModelError
from static_model.estimators import Boosted, Estimator, Forest, Linear
from static_model.scorer import Scorer
from static_model.steps import Numeric

pytestmark = pytest.mark.spark

KINDS: dict[str, tuple[type, int | str]] = {
    "logistic_regression": (Linear, "log"),
    "linear_svc": (Linear, "hinge"),
    "decision_tree": (Forest, 1),
    "random_forest": (Forest, 9),
    "gradient_boosted_trees": (Boosted, 9),
}


def rows(n: int, seed: int = 0) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """Columns of very different scale, two of which tell the class, with noise."""
    random = np.random.default_rng(seed)
    plain = random.normal(size=(n, 5))
    labels = (plain[:, 0] - plain[:, 1] + random.logistic(size=n) / 4 > 0.2).astype(np.int8)
    return plain * [1.0, 1000.0, 0.01, 1.0, 1.0] + [0.0, 50.0, 0.0, 0.0, 3.0], labels


def values(estimator: Estimator) -> dict[str, object]:
    """Everything that the estimator computes with and says, bit by bit."""
    found = {field.name: getattr(estimator, field.name) for field in fields(estimator)}
    return {name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in found.items()}


@pytest.mark.parametrize("family", KINDS)
def test_a_fit_is_of_the_family_and_repeats_bit_for_bit(spark, fit, likes, family: str) -> None:
    """With the hyper-parameters of the model it is like; and unseen rows are predicted as scikit-learn's fit does."""
    features, labels = rows(600)
    like = likes[family]
    fitted = fit(features, labels, like=like, seed=11, learner=Spark())
    assert values(fitted) == values(fit(features, labels, like=like, seed=11, learner=Spark()))
    kind = fitted.loss if isinstance(fitted, Linear) else len(fitted.roots)
    assert KINDS[family] == (type(fitted), kind)
    assert like.parameters == fitted.parameters
    unseen, truth = rows(2000, seed=1)
    ours, other = (
        np.mean((Scorer(found).score(unseen) > 0.5) == truth)
        for found in (fitted, fit(features, labels, like=like, seed=11))
    )
    assert ours == pytest.approx(other, abs=0.03)
    assert ours > 0.85


def test_hyper_parameters_reach_spark(spark, fit, likes) -> None:
    """Depth, the least rows of a leaf, the learning rate, the penalty and the number of steps."""
    features, labels = rows(800)

    def fitted(family: str, **changed: float) -> Estimator:
        like = likes[family]
        found: Estimator = fit(
            features, labels, like=replace(like, parameters=like.parameters | changed), seed=1, learner=Spark()
        )
        return found

    plain = {family: fitted(family) for family in ("decision_tree", "gradient_boosted_trees", "logistic_regression")}
    stump = fitted("decision_tree", max_depth=1)
    assert isinstance(stump, Forest)
    assert 3 == len(stump.feature)
    leaves = fitted("decision_tree", min_instances=100)
    assert isinstance(leaves, Forest)
    assert 100 <= leaves.votes[leaves.feature < 0].sum(axis=1).min()
    deep = fitted("gradient_boosted_trees", max_depth=7, trees=2)  # deeper than training would ever make one
    assert isinstance(deep, Boosted)
    assert len(deep.feature) > 2 * (2**6 - 1)
    for family, changed in (
        ("gradient_boosted_trees", {"step_size": 0.1}),
        ("logistic_regression", {"reg_param": 0.5}),
        ("logistic_regression", {"max_iter": 2}),
    ):
        assert values(plain[family]) != values(fitted(family, **changed)) | {"parameters": plain[family].parameters}


def test_the_seed_decides(spark, fit, likes) -> None:
    """Another seed gives another forest."""
    features, labels = rows(400)
    one, other = (fit(features, labels, like=likes["random_forest"], seed=s, learner=Spark()) for s in (1, 2))
    assert values(one) != values(other)


def test_many_rows_are_worked_on_in_two_parts(spark, start, likes, monkeypatch) -> None:
    """The model says so, and every row is in one of them, in its order."""
    from static_model.training import refit, settings

    monkeypatch.setattr(settings, "ONE_PART", 100)
    features, labels = rows(301)
    frame = refit._frame(spark, features, labels)
    assert 2 == frame.rdd.getNumPartitions()
    np.testing.assert_array_equal(features, [row[0].toArray() for row in frame.collect()])
    fitted = Spark().fit(
        Training(features, labels, pytest.fail), like=start(likes["decision_tree"], features.shape[1]), seed=1
    )
    assert {"engine": "spark", "partitions": 2} == fitted.info


def test_refitted_features_are_those_of_scikit_learns_fit(spark, start, likes) -> None:
    """Both learners fit the steps alike, so that they differ by the engine only."""
    features, labels = rows(300)
    batch = pa.record_batch(
        {f"c{place}": pa.array(column, mask=np.arange(300) % 5 == place) for place, column in enumerate(features.T)}
    )
    like = replace(start(likes["decision_tree"], 5), steps=tuple(Numeric(f"c{place}", fill=-1e9) for place in range(5)))
    asked = Training(features, labels, lambda: batch)
    by_spark, by_sklearn = (kind(refit_features=True).fit(asked, like=like, seed=1) for kind in (Spark, ScikitLearn))
    assert by_sklearn.steps == by_spark.steps
    assert like.steps != by_spark.steps


def test_a_twin_that_disagrees_is_no_fit(spark, fit, likes, monkeypatch) -> None:
    """Spark scores the rows, too, and the first difference ends it."""
    from static_model.training import refit

    features, labels = rows(300)
    read = refit.read_pipeline

    def shifted(place):
        found = read(place)
        return found._replace(estimator=replace(found.estimator, intercept=found.estimator.intercept + 1e-3))

    monkeypatch.setattr(refit, "read_pipeline", shifted)
    message = (
        "Spark and the portable twin of what it fitted disagree on 300 of 300 rows of the fit (logistic_regression)"
    )
    with pytest.raises(ModelError, match=re.escape(message)):
        fit(features, labels, like=likes["logistic_regression"], seed=1, learner=Spark())


def test_what_specifies_it_is_small(spark) -> None:
    """Its kind, and whether features are fitted; it asks for a Spark that is there already."""
    assert {"kind": "spark", "refit_features": False} == Spark().model_dump(mode="json")
    assert (True, False) == (Spark.needs_spark, ScikitLearn.needs_spark)
