"""Real classifiers and regressors, saved by the real Spark, score the same without it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.spark

NUMBERS = ["gappy", "whole", "epoch", "steps", "huge", "tiny"]
OWN = {"featuresCol": "f", "labelCol": "label"}


def stages_of(encoding: str, numbers: list[str] = NUMBERS) -> list[Any]:
    """Feature stages from the columns to the vector `f`."""
    from pyspark.ml import feature as spark

    filled = [f"{name}_filled" for name in numbers[:2]]
    stages: list[Any] = [spark.Imputer(inputCols=numbers[:2], outputCols=filled, strategy="median")]
    if encoding in ("one-hot", "index"):
        stages.append(spark.StringIndexer(inputCols=["word", "hole"], outputCols=["w", "h"], handleInvalid="keep"))
    if encoding == "one-hot":
        stages.append(spark.OneHotEncoder(inputCols=["w", "h"], outputCols=["w1", "h1"]))
    if encoding == "n-grams":
        stages += [
            spark.RegexTokenizer(inputCol="word", outputCol="chars", pattern=".", gaps=False),
            spark.NGram(inputCol="chars", outputCol="grams", n=3),
            spark.HashingTF(inputCol="grams", outputCol="counts", numFeatures=64),
        ]
    made = {"one-hot": ["w1", "h1"], "index": ["w", "h"], "n-grams": ["counts"]}
    return [*stages, spark.VectorAssembler(inputCols=[*filled, *numbers[2:], *made[encoding]], outputCol="f")]


def scaled_stages() -> list[Any]:
    """Words and numbers, all of one size: what sums of huge numbers would hide shows here."""
    from pyspark.ml import feature as spark

    scaler = spark.StandardScaler(inputCol="a", outputCol="f", withMean=True)
    *before, assembler = stages_of("one-hot", NUMBERS[:4])
    return [*before, assembler.setOutputCol("a"), scaler]


MAKERS: dict[str, Callable[[], list[Any]]] = {
    "one-hot": lambda: stages_of("one-hot"),
    "index": lambda: stages_of("index"),
    "n-grams": lambda: stages_of("n-grams"),
    "counts": lambda: stages_of("one-hot", ["whole", "steps"]),
    "scaled": scaled_stages,
}


@pytest.fixture(scope="module")
def fitted(training: Any) -> Callable[[str], list[Any]]:
    """Feature stages by name, each fitted once: they are the same for every algorithm."""
    from pyspark.ml import Pipeline

    return cache(lambda name: Pipeline(stages=MAKERS[name]()).fit(training).stages)


def classifier_of(algorithm: str, **options: Any) -> Any:
    from pyspark.ml import classification as spark

    thresholds = options.pop("thresholds", None)
    own = OWN | options
    made = {
        "logistic_regression": lambda: spark.LogisticRegression(**{"maxIter": 20, "family": "binomial"} | own),
        "multinomial": lambda: spark.LogisticRegression(**own, maxIter=20, family="multinomial"),
        "linear_svc": lambda: spark.LinearSVC(**own, maxIter=20),
        "decision_tree": lambda: spark.DecisionTreeClassifier(**own, maxDepth=8),
        "random_forest": lambda: spark.RandomForestClassifier(**own, numTrees=10, maxDepth=8, seed=1),
        "gradient_boosted_trees": lambda: spark.GBTClassifier(**own, maxIter=8, maxDepth=4, seed=1),
        "gaussian": lambda: spark.NaiveBayes(**own, modelType="gaussian"),
        "perceptron": lambda: spark.MultilayerPerceptronClassifier(**own, maxIter=20, seed=1, layers=[16, 5, 3, 2]),
    }[algorithm]()
    return made if thresholds is None else made.setThresholds(thresholds)


ALL = ["logistic_regression", "linear_svc", "decision_tree", "random_forest", "gradient_boosted_trees"]
CASES = [
    *((algorithm, "one-hot") for algorithm in ALL),
    *((algorithm, "index") for algorithm in ("random_forest", "gradient_boosted_trees", "logistic_regression")),
    ("random_forest", "n-grams"),
    ("multinomial", "one-hot"),
]
EXACT = ("decision_tree", "random_forest")


@pytest.mark.parametrize(("algorithm", "encoding"), CASES)
def test_spark_and_the_twin_agree(compare, fitted, algorithm: str, encoding: str) -> None:
    """On 50,000 rows predictions are identical, and scores too for forests; within 1e-6 where sums have an order."""
    found = compare([*fitted(encoding), classifier_of(algorithm)])
    found.agree(atol=0 if algorithm in EXACT else 1e-6)
    assert () == found.pipeline.notes


@pytest.mark.parametrize("algorithm", ["gaussian", "perceptron"])
def test_gaussian_bayes_and_perceptrons_agree(compare, fitted, algorithm: str) -> None:
    """They have kinds of their own; features are of one size, as such models want them."""
    compare([*fitted("scaled"), classifier_of(algorithm)]).agree(atol=1e-6)


@pytest.mark.parametrize("kind", ["multinomial", "complement"])
def test_naive_bayes_of_counts_agrees(compare, fitted, kind: str) -> None:
    """It is linear in the counts; that Spark fails on a negative one is noted."""
    from pyspark.ml import classification as spark

    bayes = spark.NaiveBayes(**OWN, modelType=kind, smoothing=0.5)
    found = compare([*fitted("counts"), bayes])
    found.agree(atol=1e-6)
    assert 1 == len(found.pipeline.notes)
    assert (
        "Spark fails on a record with a feature that is negative in NaiveBayesModel (stage 5)"
        in found.pipeline.notes[0]
    )


def test_naive_bayes_of_zeros_and_ones_agrees(compare, fitted) -> None:
    """Absent features count too; one-hot features can't be anything that Spark fails on, so nothing is noted."""
    from pyspark.ml import classification as spark
    from pyspark.ml import feature

    *before, _ = fitted("counts")
    assembler = feature.VectorAssembler(inputCols=["w1", "h1"], outputCol="f")
    found = compare([*before, assembler, spark.NaiveBayes(**OWN, modelType="bernoulli", thresholds=[0.6, 0.4])])
    found.agree(atol=1e-6)
    assert () == found.pipeline.notes


