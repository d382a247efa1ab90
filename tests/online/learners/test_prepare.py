"""What an estimator is fitted on: the features that are there or new ones, and numbers that nobody fills."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from online.interfaces import Training
from online.learners.batch import ScikitLearn
from producer.dataset import Column, Dataset, Label
from producer.errors import ModelError
from static_model.artifact import Model
from static_model.estimators import Estimator
from static_model.features import featurise
from static_model.scorer import Scorer
from static_model.steps import Numeric, OneHot

FAMILIES = ["logistic_regression", "linear_svc", "decision_tree", "random_forest", "gradient_boosted_trees"]
STEPS = (Numeric("n", fill=100.0), OneHot("w", ("old",), 1))
DATASET = Dataset(
    name="words",
    label=Label(positive=("1",), negative=("0",)),
    columns=(Column(name="n", type="float"), Column(name="w", type="string"), Column(name="y", type="label")),
)


@pytest.fixture
def words() -> Training:
    """Rows whose class follows from a word that the starting model's steps have never heard of."""
    random = np.random.default_rng(0)
    labels = (random.random(300) < 0.4).astype(np.int8)
    batch = pa.record_batch(
        {
            "n": pa.array(random.normal(size=300), mask=random.random(300) < 0.1),
            "w": np.where(labels == 1, "new", "old"),
        }
    )
    return Training(featurise(STEPS, batch), labels, lambda: batch)


@pytest.mark.parametrize("family", FAMILIES)
def test_new_words_are_learned_if_the_steps_are_fitted_anew(words, likes, family: str) -> None:
    """What is returned scores records by the new steps; without `refit_features` the steps stay."""
    like = Model(DATASET, STEPS, likes[family], 0.5, 0, 0, {})
    batch = words.records().slice(0, 50)
    there = np.sort(words.features[words.features[:, 0] != 100.0, 0])
    fitted = ScikitLearn(refit_features=True).fit(words, like=like, seed=1)
    assert (Numeric("n", there[(len(there) - 1) // 2]), OneHot("w", ("old", "new"), 2)) == fitted.steps
    scores = Scorer(fitted.estimator).score(featurise(fitted.steps, batch))
    np.testing.assert_array_equal(words.labels[:50] == 1, scores > 0.5)
    assert STEPS == ScikitLearn().fit(words, like=like, seed=1).steps


def test_what_specifies_it_is_small() -> None:
    """Its kind, and whether features are fitted."""
    assert {"kind": "scikit-learn", "refit_features": False} == ScikitLearn().model_dump(mode="json")


def gaps(n: int = 400) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """A number that is missing in a third of the rows, nearly all of them of class 1."""
    random = np.random.default_rng(3)
    gone = random.random(n) < 0.35
    labels = (gone ^ (random.random(n) < 0.02)).astype(np.int8)
    return np.column_stack([np.where(gone, np.nan, random.normal(size=n)), random.normal(size=n)]), labels


@pytest.mark.parametrize("family", FAMILIES[2:])
def test_trees_learn_what_a_missing_number_says(fit: Callable[..., Estimator], likes, family: str) -> None:
    """It goes right when it is scored, so the fit has it go right, too."""
    features, labels = gaps()
    fitted = fit(features, labels, like=likes[family], seed=2)
    assert np.mean((Scorer(fitted).score(features) > 0.5) == labels) > 0.95


@pytest.mark.parametrize("family", FAMILIES[:2])
def test_a_linear_model_says_which_number_it_lacks(fit, likes, family: str) -> None:
    """Instead of a failure deep in a library."""
    features, labels = gaps()
    gone = int(np.isnan(features).sum())
    message = (
        f"the model can't be retrained as {family}: 'c0' is missing in {gone} of 400 rows, and no step of the model "
        "fills it; save it with one that does, or compare with a model of trees"
    )
    with pytest.raises(ModelError, match=re.escape(message)):
        fit(features, labels, like=likes[family], seed=2)


def test_a_step_limit_that_is_reached_is_no_warning(fit, likes, recwarn) -> None:
    """It is the starting model's: it says when to stop, and a warning at each retraining would say nothing."""
    features, labels = gaps()
    for family in FAMILIES[:2]:
        like = replace(likes[family], parameters={"reg_param": 0.0, "max_iter": 1})
        fit(features[:, 1:], labels, like=like, seed=2)
    assert [] == [str(warning.message) for warning in recwarn]
