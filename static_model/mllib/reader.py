"""Reads a pipeline that Spark saved, without Spark: metadata are JSON, fitted values are Parquet.

It knows what Spark 3.0 to 4.2 write. What can't be computed exactly as Spark computes it is refused by its class and
its place in the pipeline, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from producer.errors import ModelError
from static_model.estimators import Estimator
from static_model.steps import Step

from .features import TRANSFORMERS, Columns
from .linear import read_hinge, read_logistic
from .stage import Stage, stages_in
from .trees import read_boosted, read_forest


class SavedPipeline(NamedTuple):
    """What a saved pipeline computes: its feature steps, its estimator, and the threshold of the estimator's score."""

    steps: tuple[Step, ...]
    estimator: Estimator
    threshold: float


def read_pipeline(directory: Path) -> SavedPipeline:
    """Read a saved `PipelineModel`.

    Args:
        directory: what `PipelineModel.save` wrote.

    Returns:
        The steps in the order of the features, the estimator (a decision tree is a forest of one), the threshold.

    Raises:
        ModelError: no pipeline is there; it is damaged; or one of its stages, named by class and place, has no
            counterpart here (another class, more than two classes, ...).
    """
    try:
        return _read(directory)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, NotImplementedError) as error:
        raise ModelError(
            f"there is no readable Spark pipeline in {directory}: {type(error).__name__}: {error}; "
            "save it again with PipelineModel.save"
        ) from None


def _read(directory: Path) -> SavedPipeline:
    columns, found = Columns(), None
    for stage in stages_in(directory):
        if found is not None:
            raise stage.refuse("it comes after the classifier; a classifier must be the last stage")
        if stage.name in TRANSFORMERS:
            TRANSFORMERS[stage.name](stage, columns)
        elif stage.name in _ESTIMATORS:
            found = _classifier(stage, columns)
        else:
            raise stage.refuse(f"only these are supported: {', '.join([*TRANSFORMERS, *_ESTIMATORS, 'PipelineModel'])}")
    if found is None:
        raise ModelError(f"the Spark pipeline in {directory} ends without a classifier; nothing can be predicted")
    return found


def _classifier(stage: Stage, columns: Columns) -> SavedPipeline:
    features = stage.parameter("featuresCol")
    if features not in columns.vectors:
        raise stage.refuse(f"its features '{features}' come from no stage of the pipeline")
    steps, estimator = _ESTIMATORS[stage.name](stage, columns.vectors[features])
    return SavedPipeline(steps, estimator, _threshold(stage))


def _threshold(stage: Stage) -> float:
    """The score above which a record is positive; Spark has several ways to say it."""
    thresholds = stage.parameter("thresholds")
    if thresholds is not None:
        return float(thresholds[1]) / float(sum(thresholds))
    own = stage.parameter("threshold")
    if own is None:
        return 0.5
    return 1.0 / (1.0 + math.exp(-float(own))) if stage.name == "LinearSVCModel" else float(own)


_ESTIMATORS: Mapping[str, Callable[[Stage, tuple[Step, ...]], tuple[tuple[Step, ...], Estimator]]] = {
    "LogisticRegressionModel": read_logistic,
    "LinearSVCModel": read_hinge,
    "DecisionTreeClassificationModel": read_forest,
    "RandomForestClassificationModel": read_forest,
    "GBTClassificationModel": read_boosted,
}
