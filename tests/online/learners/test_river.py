"""River's models by record: what river itself would say, and nothing learned by being asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from river import forest, linear_model, optim, preprocessing, tree

from online.interfaces import RecordLearner, RunningLearner
from online.learners.river import River

Floats = npt.NDArray[np.float64]
BY_HAND: dict[str, Callable[[int], Any]] = {
    "logistic-regression": lambda seed: preprocessing.StandardScaler() | linear_model.LogisticRegression(),
    "hoeffding-adaptive-tree": lambda seed: tree.HoeffdingAdaptiveTreeClassifier(seed=seed),
    "adaptive-random-forest": lambda seed: forest.ARFClassifier(seed=seed),
}
MODELS = list(BY_HAND)
RANDOM = MODELS[1:]


def rows(n: int) -> tuple[Floats, list[int]]:
    """Three columns of very different scale; half-way through, the rule is turned round, so that trees are replaced."""
    random = np.random.default_rng(5)
    plain = random.normal(size=(n, 3))
    labels = (plain[:, 0] + plain[:, 1] > 0) ^ (np.arange(n) >= n // 2)
    return plain * [1.0, 100.0, 0.01] + [5.0, 0.0, 0.0], labels.astype(int).tolist()


def scores(learner: RunningLearner, features: Floats, labels: list[int], *, asked: int = 1) -> list[float]:
    """Each record's score before it is learned, the last one where it is asked for several times."""
    found = []
    for row, label in zip(features, labels, strict=True):
        found.append([learner.score(row) for _ in range(asked)][-1])
        learner.learn(row, label)
    return found


@pytest.fixture
def begin(start, likes) -> Callable[..., RunningLearner]:
    """A fresh learner for a model of three columns."""

    def call(model: str, *, seed: int = 7, **fields: Any) -> RunningLearner:
        learner: RecordLearner = River.model_validate({"model": model, **fields})
        return learner.begin(like=start(likes["random_forest"], 3), seed=seed)

    return call


SIZES = {"logistic-regression": 2000, "hoeffding-adaptive-tree": 3000, "adaptive-random-forest": 1200}


@pytest.mark.parametrize("model", MODELS)
def test_scores_are_those_of_river_by_hand(begin, model: str) -> None:
    """Predict, then learn, record by record, over a change of the rule: every score is river's own."""
    features, labels = rows(SIZES[model])
    by_hand, expected = BY_HAND[model](7), []
    for row, label in zip(features.tolist(), labels, strict=True):
        x = dict(enumerate(row))
        found = by_hand.predict_proba_one(x) if expected else {}
        expected.append(found.get(True, 0.0) if found else 0.5)
        by_hand.learn_one(x, label == 1)
    actual = scores(begin(model), features, labels)
    assert expected == actual
    tail = slice(len(labels) // 4, len(labels) // 2)
    assert np.mean((np.array(actual[tail]) > 0.5) == np.array(labels[tail])) > 0.8


@pytest.mark.parametrize("model", MODELS)
def test_asking_for_a_score_changes_nothing(begin, model: str) -> None:
    """A record that is scored three times, or not at all, before it is learned leaves the same model behind."""
    features, labels = rows(SIZES[model] // 2)
    once, thrice, never = begin(model), begin(model), begin(model)
    assert scores(once, features, labels) == scores(thrice, features, labels, asked=3)
    for row, label in zip(features, labels, strict=True):
        never.learn(row, label)
    fresh = rows(3000)[0][-50:]
    assert [once.score(row) for row in fresh] == [never.score(row) for row in fresh]


def test_a_forest_is_sized_by_the_first_record_that_it_learns(begin) -> None:
    """Not by one that was only scored, and lacked a number."""
    features, labels = rows(300)
    lacking = np.array([1.0, np.nan, np.nan])
    plain, asked = begin("adaptive-random-forest"), begin("adaptive-random-forest")
    assert 0.5 == asked.score(lacking)
    assert scores(plain, features, labels) == scores(asked, features, labels)


@pytest.mark.parametrize("model", RANDOM)
def test_the_seed_decides(begin, model: str) -> None:
    """Equal seeds give equal scores, other seeds others."""
    features, labels = rows(SIZES[model] // 2)
    first = scores(begin(model, seed=1), features, labels)
    assert first == scores(begin(model, seed=1), features, labels)
    assert first != scores(begin(model, seed=2), features, labels)


@pytest.mark.parametrize("model", MODELS)
def test_before_it_has_learned_it_takes_no_side(begin, model: str) -> None:
    """And after records of one class only it knows of that class alone."""
    features, _ = rows(60)
    learner = begin(model)
    assert 0.5 == learner.score(features[0])
    for row in features:
        learner.learn(row, 0)
    assert 0.0 <= learner.score(features[0]) < 0.5


@pytest.mark.parametrize("model", MODELS)
def test_a_missing_number_does_no_lasting_harm(begin, model: str) -> None:
    """It's left out, so that what was learned of the others, and what comes later, still counts."""
    features, labels = rows(3000)
    features, labels = features[:1400].copy(), labels[:1400]
    features[::7, 2] = np.nan
    found = np.array(scores(begin(model), features, labels))
    assert np.isfinite(found).all()
    assert np.mean((found[700:] > 0.5) == np.array(labels[700:])) > 0.8


def test_what_is_named_is_used(begin) -> None:
    """The rate of the descent and the number of trees are those asked for; the rest is river's."""
    features, labels = rows(300)
    expected = []
    by_hand = preprocessing.StandardScaler() | linear_model.LogisticRegression(optimizer=optim.SGD(0.5))
    for row, label in zip(features.tolist(), labels, strict=True):
        expected.append(by_hand.predict_proba_one(dict(enumerate(row)))[True])
        by_hand.learn_one(dict(enumerate(row)), label == 1)
    assert expected == scores(begin("logistic-regression", learning_rate=0.5), features, labels)
    small = begin("adaptive-random-forest", trees=3)
    small.learn(features[0], 1)
    assert 3 == len(small.classifier)


def test_a_specification_is_saved_in_full() -> None:
    """Model first, defaults resolved, so that equal values are equal learners; it can be read again."""
    expected = {
        "model": "adaptive-random-forest",
        "warm_up": True,
        "learning_rate": 0.01,
        "trees": 3,
        "kind": "river",
    }
    learner = River(model="adaptive-random-forest", trees=3)
    assert expected == learner.model_dump(mode="json")
    assert learner == River.model_validate(expected)
    assert ("record", False) == (River.by, River.needs_spark)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "naive-bayes"}, "Input should be 'logistic-regression', 'hoeffding-adaptive-tree' or 'adaptive-"),
        ({"model": "logistic-regression", "trees": 5}, "trees is of model=adaptive-random-forest, and does nothing"),
        ({"model": "hoeffding-adaptive-tree", "learning_rate": 1}, "does nothing in model=hoeffding-adaptive-tree"),
        ({"model": "logistic-regression", "learning_rate": 0}, "Input should be greater than 0"),
        ({"model": "logistic-regression", "tree": 5}, "Extra inputs are not permitted"),
    ],
)
def test_what_does_nothing_is_refused(fields: dict[str, Any], message: str) -> None:
    """An unknown model or parameter, one of another model, and a number that makes no sense."""
    with pytest.raises(ValidationError, match=re.escape(message)):
        River.model_validate(fields)
