"""Scores batches with the saved Spark pipeline itself: slower than the scorer, and the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql.functions import col

from producer.errors import ModelError

from .session import spark_session

Score = Callable[[pa.RecordBatch], npt.NDArray[np.float64]]


@contextmanager
def spark_scorer(directory: Path, columns: Sequence[str]) -> Iterator[Score]:
    """A function from records to the scores of `directory/spark`, which sees these columns of them only.

    Raises:
        ModelError: the model has no Spark pipeline, or Spark fails.
        BrokerError: there is no Java for Spark.
    """
    saved = (directory / "spark").absolute()
    if not saved.is_dir():
        raise ModelError(f"{directory} holds no Spark pipeline (spark/); score it with --engine scorer")
    # Spark gets a plain temporary path: it reads paths as URIs, and the user's may hold anything.
    with spark_session() as spark, tempfile.TemporaryDirectory(prefix="driftduel-") as plain:
        link = Path(plain) / "spark"
        link.symlink_to(saved, target_is_directory=True)
        pipeline = PipelineModel.load(f"file://{link}")

        def score(records: pa.RecordBatch) -> npt.NDArray[np.float64]:
            features = pa.Table.from_batches([records.select(list(columns))])  # others may have names that Spark writes
            return scores_of(pipeline.transform(spark.createDataFrame(features)))

        yield score


def scores_of(scored: DataFrame) -> npt.NDArray[np.float64]:
    """Spark's scores of class 1, float64[rows], in the frame's order.

    That is its probability; where a classifier has none (a linear SVC), `1 / (1 + exp(-margin))`; and what a regressor
    predicts.
    """
    name = next(name for name in ("probability", "rawPrediction", "prediction") if name in scored.columns)
    score = col(name) if name == "prediction" else vector_to_array(name)[1]
    found = scored.select(score.alias("score")).toArrow()["score"].to_numpy()
    with np.errstate(over="ignore"):
        scores: npt.NDArray[np.float64] = found if name != "rawPrediction" else 1.0 / (1.0 + np.exp(-found))
    return scores
