"""What a forest says of the columns: its own importances, and what is lost when a column's values are shuffled."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.classification import RandomForestClassifier
from pyspark.ml.feature import OneHotEncoder, StringIndexerModel, VectorAssembler
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column
from static_model.features import featurise
from static_model.mllib import read_pipeline
from static_model.scorer import Scorer
from static_model.training import rows
from static_model.training.selection import mcc
from static_model.training.settings import Settings

from .numbers import Numbers
from .words import Words

TREES, DEPTH = 20, 8
HELD_OUT = 0.2
FIT_ROWS = 100_000
"""The most rows that the forest is fitted on, chosen by hash."""
SHUFFLES = 5
MIN_CLASS_ROWS = 10
"""With fewer rows of a class there is nothing to hold out."""
WORDS = 50
"""So many words of a column are a feature each."""
_MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class ForestSays:
    """What the forest says; columns by name.

    Attributes:
        importance: Spark's (Gini), a column's features added up; the shares add up to 1 if anything was learned.
        permutation: the mean and the standard deviation of the loss of MCC on held-out rows over the shuffles.
        fitted: rows that the forest was fitted on.
        shuffled: held-out rows that were shuffled.
        mcc: of the forest on these rows.
    """

    importance: Mapping[str, float]
    permutation: Mapping[str, tuple[float, float]]
    fitted: int
    shuffled: int
    mcc: float


def drawn(frame: DataFrame, *, limit: int, seed: int, purpose: str) -> DataFrame:
    """Rows chosen at random, by their content and the seed, in an order that depends on nothing else."""
    draw = F.xxhash64(F.lit(purpose), F.lit(seed), F.col(rows.IDENTITY), F.col(rows.COPY))
    return frame.orderBy(draw, rows.IDENTITY, rows.COPY).limit(limit)


def ask_forest(
    frame: DataFrame, columns: Sequence[Column], found: Mapping[str, Numbers | Words], *, seed: int, sample: int
) -> ForestSays | None:
    """Fit a forest on a training part, and shuffle the columns of held-out rows one by one.

    Missing numbers are their column's median. The `WORDS` most frequent words of a column are a feature each; missing
    and blank ones are a word of their own.

    Args:
        frame: rows of `rows.load_rows`.
        columns: the features to use; each must vary, and have a value somewhere.
        found: what was measured of them.
        seed: of the split, the forest and the shuffles.
        sample: held-out rows to shuffle, at most.

    Returns:
        None where there is no column, or a class has fewer than `MIN_CLASS_ROWS` rows.
    """
    if not columns or min(rows.class_counts(frame)) < MIN_CLASS_ROWS:
        return None
    settings = Settings(seed=seed)
    cells = [_filled(c, found[c.name]).alias(f"c{place}") for place, c in enumerate(columns)]
    plain = frame.select(*cells, rows.LABEL, rows.IDENTITY, rows.COPY)
    training, held = rows.random_split(plain, share=HELD_OUT, seed=settings.seed_of("profile split"))
    chosen = drawn(training, limit=FIT_ROWS, seed=seed, purpose="forest")
    arranged = rows.arrange(chosen, partitions=2).persist()
    try:
        encoder = _encoder(arranged, [_labels(found[c.name]) for c in columns])
        fitted = _fit(encoder.transform(arranged), settings.seed_of("profile forest"))
        size = arranged.count()
    finally:
        arranged.unpersist()
    unseen = drawn(held, limit=sample, seed=seed, purpose="permutation").toArrow()
    names = [column.name for column in columns]
    base, losses = _shuffled(encoder, fitted, unseen, seed=settings.seed_of("permutation"))
    importance = fitted.featureImportances.toArray()
    shares = [float(importance[block].sum()) for block in encoder.blocks]
    return ForestSays(
        importance=dict(zip(names, shares, strict=True)),
        permutation=dict(zip(names, losses, strict=True)),
        fitted=size,
        shuffled=unseen.num_rows,
        mcc=base,
    )


def _filled(column: Column, found: Numbers | Words) -> Expression:
    value = rows.column(column.name)
    if isinstance(found, Words):
        return F.when(F.trim(value) != "", value).otherwise(_MISSING)
    number = value.cast("double")
    return F.when(number.isNull() | F.isnan(number), F.lit(found.quartiles[1])).otherwise(number)


def _labels(found: Numbers | Words) -> list[str] | None:
    """The words of a column that are a feature each; None for numbers."""
    if isinstance(found, Numbers):
        return None
    words = [word for word, _, _ in found.top if word.strip(" ") and word != _MISSING][:WORDS]
    return [*words, _MISSING]


@dataclass(frozen=True, slots=True)
class _Encoder:
    """Spark's fitted stages from the columns to one vector, and where each column's features are in it."""

    stages: tuple[Any, ...]
    blocks: tuple[slice, ...]

    def transform(self, frame: DataFrame) -> DataFrame:
        return PipelineModel(list(self.stages)).transform(frame)


def _encoder(frame: DataFrame, labels: Sequence[Sequence[str] | None]) -> _Encoder:
    """One indexer for each column of words: one for several would give all of them as many words, with null names."""
    stages: list[Any] = []
    inputs = []
    for place, words in enumerate(labels):
        name = f"c{place}"
        if words is not None:
            options = {"inputCol": name, "outputCol": f"i{place}", "handleInvalid": "keep"}
            indexer = StringIndexerModel.from_labels(list(words), **options)
            one_hot = OneHotEncoder(inputCol=f"i{place}", outputCol=f"o{place}").fit(indexer.transform(frame))
            stages, name = [*stages, indexer, one_hot], f"o{place}"
        inputs.append(name)
    ends = accumulate((1 if words is None else len(words) for words in labels), initial=0)
    blocks = tuple(slice(start, end) for start, end in pairwise(ends))
    return _Encoder((*stages, VectorAssembler(inputCols=inputs, outputCol="features")), blocks)


def _fit(encoded: DataFrame, seed: int) -> Any:
    options = {"labelCol": rows.LABEL, "featuresCol": "features"}
    return RandomForestClassifier(numTrees=TREES, maxDepth=DEPTH, seed=seed, **options).fit(encoded)


def _shuffled(
    encoder: _Encoder, fitted: Any, unseen: pa.Table, *, seed: int
) -> tuple[float, list[tuple[float, float]]]:
    """The forest's MCC on unseen rows, and for each column mean and deviation of what shuffling it costs.

    The portable twin scores, as a job of Spark for each shuffle would take longer than the forest.
    """
    with tempfile.TemporaryDirectory() as folder:
        PipelineModel([*encoder.stages, fitted]).save((Path(folder) / "forest").as_uri())
        steps, estimator, *_ = read_pipeline(Path(folder) / "forest")
    scorer = Scorer(estimator)
    labels = unseen[rows.LABEL].to_numpy().astype(np.int8)
    features = featurise(steps, pa.RecordBatch.from_struct_array(unseen.to_struct_array().combine_chunks()))
    base = mcc(labels, scorer.score(features))

    def loss(block: slice, order: npt.NDArray[np.int64]) -> float:
        before = features[:, block].copy()
        features[:, block] = before[order]
        after = mcc(labels, scorer.score(features))
        features[:, block] = before
        return base - after

    generator = np.random.default_rng(seed)
    orders = [generator.permutation(len(labels)) for _ in range(SHUFFLES)]
    used = fitted.featureImportances.toArray() > 0
    losses = [
        [loss(block, order) for order in orders] if used[block].any() else [0.0] * SHUFFLES for block in encoder.blocks
    ]
    return base, [(float(np.mean(found)), float(np.std(found, ddof=1))) for found in losses]
