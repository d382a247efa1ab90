"""Spark's saved feature stages: what each does to what is known of the columns midway through a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from static_model.steps import Hashed, Index, NGrams, Numeric, OneHot, Operation, Step, features_width, scaled

from .stage import Stage, vector


@dataclass(slots=True)
class Columns:
    """What is known, midway through the pipeline, of the columns that the stages have made.

    Attributes:
        filled: columns of numbers whose missing values were filled.
        indexed: words' places.
        vectors: features side by side, as the steps that make them.
        tokens: for columns of characters, the column of words that they come from.
        grams: for columns of character n-grams, the column of words and n.
    """

    filled: dict[str, Numeric] = field(default_factory=dict)
    indexed: dict[str, Index] = field(default_factory=dict)
    vectors: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    grams: dict[str, tuple[str, int]] = field(default_factory=dict)


def _imputer(stage: Stage, columns: Columns) -> None:
    missing = stage.parameter("missingValue")
    if missing is not None and float(missing) == float(missing):
        raise stage.refuse(f"it takes {missing} for missing; only NaN and null are supported")
    table = stage.table()
    for column, output in zip(stage.columns("input"), stage.columns("output"), strict=True):
        if column in columns.filled or column in columns.indexed:
            raise stage.refuse(f"it fills '{column}', which a stage before it has made")
        columns.filled[output] = Numeric(column, float(table[column][0].as_py()))


def _string_indexer(stage: Stage, columns: Columns) -> None:
    if stage.parameter("handleInvalid") != "keep":
        raise stage.refuse("it fails on a word that it doesn't know; fit it with handleInvalid='keep'")
    labels = stage.table()["labelsArray"][0].as_py()
    for column, output, words in zip(stage.columns("input"), stage.columns("output"), labels, strict=True):
        columns.indexed[output] = Index(column, tuple(words))


def _one_hot_encoder(stage: Stage, columns: Columns) -> None:
    sizes = stage.table()["categorySizes"][0].as_py()
    for index, output, size in zip(stage.columns("input"), stage.columns("output"), sizes, strict=True):
        if index not in columns.indexed:
            raise stage.refuse(f"it encodes '{index}', which no StringIndexerModel before it has made")
        found = columns.indexed[index]
        width = _one_hot_width(stage, len(found.labels), size)
        columns.vectors[output] = (OneHot(found.column, found.labels, width),)


def _one_hot_width(stage: Stage, labels: int, size: int) -> int:
    """How many features there are, after making sure that unknown words (index `labels`) set none of them."""
    keep = stage.parameter("handleInvalid") == "keep"
    if size <= labels and not keep:
        raise stage.refuse("it fails on a word that its StringIndexerModel doesn't know; fit both together")
    width: int = size + keep - bool(stage.parameter("dropLast"))
    if min(labels, size) < width:
        raise stage.refuse("it has a feature for unknown words; fit it with dropLast=True, handleInvalid='error'")
    return width


def _feature_hasher(stage: Stage, columns: Columns) -> None:
    # Which of its columns hold words isn't saved with it: the contract says so, and a step of words is checked there.
    inputs = stage.columns("input")
    columns.vectors[stage.parameter("outputCol")] = (Hashed(inputs, int(stage.parameter("numFeatures"))),)


def _regex_tokenizer(stage: Stage, columns: Columns) -> None:
    wanted = {"pattern": ".", "gaps": False, "toLowercase": True, "minTokenLength": 1}
    found = {name: stage.parameter(name) for name in wanted}
    if found != wanted:
        raise stage.refuse(f"it cuts words otherwise than into lower-case characters ({found})")
    columns.tokens[stage.parameter("outputCol")] = stage.parameter("inputCol")


def _n_gram(stage: Stage, columns: Columns) -> None:
    tokens = stage.parameter("inputCol")
    if tokens not in columns.tokens:
        raise stage.refuse(f"its tokens '{tokens}' come from no RegexTokenizer before it")
    columns.grams[stage.parameter("outputCol")] = (columns.tokens[tokens], int(stage.parameter("n")))


def _hashing_tf(stage: Stage, columns: Columns) -> None:
    terms = stage.parameter("inputCol")
    column, n = columns.grams.get(terms, (columns.tokens.get(terms), 1))
    if column is None:
        raise stage.refuse(f"its terms '{terms}' come from no NGram or RegexTokenizer before it")
    if stage.parameter("binary"):
        raise stage.refuse("it is binary; only counts are supported")
    columns.vectors[stage.parameter("outputCol")] = (NGrams(column, n, int(stage.parameter("numFeatures"))),)


def _vector_assembler(stage: Stage, columns: Columns) -> None:
    steps: list[Step] = []
    for column in stage.columns("input"):
        single = columns.filled.get(column) or columns.indexed.get(column) or Numeric(column)
        steps += columns.vectors.get(column, (single,))
    columns.vectors[stage.parameter("outputCol")] = tuple(steps)


def _standard_scaler(stage: Stage, columns: Columns) -> None:
    (row,) = stage.table().to_pylist()
    if stage.parameter("withMean"):
        _arithmetic(stage, columns, "subtract", vector(row["mean"]))
    if stage.parameter("withStd"):
        _arithmetic(stage, columns, "multiply", _inverse(vector(row["std"])))


def _robust_scaler(stage: Stage, columns: Columns) -> None:
    (row,) = stage.table().to_pylist()
    if stage.parameter("withCentering"):
        _arithmetic(stage, columns, "subtract", vector(row["median"]))
    if stage.parameter("withScaling"):
        _arithmetic(stage, columns, "multiply", _inverse(vector(row["range"])))


def _max_abs_scaler(stage: Stage, columns: Columns) -> None:
    (row,) = stage.table().to_pylist()
    largest = vector(row["maxAbs"])
    _arithmetic(stage, columns, "multiply", 1.0 / np.where(largest == 0, 1.0, largest))


def _min_max_scaler(stage: Stage, columns: Columns) -> None:
    (row,) = stage.table().to_pylist()
    low, high = float(stage.parameter("min")), float(stage.parameter("max"))
    least, span = vector(row["originalMin"]), vector(row["originalMax"]) - vector(row["originalMin"])
    _arithmetic(stage, columns, "subtract", least)
    _arithmetic(stage, columns, "multiply", (high - low) * _inverse(span))
    _arithmetic(stage, columns, "add", np.where(span == 0, (low + high) / 2, low))


def _inverse(spread: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """One over the spread; 0 where there is none, so that a constant column becomes 0."""
    return np.divide(1.0, spread, out=np.zeros_like(spread), where=spread != 0)


def _arithmetic(stage: Stage, columns: Columns, operation: Operation, values: npt.NDArray[np.float64]) -> None:
    """One more operation on the stage's vector: on its input at first, then on what it has made so far."""
    output = stage.parameter("outputCol")
    name = output if output in columns.vectors else stage.parameter("inputCol")
    if name not in columns.vectors:
        raise stage.refuse(f"its vector '{name}' comes from no stage before it")
    steps, done, at = columns.vectors[name], [], 0
    if features_width(steps) != len(values):
        raise stage.refuse(f"it was fitted on {len(values)} features, its pipeline makes {features_width(steps)}")
    for step in steps:
        done.append(scaled(step, operation, values[at : at + step.width].tolist()))
        at += step.width
    columns.vectors[output] = tuple(done)


TRANSFORMERS: Mapping[str, Callable[[Stage, Columns], None]] = {
    "ImputerModel": _imputer,
    "StringIndexerModel": _string_indexer,
    "OneHotEncoderModel": _one_hot_encoder,
    "FeatureHasher": _feature_hasher,
    "RegexTokenizer": _regex_tokenizer,
    "NGram": _n_gram,
    "HashingTF": _hashing_tf,
    "VectorAssembler": _vector_assembler,
    "StandardScalerModel": _standard_scaler,
    "RobustScalerModel": _robust_scaler,
    "MaxAbsScalerModel": _max_abs_scaler,
    "MinMaxScalerModel": _min_max_scaler,
}
"""What reads each supported class of feature stages."""
