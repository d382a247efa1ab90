"""Fixtures of the parity tests: 50,000 awkward rows, and a comparison of Spark with what is read of its saved model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from static_model.features import featurise
from static_model.mllib import SavedPipeline, read_pipeline
from static_model.scorer import Scorer
from static_model.validity import check_estimator

ROWS, FITTED = 50_000, 3_000
WORDS = ["apache2", "atop", "Ünï", "", "nan", "null", "a=b,c"]
TEXTS = ["Www", "ex-ample", "COM", "foo_bar", "12.5", "ÄÖß", "İI", "\U0001d4b3y", "x", "a1b22", "\u2028", "mail"]
SEPARATORS = [" ", "  ", ".", ",", "\n", "\t", "\x0b", "\x85", "\u00a0", "-"]


def _texts(random: np.random.Generator, words: Sequence[str]) -> list[str]:
    """Sentences of 0 to 5 words; some begin or end with a separator."""
    made = []
    for size in random.integers(0, 6, ROWS).tolist():
        parts = random.choice(np.array(words, object), size)
        gaps = random.choice(np.array(SEPARATORS, object), size + 1)
        text = "".join(f"{gap}{part}" for gap, part in zip(gaps[:size], parts, strict=True))
        made.append(text if random.random() < 0.5 else f"{text.lstrip()}{gaps[-1]}")
    return made


@pytest.fixture(scope="session")
def records() -> pa.RecordBatch:
    """Nulls, words that the fit never saw, values exactly at thresholds, epoch seconds, huge and tiny numbers."""
    random = np.random.default_rng(11)
    gappy = random.normal(size=ROWS)
    whole = random.integers(0, 100, ROWS)
    steps = random.integers(0, 40, ROWS) / 8
    word = random.choice(WORDS, ROWS).astype(object)
    label = (gappy + (whole > 50) + (steps > 2) - (word == "atop") + random.normal(size=ROWS) > 1.0).astype(float)
    word[:FITTED][word[:FITTED] == ""] = "atop"  # Spark can't name a feature after it
    word[FITTED:][random.random(ROWS - FITTED) < 0.1] = "never seen before"
    holes = random.random((4, ROWS)) < 0.1
    texts = _texts(random, TEXTS)
    columns = {
        "id": pa.array(np.arange(ROWS)),
        "gappy": pa.array(gappy, mask=holes[0]),
        "whole": pa.array(whole, mask=holes[1]),
        "epoch": pa.array(1_604_021_056 + random.integers(0, 600, ROWS)),
        "steps": pa.array(steps),
        "huge": pa.array(random.normal(size=ROWS) * 10.0 ** random.integers(0, 100, ROWS)),
        "tiny": pa.array(random.normal(size=ROWS) * 10.0 ** -random.integers(0, 100, ROWS).astype(float)),
        "marked": pa.array(np.where(random.random(ROWS) < 0.2, -1.0, np.round(gappy, 2)), mask=holes[2]),
        "code": pa.array(random.integers(-2, 3, ROWS), mask=holes[3]),
        "word": pa.array(word.tolist(), pa.string()),
        "hole": pa.array([None if i % 7 == 0 else w for i, w in enumerate(word.tolist())], pa.string()),
        "flag": pa.array(np.where(random.random(ROWS) < 0.5, "true", "false").tolist(), mask=holes[0]),
        "text": pa.array(texts[:FITTED] + [t if i % 9 else f"{t} unheard" for i, t in enumerate(texts[FITTED:])]),
        "label": pa.array(label),
    }
    return pa.RecordBatch.from_pydict(columns)


@pytest.fixture(scope="session")
def frame(spark: Any, records: pa.RecordBatch) -> Any:
    """The records as Spark sees them; `flag` is a Boolean there."""
    from pyspark.sql.functions import col

    made = spark.createDataFrame(pa.Table.from_batches([records]))
    return made.withColumn("flag", col("flag").cast("boolean")).coalesce(2).cache()


@pytest.fixture(scope="session")
def training(frame: Any) -> Any:
    """The rows that pipelines are fitted on."""
    return frame.filter(f"id < {FITTED}").coalesce(1).cache()


class Compared(NamedTuple):
    """Spark's and the twin's answers to the same records.

    Attributes:
        pipeline: what was read.
        rows: the records that Spark gave an answer to, by their place.
        expected: Spark's scores.
        actual: the twin's scores.
        predicted: whether Spark says that a record is positive.
        spark_features: Spark's features.
        features: the twin's features.
    """

    pipeline: SavedPipeline
    rows: npt.NDArray[np.int64]
    expected: npt.NDArray[np.float64]
    actual: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.bool_]
    spark_features: npt.NDArray[np.float64]
    features: npt.NDArray[np.float64]

    def agree(self, *, atol: float, rtol: float = 0.0) -> None:
        """Predictions are identical and neither class is rare; scores are as near as asked for."""
        np.testing.assert_allclose(self.actual, self.expected, rtol=rtol, atol=atol)
        np.testing.assert_array_equal(self.actual > self.pipeline.threshold, self.predicted)
        assert 0.02 < self.predicted.mean() < 0.98


Compare = Callable[..., Compared]


@pytest.fixture
def compare(frame: Any, training: Any, records: pa.RecordBatch, tmp_path: Path) -> Compare:
    """Fits stages, the last a predictor, saves and reads them, and has both score the records."""

    def compare(stages: Sequence[Any], *, on: Any = None, fit_on: Any = training) -> Compared:
        from pyspark.ml import Pipeline
        from pyspark.ml.functions import vector_to_array
        from pyspark.sql.functions import col

        model = Pipeline(stages=list(stages)).fit(fit_on)
        saved = tmp_path / str(len(list(tmp_path.iterdir())))
        model.save(f"file://{saved}")
        scored = model.transform(frame if on is None else on)
        name = next(n for n in ("probability", "rawPrediction", "prediction") if n in scored.columns)
        score = col(name) if name == "prediction" else vector_to_array(name)[1]
        vector = vector_to_array(model.stages[-1].getFeaturesCol()).alias("vector")
        found = scored.select("id", score.alias("score"), "prediction", vector).toArrow()
        rows, expected, predicted = (found[name].to_numpy() for name in ("id", "score", "prediction"))
        pipeline = read_pipeline(saved)
        check_estimator(pipeline.estimator, pipeline.steps)
        features = featurise(pipeline.steps, records)
        actual = Scorer(pipeline.estimator).score(features)
        with np.errstate(over="ignore"):
            expected = 1.0 / (1.0 + np.exp(-expected)) if name == "rawPrediction" else expected
        flat = found["vector"].combine_chunks().flatten().to_numpy().reshape(len(rows), -1)
        return Compared(pipeline, rows, expected, actual[rows], predicted > 0.5, flat, features[rows])

    return compare


def _part(layout: str) -> str:
    return "part-00000" if layout == "3.0" else "part-00000-1f2e3d4c-c000.txt"


def _save(directory: Path, stages: Sequence[Any], layout: str = "4.2") -> Path:
    """Write a PipelineModel as Spark does: stages are (class, parameters, tables or nested stages)."""
    (directory / "metadata").mkdir(parents=True)
    uids = [f"{name}_{index:04x}" for index, (name, *_) in enumerate(stages)]
    top = {"class": "org.apache.spark.ml.PipelineModel", "paramMap": {"stageUids": uids}, "defaultParamMap": {}}
    (directory / "metadata" / _part(layout)).write_text(json.dumps(top))
    (directory / "metadata" / "_SUCCESS").touch()
    for index, (name, parameters, content) in enumerate(stages):
        place = directory / "stages" / f"{index:0{len(str(len(stages)))}d}_{uids[index]}"
        if name == "PipelineModel":
            _save(place, content, layout)
            continue
        metadata = {"class": f"org.apache.spark.ml.any.{name}", "paramMap": parameters, "defaultParamMap": {}}
        (place / "metadata").mkdir(parents=True)
        (place / "metadata" / _part(layout)).write_text(json.dumps(metadata))
        for number, table in enumerate(content):
            (place / "data").mkdir(exist_ok=True)
            pq.write_table(table, place / "data" / f"part-{number:05d}.parquet")
    return directory


@pytest.fixture
def save_pipeline() -> Callable[..., Path]:
    """Writes a PipelineModel in the layout of Spark 3.0 or 4.2, without Spark."""
    return _save
