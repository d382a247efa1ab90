"""Real pipelines of every algorithm and feature stage, saved by the real Spark, score the same without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from static_model.batch import scores_of
from static_model.mllib import read_pipeline
from static_model.scorer import Scorer, featurise
from static_model.validity import check_estimator

pytestmark = pytest.mark.spark

ROWS, FITTED = 50_000, 3_000
NUMBERS = ["gappy", "whole", "epoch", "steps", "huge", "tiny"]


@pytest.fixture(scope="module")
def records() -> pa.RecordBatch:
    """Nulls, words that the fit never saw, values exactly at thresholds, epoch seconds, huge and tiny numbers."""
    random = np.random.default_rng(11)
    gappy = random.normal(size=ROWS)
    whole = random.integers(0, 100, ROWS)
    epoch = 1_604_021_056 + random.integers(0, 600, ROWS)
    steps = random.integers(0, 40, ROWS) / 8
    huge = random.normal(size=ROWS) * 10.0 ** random.integers(0, 100, ROWS)
    tiny = random.normal(size=ROWS) * 10.0 ** -random.integers(0, 100, ROWS).astype(float)
    word = random.choice(["apache2", "atop", "Ünï", "", "nan", "null", "a=b,c"], ROWS).astype(object)
    label = (gappy + (whole > 50) + (steps > 2) - (word == "atop") + random.normal(size=ROWS) > 1.0).astype(float)
    word[:FITTED][word[:FITTED] == ""] = "atop"  # Spark can't name a feature after it
    word[FITTED:][random.random(ROWS - FITTED) < 0.1] = "never seen before"
    holes = random.random((2, ROWS)) < 0.1
    columns = {
        "gappy": pa.array(gappy, mask=holes[0]),
        "whole": pa.array(whole, mask=holes[1]),
        "epoch": pa.array(epoch),
        "steps": pa.array(steps),
        "huge": pa.array(huge),
        "tiny": pa.array(tiny),
        "word": pa.array(word.tolist(), pa.string()),
        "hole": pa.array([None if i % 7 == 0 else w for i, w in enumerate(word.tolist())], pa.string()),
        "label": pa.array(label),
    }
    return pa.RecordBatch.from_pydict(columns)


@pytest.fixture(scope="module")
def frame(spark, records: pa.RecordBatch):
    return spark.createDataFrame(pa.Table.from_batches([records])).cache()


def stages_of(encoding: str) -> list:
    """Feature stages from the columns to the vector `f`."""
    from pyspark.ml import feature as spark

    filled = [f"{name}_filled" for name in NUMBERS[:2]]
    stages = [spark.Imputer(inputCols=NUMBERS[:2], outputCols=filled, strategy="median")]
    if encoding in ("one-hot", "index"):
        stages.append(spark.StringIndexer(inputCols=["word", "hole"], outputCols=["w", "h"], handleInvalid="keep"))
    if encoding == "one-hot":
        stages.append(spark.OneHotEncoder(inputCols=["w", "h"], outputCols=["w1", "h1"]))
    if encoding == "hashed":
        stages.append(spark.FeatureHasher(inputCols=["word", "hole"], outputCol="hashed", numFeatures=32))
    if encoding == "n-grams":
        stages += [
            spark.RegexTokenizer(inputCol="word", outputCol="chars", pattern=".", gaps=False),
            spark.NGram(inputCol="chars", outputCol="grams", n=3),
            spark.HashingTF(inputCol="grams", outputCol="counts", numFeatures=64),
        ]
    made = {"one-hot": ["w1", "h1"], "index": ["w", "h"], "hashed": ["hashed"], "n-grams": ["counts"], "numbers": []}
    return [*stages, spark.VectorAssembler(inputCols=[*filled, *NUMBERS[2:], *made[encoding]], outputCol="f")]


SCALERS = ["StandardScaler", "RobustScaler", "MaxAbsScaler", "MinMaxScaler"]


@pytest.mark.parametrize("name", SCALERS)
def test_scaled_features_are_sparks_to_the_last_bit(frame, records, tmp_path: Path, name: str) -> None:
    """A tree on scaled features compares the very numbers that Spark compares, constant ones included."""
    from pyspark.ml import Pipeline
    from pyspark.ml import feature as spark
    from pyspark.ml.functions import vector_to_array

    options = {"StandardScaler": {"withMean": True}, "RobustScaler": {"withCentering": True}}.get(name, {})
    scaler = getattr(spark, name)(inputCol="f", outputCol="s", **options)
    tree = classifier_of("decision_tree").setFeaturesCol("s")
    training = frame.limit(FITTED).coalesce(1)
    model = Pipeline(stages=[*stages_of("one-hot"), scaler, tree]).fit(training)
    model.save(f"file://{tmp_path / 'saved'}")
    scored = model.transform(frame)
    steps, estimator, _ = read_pipeline(tmp_path / "saved")
    features = featurise(steps, records)
    expected = np.stack(scored.select(vector_to_array("s").alias("s")).toArrow()["s"].to_numpy())
    np.testing.assert_array_equal(features, expected)
    np.testing.assert_array_equal(Scorer(estimator).score(features), scores_of(scored))


def classifier_of(algorithm: str):
    from pyspark.ml import classification as spark

    own = {"featuresCol": "f", "labelCol": "label"}
    return {
        "logistic_regression": lambda: spark.LogisticRegression(**own, maxIter=20, family="binomial"),
        "linear_svc": lambda: spark.LinearSVC(**own, maxIter=20),
        "decision_tree": lambda: spark.DecisionTreeClassifier(**own, maxDepth=8),
        "random_forest": lambda: spark.RandomForestClassifier(**own, numTrees=10, maxDepth=8, seed=1),
        "gradient_boosted_trees": lambda: spark.GBTClassifier(**own, maxIter=8, maxDepth=4, seed=1),
    }[algorithm]()


ALL = ["logistic_regression", "linear_svc", "decision_tree", "random_forest", "gradient_boosted_trees"]
CASES = [
    *((algorithm, "one-hot") for algorithm in ALL),
    *((algorithm, "index") for algorithm in ("random_forest", "gradient_boosted_trees", "logistic_regression")),
    *((algorithm, encoding) for encoding in ("hashed", "n-grams") for algorithm in ("random_forest", "linear_svc")),
]
EXACT = ("decision_tree", "random_forest")


@pytest.mark.parametrize(("algorithm", "encoding"), CASES)
def test_spark_and_the_twin_agree(frame, records, tmp_path: Path, algorithm: str, encoding: str) -> None:
    """On 50,000 rows predictions are identical, and scores too for forests; within 1e-6 where sums have an order."""
    from pyspark.ml import Pipeline

    training = frame.limit(FITTED).coalesce(1)
    model = Pipeline(stages=[*stages_of(encoding), classifier_of(algorithm)]).fit(training)
    model.save(f"file://{tmp_path / 'saved'}")
    scored = model.transform(frame)
    expected = scores_of(scored)
    predicted = scored.select("prediction").toArrow()["prediction"].to_numpy()
    steps, estimator, threshold = read_pipeline(tmp_path / "saved")
    check_estimator(estimator, steps)
    actual = Scorer(estimator).score(featurise(steps, records))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=0 if algorithm in EXACT else 1e-6)
    np.testing.assert_array_equal(actual > threshold, predicted == 1)
    assert 0.02 < predicted.mean() < 0.98
