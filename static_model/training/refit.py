"""One estimator fitted by Spark on features that are there already, and read back as plain values."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession

from producer.errors import ModelError
from static_model.estimators import Estimator
from static_model.mllib import read_pipeline
from static_model.parity import apart, tolerance_of
from static_model.scorer import Scorer

from .algorithms import FEATURES, classifier
from .fitting import validate
from .rows import LABEL
from .settings import Algorithm, Settings, partitions_for

Floats = npt.NDArray[np.float64]


def fit_features(
    spark: SparkSession,
    features: Floats,
    labels: npt.NDArray[np.int8],
    *,
    like: Estimator,
    algorithm: Algorithm,
    seed: int,
) -> Estimator:
    """Spark's classifier of a family with the hyper-parameters of `like`, as its portable twin.

    The same rows in the same order, and the same seed, give the same estimator bit for bit: they are worked on in
    `partitions_for` parts of consecutive rows, however many cores there are.

    Args:
        spark: a running session.
        features: float64[n, d], without NaN.
        labels: int8[n], both classes among them.
        like: says the hyper-parameters that `algorithm` needs, by the names of a saved model; they are kept.
        algorithm: the family.
        seed: of a forest's bootstrap.

    Raises:
        ModelError: Spark and the twin score a row differently.
    """
    frame = _frame(spark, features, labels).persist()
    try:
        fitted = _unfitted(algorithm, like, seed=seed).fit(frame)
        _, scores = validate(fitted, frame)
    finally:
        frame.unpersist()
    twin = _twin(fitted, width=features.shape[1])
    wrong = apart(Scorer(twin).score(features), scores, tolerance_of(twin, features))
    if wrong.any():
        raise ModelError(
            f"Spark and the portable twin of what it fitted disagree on {wrong.sum():,} of {len(wrong):,} rows of the "
            f"fit ({algorithm}); please report it with the experiment's file and the model"
        )
    return replace(twin, parameters=dict(like.parameters))


def _frame(spark: SparkSession, features: Floats, labels: npt.NDArray[np.int8]) -> DataFrame:
    """The rows in their order, in `partitions_for` parts: each batch of the table becomes one."""
    rows, width = features.shape
    parts = partitions_for(rows)
    batches = [
        pa.record_batch(
            {
                FEATURES: pa.ListArray.from_arrays(
                    np.arange(0, (end - first) * width + 1, width, dtype=np.int32), features[first:end].ravel()
                ),
                LABEL: labels[first:end].astype(np.float64),
            }
        )
        for first, end in pairwise(rows * part // parts for part in range(parts + 1))
    ]
    frame = spark.createDataFrame(pa.Table.from_batches(batches))
    return frame.select(array_to_vector(FEATURES).alias(FEATURES), LABEL)


def _unfitted(algorithm: Algorithm, like: Estimator, *, seed: int) -> Any:
    asked = like.parameters
    whole = {name: int(asked[name]) for name in ("trees", "max_iter") if name in asked}
    if algorithm == "gradient_boosted_trees":
        whole["boosts"] = whole.pop("trees")
    settings = Settings(seed=seed, **whole)  # type: ignore[arg-type]
    names = {"reg_param": "regParam", "min_instances": "minInstancesPerNode", "step_size": "stepSize"}
    point = {spark: float(asked[name]) for name, spark in names.items() if name in asked}
    made = classifier(algorithm, point, settings, seed=seed, weighted=False, categories=0)
    # Training keeps boosted trees shallow; here it is the model's own depth that counts.
    return made.setMaxDepth(int(asked["max_depth"])) if "max_depth" in asked else made


def _twin(fitted: Any, *, width: int) -> Estimator:
    """What the fitted classifier computes, by way of a pipeline that assembles numbers."""
    numbers = VectorAssembler(inputCols=[f"f{place}" for place in range(width)], outputCol=FEATURES)
    with tempfile.TemporaryDirectory(prefix="driftduel-") as folder:
        place = Path(folder) / "spark"
        PipelineModel([numbers, fitted]).save(f"file://{place}")
        return read_pipeline(place).estimator
