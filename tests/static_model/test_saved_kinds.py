"""Every kind of step and estimator is saved, loaded, checked and scored; what older versions saved keeps its bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from producer.dataset import parse_dataset
from producer.errors import ModelError
from static_model.artifact import Model, load_model, model_digest, save_model
from static_model.estimators import Boosted, Estimator, Forest, GaussianBayes, Linear, Perceptron
from static_model.features import featurise
from static_model.scorer import Scorer
from static_model.steps import (
    Hashed,
    Index,
    Membership,
    NGrams,
    Numeric,
    OneHot,
    Picked,
    Scaled,
    Step,
    WordVectors,
    features_width,
    picked,
    scaled,
)
from static_model.tokenizing import Tokens

CONTRACT = """
format = 1
name = "t"
label = { positive = ["1"], negative = ["0"] }
columns = [{ name = "w", type = "string" }, { name = "x", type = "float" }, { name = "y", type = "label" }]
"""
DATASET = parse_dataset(CONTRACT, "t")
TOKENS = Tokens("[.-]", gaps=True, lowercase=False, least=2)
VECTORS = WordVectors("w", TOKENS, ("ab", "cd"), ((0.5, 1.0), (-0.25, 1e-300)))
STEPS: tuple[Step, ...] = (
    Numeric("x", 1.5, -1.0),
    OneHot("w", ("ab", "cd"), 4),
    Hashed(("w", "x"), 4),
    NGrams("w", 2, 4, TOKENS, binary=True),
    VECTORS,
    Picked(Hashed(("w",), 64), (63, 0, 7)),
    Scaled(Picked(OneHot("w", ("ab",), 1), (0,)), (("multiply", (2.0,)),)),
)
WIDTH = features_width(STEPS)
NODES = {
    "feature": np.array([0, -1, -1], np.int32),
    "threshold": np.array([0.5, 0.0, 0.0]),
    "left": np.array([1, -1, -1], np.int32),
    "right": np.array([2, -1, -1], np.int32),
    "roots": np.zeros(1, np.int32),
}
BOOSTED = Boosted(**NODES, values=np.array([0.0, 0.25, 0.75]), weights=np.ones(1), compares="float64", parameters={})
random = np.random.default_rng(5)
GAUSSIAN = GaussianBayes(
    random.normal(size=(2, WIDTH)), random.uniform(0.1, 2, (2, WIDTH)), np.log([0.25, 0.75]), {"a": 1}
)
PERCEPTRON = Perceptron((WIDTH, 3, 2), random.normal(size=(WIDTH + 1) * 3 + 8), {"max_iter": 9})
ESTIMATORS: tuple[Estimator, ...] = (
    replace(BOOSTED, output="sum"),
    replace(BOOSTED, output="mean"),
    Linear(random.normal(size=WIDTH), 0.5, {"smoothing": 1.0}, loss="bayes"),
    Linear(random.normal(size=WIDTH), 0.5, {}, loss="squared"),
    GAUSSIAN,
    PERCEPTRON,
)
RECORDS = pa.RecordBatch.from_pydict(
    {"w": ["ab.cd", "cd", None, "", "ab-ab-zz"], "x": pa.array([-1.0, None, 2.0, 1e300, 0.25])}
)


def model_of(estimator: Estimator, steps: tuple[Step, ...] = STEPS) -> Model:
    return Model(DATASET, steps, estimator, 0.5, 0, 0, {})


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_model_of_every_kind_comes_back(tmp_path: Path, estimator: Estimator) -> None:
    """Steps, scores and digest are the same after saving and loading."""
    digest = save_model(model_of(estimator), tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert STEPS == loaded.steps
    assert digest == model_digest(loaded) == save_model(loaded, tmp_path / "again")
    assert type(estimator) is type(loaded.estimator)
    features = featurise(loaded.steps, RECORDS)
    expected, actual = Scorer(estimator).score(features), Scorer(loaded.estimator).score(features)
    np.testing.assert_array_equal(expected, actual)
    assert 1 < len(set(expected.tolist()))


OLD_STEPS: tuple[Step, ...] = (
    Numeric("x"),
    Numeric("x", 1.5),
    OneHot("w", ("a", "b"), 2),
    Index("w", ("b",)),
    Membership("w", ("a",), ((1,),)),
    Hashed(("w",), 4),
    NGrams("w", 1, 4),
    Scaled(Numeric("x"), (("divide", (2.0,)),)),
)
VOTES = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    ("estimator", "digest"),
    [
        (
            Forest(**NODES, votes=VOTES, compares="float64", parameters={"trees": 1}),
            "69e568db447b79cff10d537ac2d4499fa668ec43d8170b910e845d2f165479e4",
        ),
        (
            Boosted(
                **NODES,
                values=NODES["threshold"],
                weights=np.ones(1),
                compares="float32",
                parameters={"step_size": 0.1},
            ),
            "1e9661a3dc396cba34a5c1583920ee732f2fa40648543d88df0023ec061251ed",
        ),
        (
            Linear(np.arange(15.0), 0.5, {"reg_param": 0.1}),
            "46d886a805906426d0274b86f12fa015f2d670ab39b3c7ca4808f72211ead30a",
        ),
        (
            Linear(np.arange(15.0), 0.5, {}, "hinge"),
            "eee0ab6368f95d7ff8e4a12e4109b0a7bb9318ad71e9e6f14bc8513eb372e382",
        ),
    ],
)
def test_models_of_earlier_kinds_keep_their_bytes(estimator: Estimator, digest: str) -> None:
    """What was added to steps and estimators since is left out of model.json where it isn't used."""
    assert digest == model_digest(model_of(estimator, OLD_STEPS))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_score_depends_on_its_own_record_only(estimator: Estimator) -> None:
    """One by one, in any batch, in any order: the same bits."""
    features = np.random.default_rng(1).normal(size=(77, WIDTH)) * 10
    scorer = Scorer(estimator)
    whole = scorer.score(features)
    assert whole.tolist() == [scorer.score(row[None, :])[0] for row in features]
    assert whole[::-1].tolist() == scorer.score(features[::-1]).tolist()
    assert [] == scorer.score(features[:0]).tolist()


