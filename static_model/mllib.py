"""Reads a pipeline that Spark saved, without Spark: metadata are JSON, fitted values are Parquet.

It knows what Spark 3.0 to 4.2 write. What can't be computed exactly as Spark computes it is refused by its class and
its place in the pipeline, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from producer.errors import ModelError

from .estimators import Estimator, Numeric, OneHot, Step
from .mllib_estimators import read_forest, read_linear

READABLE = (
    "StringIndexerModel, OneHotEncoderModel, VectorAssembler, LogisticRegressionModel, "
    "RandomForestClassificationModel, DecisionTreeClassificationModel, PipelineModel"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One saved stage: its class without the package, its place (1 is the first; 2.1 inside another), its values."""

    name: str
    place: str
    metadata: Mapping[str, Any]
    directory: Path

    def parameter(self, name: str) -> Any:
        """A parameter as set, else its default, else None."""
        return {**self.metadata.get("defaultParamMap", {}), **self.metadata["paramMap"]}.get(name)

    def columns(self, direction: str) -> tuple[str, ...]:
        """The stage's `input` or `output` columns, whether it was given one or several."""
        several = self.metadata["paramMap"].get(f"{direction}Cols")
        return tuple(several) if several is not None else (self.parameter(f"{direction}Col"),)

    def table(self) -> pa.Table:
        """The fitted values, all part files together."""
        return pq.read_table(self.directory / "data").combine_chunks()

    def refuse(self, why: str) -> ModelError:
        """The error that names this stage."""
        return ModelError(f"stage {self.place} of the Spark pipeline, {self.name}, can't be read: {why}")


@dataclass(slots=True)
class _Columns:
    """What is known, midway through the pipeline, of the columns that the stages have made."""

    indexed: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # -> (column, labels)
    encoded: dict[str, OneHot] = field(default_factory=dict)
    vectors: dict[str, tuple[Step, ...]] = field(default_factory=dict)


def read_pipeline(directory: Path) -> tuple[tuple[Step, ...], Estimator]:
    """The feature steps and the estimator of a saved `PipelineModel`.

    Args:
        directory: what `PipelineModel.save` wrote.

    Returns:
        The steps in the order of the features, and the estimator. A decision tree is a forest of one.

    Raises:
        ModelError: no pipeline is there; it is damaged; or one of its stages, named by class and place, has no
            counterpart here (another class, more than two classes, another threshold than 0.5, ...).
    """
    try:
        return _read(directory)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, NotImplementedError) as error:
        raise ModelError(
            f"there is no readable Spark pipeline in {directory}: {type(error).__name__}: {error}; "
            "save it again with PipelineModel.save"
        ) from None


def _read(directory: Path) -> tuple[tuple[Step, ...], Estimator]:
    columns, found = _Columns(), None
    for stage in _stages(directory, ""):
        if found is not None:
            raise stage.refuse("it comes after the classifier; a classifier must be the last stage")
        if stage.name in _TRANSFORMERS:
            _TRANSFORMERS[stage.name](stage, columns)
        elif stage.name in _ESTIMATORS:
            found = _estimator(stage, columns)
        else:
            raise stage.refuse(f"only these are supported: {READABLE}")
    if found is None:
        raise ModelError(f"the Spark pipeline in {directory} ends without a classifier; nothing can be predicted")
    return found


def _stages(directory: Path, place: str) -> Iterator[Stage]:
    """The stages in order; those of a pipeline inside the pipeline stand in its place."""
    (part,) = sorted((directory / "metadata").glob("part-*"))
    metadata = json.loads(part.read_text("utf-8"))
    name = metadata["class"].rpartition(".")[2]
    if name != "PipelineModel":
        yield Stage(name, place or "1", metadata, directory)
        return
    folders = {int(path.name.partition("_")[0]): path for path in (directory / "stages").iterdir() if path.is_dir()}
    for index in range(len(metadata["paramMap"]["stageUids"])):
        yield from _stages(folders[index], f"{place}.{index + 1}" if place else str(index + 1))


def _string_indexer(stage: Stage, columns: _Columns) -> None:
    if stage.parameter("handleInvalid") != "keep":
        raise stage.refuse("it fails on a word that it doesn't know; fit it with handleInvalid='keep'")
    labels = stage.table()["labelsArray"][0].as_py()
    for column, output, words in zip(stage.columns("input"), stage.columns("output"), labels, strict=True):
        columns.indexed[output] = (column, tuple(words))


def _one_hot_encoder(stage: Stage, columns: _Columns) -> None:
    sizes = stage.table()["categorySizes"][0].as_py()
    for index, output, size in zip(stage.columns("input"), stage.columns("output"), sizes, strict=True):
        if index not in columns.indexed:
            raise stage.refuse(f"it encodes '{index}', which no StringIndexerModel before it has made")
        column, labels = columns.indexed[index]
        columns.encoded[output] = OneHot(column, labels, _one_hot_width(stage, len(labels), size))


def _one_hot_width(stage: Stage, labels: int, size: int) -> int:
    """How many features there are, after making sure that unknown words (index `labels`) set none of them."""
    keep = stage.parameter("handleInvalid") == "keep"
    if size <= labels and not keep:
        raise stage.refuse("it fails on a word that its StringIndexerModel doesn't know; fit both together")
    width: int = size + keep - bool(stage.parameter("dropLast"))
    if min(labels, size) < width:
        raise stage.refuse("it has a feature for unknown words; fit it with dropLast=True, handleInvalid='error'")
    return width


def _vector_assembler(stage: Stage, columns: _Columns) -> None:
    steps: list[Step] = []
    for column in stage.columns("input"):
        if column in columns.indexed:
            raise stage.refuse(f"'{column}' is a word's index used as a number; encode it with a OneHotEncoder")
        steps += columns.vectors.get(column, (columns.encoded.get(column, Numeric(column)),))
    columns.vectors[stage.parameter("outputCol")] = tuple(steps)


def _estimator(stage: Stage, columns: _Columns) -> tuple[tuple[Step, ...], Estimator]:
    features = stage.parameter("featuresCol")
    if features not in columns.vectors:
        raise stage.refuse(f"its features '{features}' come from no VectorAssembler in the pipeline")
    if stage.parameter("thresholds") is not None or stage.parameter("threshold") not in (None, 0.5):
        raise stage.refuse("it has a threshold of its own; only 0.5 is supported")
    steps = columns.vectors[features]
    # A split on an encoded word is categorical for Spark; all other features are numbers.
    binary = [isinstance(step, OneHot) for step in steps for _ in range(step.width)]
    return steps, _ESTIMATORS[stage.name](stage.table(), stage.parameter, binary, stage.refuse)


_TRANSFORMERS: Mapping[str, Callable[[Stage, _Columns], None]] = {
    "StringIndexerModel": _string_indexer,
    "OneHotEncoderModel": _one_hot_encoder,
    "VectorAssembler": _vector_assembler,
}
_ESTIMATORS: Mapping[str, Callable[..., Estimator]] = {
    "LogisticRegressionModel": read_linear,
    "RandomForestClassificationModel": read_forest,
    "DecisionTreeClassificationModel": read_forest,
}
