"""From columns to one vector of features: Spark stages that are decided by the contract and the training rows alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.ml.feature import (
    FeatureHasher,
    HashingTF,
    Imputer,
    NGram,
    OneHotEncoder,
    RegexTokenizer,
    StringIndexerModel,
    VectorAssembler,
)
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Column, Dataset
from producer.errors import ContractError
from static_model.refitting import MAX_INDEXED, MAX_WORDS

from .algorithms import FEATURES
from .rows import column as named
from .settings import Encoding, Settings

HASHED = 256
GRAM = 3
EXACT_ROWS = 1_000_000
"""Medians are exact up to so many rows, and beyond that within 1 in 10,000 ranks."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """Fitted feature stages.

    Attributes:
        stages: Spark's transformers, in order; the last one assembles `FEATURES`.
        widths: the contract's columns in the order of the features, each with the number of its features.
        categories: the values of the largest categorical feature, unseen included; 0 without one.
    """

    stages: tuple[Any, ...]
    widths: tuple[tuple[str, int], ...]
    categories: int

    def transform(self, frame: DataFrame) -> DataFrame:
        """The rows with `FEATURES` added."""
        return PipelineModel(list(self.stages)).transform(frame)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What encodes some columns: fitted stages, and for each column the output's name and width."""

    stages: tuple[Any, ...]
    outputs: Mapping[str, tuple[str, int]]
    categories: int = 0


def fit_encoder(training: DataFrame, dataset: Dataset, settings: Settings) -> Encoder:
    """Fit the feature stages on arranged training rows.

    Numbers stay as they are; a missing one becomes the median. A missing word is encoded as an unseen one.

    Raises:
        ContractError: a column is empty in all rows, or has missing words and is asked for by n-grams.
    """
    features = dataset.features
    numbers = [c for c in features if c.type != "string"]
    parts = [_fill([c.name for c in numbers if c.nullable], training)]
    for encoding, make in _MAKERS.items():
        chosen = [c for c in features if c.type == "string" and settings.encoding_of(c.name) == encoding]
        parts += [make(chosen, training)] if chosen else []
    made = {name: output for part in parts for name, output in part.outputs.items()}
    outputs = [made.get(c.name, (c.name, 1)) for c in features]
    assembler = VectorAssembler(inputCols=[name for name, _ in outputs], outputCol=FEATURES)
    stages = [stage for part in parts for stage in part.stages]
    widths = tuple((c.name, width) for c, (_, width) in zip(features, outputs, strict=True))
    return Encoder((*stages, assembler), widths, max(part.categories for part in parts))


def _fill(names: Sequence[str], training: DataFrame) -> _Part:
    if not names:
        return _Part((), {})
    counts = [F.count(F.when(named(name).isNotNull() & ~F.isnan(named(name)), 1)).alias(name) for name in names]
    found = training.agg(F.count(F.lit(1)).alias("__rows"), *counts).collect()[0]
    for name in names:
        if not found[name]:
            raise _empty(name)
    outputs = [f"__filled_{name}" for name in names]
    error = 0.0 if found["__rows"] <= EXACT_ROWS else 1e-4
    imputer = Imputer(strategy="median", inputCols=list(names), outputCols=outputs, relativeError=error)
    return _Part((imputer.fit(training),), {n: (o, 1) for n, o in zip(names, outputs, strict=True)})


def _empty(name: str) -> ContractError:
    return ContractError(
        f"the column '{name}' is empty in all training records; it can't be a feature: "
        "set feature = false in the contract"
    )


def _indexers(columns: Sequence[Column], training: DataFrame, limit: int) -> tuple[list[Any], list[tuple[str, ...]]]:
    """An indexer for each column, as Spark's for several would pad shorter lists of words with nulls; and the words."""
    labels = [top_words(training, column.name, limit=limit) for column in columns]
    for column, found in zip(columns, labels, strict=True):
        if not found:
            raise _empty(column.name)
    models = [
        StringIndexerModel.from_labels(
            list(found), inputCol=column.name, outputCol=f"__index_{column.name}", handleInvalid="keep"
        )
        for column, found in zip(columns, labels, strict=True)
    ]
    return models, labels


def top_words(frame: DataFrame, name: str, *, limit: int) -> tuple[str, ...]:
    """The most frequent words of a column, most frequent first, ties in the order of the words' bytes.

    The empty word is none: Spark can't name a feature after it, so it is encoded like an unseen word.
    """
    words = frame.select(named(name).alias("word")).filter("word is not null and word != ''")
    ranked = words.groupBy("word").count().orderBy(F.desc("count"), "word").limit(limit)
    return tuple(row["word"] for row in ranked.collect())


def _one_hot(columns: Sequence[Column], training: DataFrame) -> _Part:
    indexers, labels = _indexers(columns, training, MAX_WORDS)
    names = [column.name for column in columns]
    encoder = OneHotEncoder(
        inputCols=[f"__index_{name}" for name in names], outputCols=[f"__encoded_{name}" for name in names]
    ).fit(PipelineModel(indexers).transform(training))
    widths = {n: (f"__encoded_{n}", len(found)) for n, found in zip(names, labels, strict=True)}
    return _Part((*indexers, encoder), widths)


def _index(columns: Sequence[Column], training: DataFrame) -> _Part:
    indexers, labels = _indexers(columns, training, MAX_INDEXED)
    outputs = {column.name: (f"__index_{column.name}", 1) for column in columns}
    return _Part(tuple(indexers), outputs, max(len(found) for found in labels) + 1)


def _hash(columns: Sequence[Column], training: DataFrame) -> _Part:
    return _each(columns, lambda name, output: (FeatureHasher(numFeatures=HASHED, inputCols=[name], outputCol=output),))


def _ngrams(columns: Sequence[Column], training: DataFrame) -> _Part:
    for column in columns:
        if column.nullable:
            raise ContractError(
                f"words may be missing in the column '{column.name}', and n-grams of a missing word are undefined; "
                "choose another encoding for it"
            )
    return _each(columns, _ngram_stages)


def _ngram_stages(name: str, output: str) -> Iterable[Any]:
    letters, grams = f"__letters_{name}", f"__grams_{name}"
    return (
        RegexTokenizer(inputCol=name, outputCol=letters, pattern=".", gaps=False),
        NGram(n=GRAM, inputCol=letters, outputCol=grams),
        HashingTF(numFeatures=HASHED, inputCol=grams, outputCol=output),
    )


def _each(columns: Sequence[Column], stages: Callable[[str, str], Iterable[Any]]) -> _Part:
    outputs = {column.name: (f"__encoded_{column.name}", HASHED) for column in columns}
    return _Part(tuple(stage for name, (output, _) in outputs.items() for stage in stages(name, output)), outputs)


_MAKERS: Mapping[Encoding, Callable[[Sequence[Column], DataFrame], _Part]] = {
    "one-hot": _one_hot,
    "index": _index,
    "hash": _hash,
    "ngrams": _ngrams,
}