def test_features_of_each_record_are_its_own() -> None:
    """A slice of the batch has the slice of the features, whatever stands beside it."""
    whole = featurise(STEPS, RECORDS)
    for row in range(RECORDS.num_rows):
        np.testing.assert_array_equal(whole[row : row + 1], featurise(STEPS, RECORDS.slice(row, 1)))


def test_regressors_score_the_sum_or_the_mean_of_their_trees() -> None:
    """Not squeezed into 0 to 1, as they predict numbers."""
    twice = {name: np.concatenate([values, values + 3 * (name in ("left", "right"))]) for name, values in NODES.items()}
    twice["roots"] = np.array([0, 3], np.int32)
    trees = Boosted(
        **twice, values=np.array([0, 0.25, 0.75] * 2), weights=np.ones(2), compares="float64", parameters={}
    )
    features = np.array([[0.0], [1.0]])
    assert [0.5, 1.5] == Scorer(replace(trees, output="sum")).score(features).tolist()
    assert [0.25, 0.75] == Scorer(replace(trees, output="mean")).score(features).tolist()
    assert [-3.5, 6.5] == Scorer(Linear(np.full(1, 10.0), -3.5, {}, "squared")).score(features).tolist()


def test_gaussian_and_perceptron_scores_are_the_textbook_ones() -> None:
    """Against the densities of scipy, and against matrix products."""
    from scipy.stats import norm

    features = np.random.default_rng(2).normal(size=(20, WIDTH))
    logs = norm.logpdf(features[:, None, :], GAUSSIAN.means, np.sqrt(GAUSSIAN.variances)).sum(axis=2) + GAUSSIAN.priors
    expected = 1 / (1 + np.exp(logs[:, 0] - logs[:, 1]))
    np.testing.assert_allclose(Scorer(GAUSSIAN).score(features), expected, rtol=0, atol=1e-12)
    first, second = np.split(PERCEPTRON.weights, [(WIDTH + 1) * 3])
    hidden = 1 / (1 + np.exp(-(features @ first[: WIDTH * 3].reshape(WIDTH, 3) + first[WIDTH * 3 :])))
    outputs = hidden @ second[:6].reshape(3, 2) + second[6:]
    expected = 1 / (1 + np.exp(outputs[:, 0] - outputs[:, 1]))
    np.testing.assert_allclose(Scorer(PERCEPTRON).score(features), expected, rtol=0, atol=1e-12)


def test_picked_features_stand_in_the_order_asked_for() -> None:
    """The last of a block may come first."""
    whole = featurise([Hashed(("w", "x"), 8)], RECORDS)
    np.testing.assert_array_equal(
        whole[:, [6, 2, 1, 4]], featurise([Picked(Hashed(("w", "x"), 8), (6, 2, 1, 4))], RECORDS)
    )