REGRESSORS = ["linear", "huber", "gaussian", "binomial", "tree", "forest", "boosted"]


@pytest.mark.parametrize("kind", REGRESSORS)
def test_regressors_of_the_label_agree(compare, fitted, kind: str) -> None:
    """The score is what they predict, and more than a half is positive."""
    from pyspark.ml import regression as spark

    regressor = {
        "linear": lambda: spark.LinearRegression(**OWN, regParam=0.01, elasticNetParam=0.5, maxIter=20),
        "huber": lambda: spark.LinearRegression(**OWN, loss="huber", maxIter=20),
        "gaussian": lambda: spark.GeneralizedLinearRegression(**OWN),
        "binomial": lambda: spark.GeneralizedLinearRegression(**OWN, family="binomial", maxIter=20, regParam=0.01),
        "tree": lambda: spark.DecisionTreeRegressor(**OWN, maxDepth=7),
        "forest": lambda: spark.RandomForestRegressor(**OWN, numTrees=9, maxDepth=7, seed=1),
        "boosted": lambda: spark.GBTRegressor(**OWN, maxIter=8, maxDepth=4, seed=1),
    }[kind]()
    trees = kind in ("tree", "forest", "boosted")
    found = compare([*fitted("index" if trees else "scaled"), regressor])
    found.agree(atol=0 if kind in ("tree", "forest") else 1e-6)


@pytest.mark.parametrize(
    ("algorithm", "options"),
    [
        ("logistic_regression", {"thresholds": [0.3, 0.6]}),
        ("logistic_regression", {"threshold": 0.7}),
        ("multinomial", {"thresholds": [0.7, 0.2]}),
        ("multinomial", {"threshold": 0.8}),
        ("linear_svc", {"threshold": 0.3}),
        ("decision_tree", {"thresholds": [0.7, 0.3]}),
        ("random_forest", {"thresholds": [0.6, 0.3]}),
        ("gradient_boosted_trees", {"thresholds": [0.3, 0.5]}),
        ("gaussian", {"thresholds": [0.2, 0.7]}),
        ("perceptron", {"thresholds": [0.4, 0.5]}),
    ],
)
def test_thresholds_of_every_classifier_are_kept(compare, fitted, algorithm: str, options: dict[str, Any]) -> None:
    """Spark says a threshold in three ways, and a multinomial logistic regression ignores one of them."""
    found = compare([*fitted("scaled"), classifier_of(algorithm, **options)])
    found.agree(atol=0 if algorithm in EXACT else 1e-6)
    moved = np.mean((found.expected > 0.5) != found.predicted)
    assert (moved > 0.001) == (options != {"threshold": 0.8})
