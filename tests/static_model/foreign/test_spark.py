"""A pipeline that the real Spark saved becomes a model, and Spark still loads the copy beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from static_model.artifact import load_model
from static_model.foreign.importing import import_model
from static_model.scorer import Scorer, featurise

pytestmark = pytest.mark.spark


def test_a_pipeline_that_spark_saved_scores_the_same_and_its_copy_is_whole(
    spark, rows, records, contract, tmp_path: Path
) -> None:
    """An imputer, a scaler, indexed words and a forest: the twin and the copy that Spark loads agree."""
    from pyspark.ml import Pipeline, PipelineModel, classification, feature

    from static_model.batch import scores_of

    frame, labels = rows(2000, 1)
    table = pa.Table.from_batches([records(frame)]).append_column("label", pa.array(labels.astype(float)))
    given = spark.createDataFrame(table)
    stages = [
        feature.Imputer(inputCols=["gap"], outputCols=["filled"]),
        feature.StringIndexer(inputCol="word", outputCol="place", handleInvalid="keep"),
        feature.VectorAssembler(inputCols=["filled", "seconds", "size", "place"], outputCol="features"),
        classification.RandomForestClassifier(labelCol="label", numTrees=5, maxDepth=4, seed=1),
    ]
    Pipeline(stages=stages).fit(given).save(f"file://{tmp_path / 'theirs'}")
    done = import_model(tmp_path / "theirs", contract, tmp_path / "model", learner=None, threshold=None)
    names = ("ImputerModel", "StringIndexerModel", "VectorAssembler", "RandomForestClassificationModel")
    assert names == done.foreign.parts
    assert "random_forest" == done.model.estimator.parameters["family"]
    copy = PipelineModel.load(f"file://{tmp_path / 'model' / 'spark'}")
    stream, _ = rows(50_000, 2, unseen=True)
    batch = records(stream)
    expected = scores_of(copy.transform(spark.createDataFrame(pa.Table.from_batches([batch]))))
    model = load_model(tmp_path / "model")
    np.testing.assert_array_equal(expected, Scorer(model.estimator).score(featurise(model.steps, batch)))