def test_picking_is_pushed_below_scaling() -> None:
    """Picking out of what was picked and scaled leaves one pick and the picked operations."""
    step = scaled(picked(Hashed(("w",), 8), (7, 5, 1)), "multiply", (2.0, 3.0, 4.0))
    assert Scaled(Picked(Hashed(("w",), 8), (1, 7)), (("multiply", (4.0, 2.0)),)) == picked(step, (2, 0))
    assert step is picked(step, (0, 1, 2))


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (replace(GAUSSIAN, variances=np.zeros((2, WIDTH))), "'variances' holds a value that isn't above 0"),
        (
            replace(GAUSSIAN, means=np.ones((2, 1))),
            rf"the array 'means' is float64\[2, 1\], expected float64\[2, {WIDTH}\]",
        ),
        (replace(GAUSSIAN, priors=np.array([0.0, -np.inf])), "'priors' holds a value that isn't a finite number"),
        (replace(PERCEPTRON, layers=(WIDTH, 3, 3)), "layers are .*; they must be 2 to 64, begin with the"),
        (replace(PERCEPTRON, layers=(WIDTH - 1, 3, 2)), "layers are .*; they must be 2 to 64, begin with the"),
        (replace(PERCEPTRON, layers=(WIDTH, -3, 2)), "layers are .*; they must be 2 to 64, begin with the"),
        (replace(PERCEPTRON, layers=(WIDTH, *[3] * 63, 2)), "layers are .*; they must be 2 to 64, begin with the"),
        (replace(PERCEPTRON, weights=np.ones(3)), r"the array 'weights' is float64\[3\], expected"),
    ],
)
def test_an_estimator_that_makes_no_sense_is_refused(tmp_path: Path, estimator: Estimator, message: str) -> None:
    """Before anything is computed with it or written."""
    with pytest.raises(ModelError, match=message):
        save_model(model_of(estimator), tmp_path / "model")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Numeric("x", None, -1.0), "takes a number for missing that isn't finite, or that it doesn't fill"),
        (Numeric("x", 0.0, float("inf")), "takes a number for missing that isn't finite, or that it doesn't fill"),
        (
            OneHot("w", ("a",), 4),
            "has 1 labels and a width of 4; the width must be from 1 to the number of labels and 2",
        ),
        (Hashed(("w",), 4, ("x",)), "takes words from 'x', which it doesn't read"),
        (Hashed(("x",), 4, ("x",)), "reads the column 'x' as int or string, but the model's contract says float"),
        (NGrams("w", 1, 4, Tokens("(a)")), "NGrams step of 'w' cuts texts by the pattern"),
        (replace(VECTORS, words=("ab", "ab")), "must have some words, each once and with a vector"),
        (replace(VECTORS, vectors=((1.0,), (1.0, 2.0))), "must have vectors of the same length, of finite numbers"),
        (replace(VECTORS, vectors=((1.0,), (float("nan"),))), "must have vectors of the same length, of finite"),
        (Picked(Hashed(("w",), 4), (4,)), "Picked step of 'w' must pick some of its 4 features, each once"),
        (Picked(Hashed(("w",), 4), (1, 1)), "must pick some of its 4 features, each once"),
        (Picked(Hashed(("w",), 0), (0,)), "Picked step of 'w' must have sizes from 1"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(tmp_path: Path, step: Any, message: str) -> None:
    """By the step's name, and before anything is written."""
    linear = Linear(np.zeros(step.width), 0.0, {})
    with pytest.raises(ModelError, match=message):
        save_model(model_of(linear, (step,)), tmp_path / "model")
    assert [] == list(tmp_path.iterdir())


def test_what_is_new_in_a_step_is_written(tmp_path: Path) -> None:
    """A reader of model.json sees how texts are cut, which features were picked, and what the output is."""
    save_model(model_of(replace(BOOSTED, output="mean")), tmp_path / "model")
    saved = json.loads((tmp_path / "model" / "model.json").read_text())
    cut = {"pattern": "[.-]", "gaps": True, "lowercase": False, "least": 2}
    assert (cut, True) == (saved["steps"][3]["tokens"], saved["steps"][3]["binary"])
    assert ("picked", [63, 0, 7]) == (saved["steps"][5]["kind"], saved["steps"][5]["features"])
    assert "mean" == saved["estimator"]["output"]
