"""Fits the static model with Spark: one pipeline per algorithm, compared on records that none of them has seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml import Pipeline, PipelineModel, Transformer
from pyspark.ml.classification import LogisticRegression, RandomForestClassifier
from pyspark.ml.feature import OneHotEncoder, StringIndexerModel, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession

from producer.dataset import Dataset
from producer.errors import ContractError

from .holdout import Rows, check_trainable, class_counts, duplicates_across, stratified_split, top_words
from .metrics import binary_metrics
from .selection import THRESHOLD, Selection, select

Algorithm: TypeAlias = Literal["logistic_regression", "random_forest"]
ALGORITHMS: tuple[Algorithm, ...] = ("logistic_regression", "random_forest")
"""The algorithms, the cheapest to score first."""

MAX_WORDS = 50
LABEL, FEATURES = "__label", "__features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train; all of it ends up in the model's description.

    Attributes:
        seed: of the split and of the forest.
        holdout: the share of each class that is held out, above 0 and below 1.
        partitions: how many parts Spark works on. Another number gives another model; the number of cores doesn't.
        algorithms: which ones to compare; one alone is kept as it is.
        trees: of the forest.
        max_depth: of each tree.
        reg_param: the weight of the logistic regression's penalty.
        max_iter: the most steps of the logistic regression.
    """

    seed: int
    holdout: float = 0.2
    partitions: int = 2
    algorithms: tuple[Algorithm, ...] = ALGORITHMS
    trees: int = 50
    max_depth: int = 10
    reg_param: float = 1e-4
    max_iter: int = 100


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted pipeline and how it did on the held-out records.

    Attributes:
        dataset: the contract; its features are the pipeline's.
        settings: how it was trained.
        pipeline: Spark's model; it needs its session to be running.
        selection: which algorithm it is, and why that one.
        held_out: the held-out records in message order.
        scores: float64[held out], Spark's probability of class 1.
        predictions: int8[held out], Spark's predictions.
        comparison: the metrics of every algorithm on the held-out records.
        duplicates: how many held-out records have an exact double (features and label) among the training records.
        class_counts: how many records of class 0 and 1 there were, both parts together.
    """

    dataset: Dataset
    settings: Settings
    pipeline: PipelineModel
    selection: Selection
    held_out: pa.RecordBatch
    scores: npt.NDArray[np.float64]
    predictions: npt.NDArray[np.int8]
    comparison: Mapping[str, Mapping[str, float | None]]
    duplicates: int
    class_counts: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    pipeline: PipelineModel
    scores: npt.NDArray[np.float64]
    predictions: npt.NDArray[np.int8]


def train(
    records: pa.RecordBatch,
    dataset: Dataset,
    *,
    settings: Settings,
    spark: SparkSession,
    advance: Callable[[int], None] = lambda n: None,
) -> Trained:
    """Fit each algorithm on the training part, compare them on the held-out part, keep one.

    Nothing is fitted on held-out records, the words to encode included, and the kept model isn't fitted again on all
    of them: its errors on the held-out part are what a drift detector starts from.

    Args:
        records: in message order, with the contract's schema.
        dataset: the contract; its features are used, words one-hot encoded (the 50 most frequent).
        settings: how to train.
        spark: a running session.
        advance: called with 1 after each of the fits.

    Raises:
        ContractError: a class has fewer than 20 records, or a feature can't be used (its name, or no words in it).
    """
    check_trainable(records, dataset, seed=settings.seed, holdout=settings.holdout)
    labels = records.column(dataset.label_name).to_numpy()
    counts = class_counts(labels)
    train_rows, held_rows = stratified_split(labels, seed=settings.seed, holdout=settings.holdout)
    held_out, held_labels = records.take(pa.array(held_rows)), labels[held_rows]
    fitted = _fit_all(records.take(pa.array(train_rows)), held_out, dataset, settings, spark, advance)
    chosen = select(
        held_labels,
        {name: candidate.predictions for name, candidate in fitted.items()},
        cost_order=ALGORITHMS,
        seed=settings.seed,
    )
    best = fitted[chosen.algorithm]
    return Trained(
        dataset=dataset,
        settings=settings,
        pipeline=best.pipeline,
        selection=chosen,
        held_out=held_out,
        scores=best.scores,
        predictions=best.predictions,
        comparison={
            name: binary_metrics(held_labels, candidate.scores, threshold=THRESHOLD)
            for name, candidate in fitted.items()
        },
        duplicates=_duplicates(records, dataset, held_rows),
        class_counts=counts,
    )


def _duplicates(records: pa.RecordBatch, dataset: Dataset, held_rows: Rows) -> int:
    columns = [*(column.name for column in dataset.features), dataset.label_name]
    return duplicates_across(records, columns, held_rows)


def _fit_all(
    training: pa.RecordBatch,
    held_out: pa.RecordBatch,
    dataset: Dataset,
    settings: Settings,
    spark: SparkSession,
    advance: Callable[[int], None],
) -> dict[str, _Candidate]:
    steps = _feature_stages(training, dataset)
    rows = _frame(training, dataset, partitions=settings.partitions, spark=spark).cache()
    unseen = _frame(held_out, dataset, partitions=settings.partitions, spark=spark)
    fitted: dict[str, _Candidate] = {}
    for name in settings.algorithms:
        pipeline = Pipeline(stages=[*steps, _estimator(name, settings)]).fit(rows)
        fitted[name] = _Candidate(pipeline, *_score(pipeline, unseen))
        advance(1)
    rows.unpersist()
    return fitted


def _score(pipeline: PipelineModel, rows: DataFrame) -> tuple[Any, Any]:
    """Spark's probabilities of class 1 (float64) and predictions (int8), in the order of the rows."""
    scored = pipeline.transform(rows)
    table = scored.select(vector_to_array("probability")[1].alias("score"), "prediction").toArrow()
    return table["score"].to_numpy(), table["prediction"].to_numpy().astype(np.int8)


def _frame(records: pa.RecordBatch, dataset: Dataset, *, partitions: int, spark: SparkSession) -> DataFrame:
    """The features and the label as a Spark frame: consecutive records, in exactly so many partitions."""
    names = [column.name for column in dataset.features]
    arrays = [records.column(name) for name in names]
    label = records.column(dataset.label_name).cast(pa.float64())
    batch = pa.RecordBatch.from_arrays([*arrays, label], names=[*names, LABEL])
    ends = [index * batch.num_rows // partitions for index in range(partitions + 1)]
    slices = [batch.slice(start, end - start) for start, end in pairwise(ends)]
    return spark.createDataFrame(pa.Table.from_batches(slices))


def _feature_stages(training: pa.RecordBatch, dataset: Dataset) -> list[Any]:
    """The stages before the classifier, decided by the contract and the training records alone."""
    words = [column.name for column in dataset.features if column.type == "string"]
    inputs = [f"__encoded_{c.name}" if c.type == "string" else c.name for c in dataset.features]
    assembler = VectorAssembler(inputCols=inputs, outputCol=FEATURES)
    return [*_word_stages(training, words), assembler]


def _word_stages(training: pa.RecordBatch, columns: Sequence[str]) -> list[Any]:
    if not columns:
        return []
    labels = [list(top_words(training.column(name), limit=MAX_WORDS)) for name in columns]
    for name, found in zip(columns, labels, strict=True):
        if not found:
            raise ContractError(f"the column '{name}' is empty in all training records; it can't be a feature")
    index = [f"__index_{name}" for name in columns]
    indexer: Transformer = StringIndexerModel.from_arrays_of_labels(
        labels, inputCols=list(columns), outputCols=index, handleInvalid="keep"
    )
    return [indexer, OneHotEncoder(inputCols=index, outputCols=[f"__encoded_{name}" for name in columns])]


def _estimator(name: Algorithm, settings: Settings) -> Any:
    if name == "logistic_regression":
        return LogisticRegression(
            featuresCol=FEATURES,
            labelCol=LABEL,
            family="binomial",
            regParam=settings.reg_param,
            maxIter=settings.max_iter,
        )
    return RandomForestClassifier(
        featuresCol=FEATURES,
        labelCol=LABEL,
        numTrees=settings.trees,
        maxDepth=settings.max_depth,
        seed=settings.seed,
    )
