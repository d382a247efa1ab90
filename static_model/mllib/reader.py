"""Reads a pipeline that Spark saved, without Spark: metadata are JSON, fitted values are Parquet.

It knows what Spark 3.0 to 4.2 write. What can't be computed exactly as Spark computes it is refused by its class and
its place in the pipeline, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from producer.dataset import Dataset
from producer.errors import ContractError, ModelError
from static_model.estimators import Boosted, Estimator, Forest
from static_model.steps import Numeric, Step, plain

from .bayes import bayes_notes, read_bayes
from .columns import Columns
from .features import TRANSFORMERS
from .linear import read_generalised, read_hinge, read_logistic, read_regression
from .perceptron import read_perceptron
from .stage import Stage, stages_in
from .thresholds import threshold_of
from .trees import read_boosted, read_boosted_regressor, read_forest, read_forest_regressor


class SavedPipeline(NamedTuple):
    """What a saved pipeline computes.

    Attributes:
        steps: how a record becomes features.
        estimator: how features become a score.
        threshold: a record is predicted positive iff its score is above this (strictly).
        required: the records' columns that may not be missing: Spark fails on such a record, drops it, or gives it a
            score that is no number. `check_required` holds them against a contract.
        notes: where a record that Spark fails on or drops is scored nevertheless, a sentence each; for the user.
    """

    steps: tuple[Step, ...]
    estimator: Estimator
    threshold: float
    required: tuple[str, ...]
    notes: tuple[str, ...]


def read_pipeline(directory: Path) -> SavedPipeline:
    """Read a saved `PipelineModel`.

    Args:
        directory: what `PipelineModel.save` wrote.

    Returns:
        What it computes: a decision tree is a forest of one; a regressor of labels 0 and 1 scores what it predicts,
        and is positive above 0.5.

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
            found = _predictor(stage, columns)
        else:
            raise stage.refuse(f"only these are supported: {', '.join([*TRANSFORMERS, *_ESTIMATORS, 'PipelineModel'])}")
    if found is None:
        raise ModelError(f"the Spark pipeline in {directory} ends without a classifier; nothing can be predicted")
    return found


def _predictor(stage: Stage, columns: Columns) -> SavedPipeline:
    features = stage.parameter("featuresCol")
    if features not in columns.made:
        raise stage.refuse(f"its features '{features}' come from no stage of the pipeline")
    made = columns.made[features]
    steps, estimator = _ESTIMATORS[stage.name](stage, made)
    if not isinstance(estimator, Forest | Boosted):  # trees send what is no number to the right
        numbers = [step for step in map(plain, steps) if isinstance(step, Numeric)]
        columns.require(*(step.column for step in numbers if step.fill is None))
    notes = (*columns.notes, *(bayes_notes(stage, made) if stage.name == "NaiveBayesModel" else ()))
    return SavedPipeline(steps, estimator, threshold_of(stage), tuple(columns.required), notes)


def check_required(pipeline: SavedPipeline, dataset: Dataset) -> None:
    """Make sure that every record of a contract gets the score that Spark would give it.

    Raises:
        ContractError: a column may be missing that the pipeline can't do without; the message names it.
    """
    nullable = {column.name for column in dataset.columns if column.nullable}
    missing = [f"'{name}'" for name in pipeline.required if name in nullable]
    if missing:
        raise ContractError(
            f"the contract '{dataset.name}' says that {', '.join(missing)} may be missing in a record, and the Spark "
            "pipeline gives no score to such a record: save it with an Imputer for numbers and handleInvalid='keep' "
            "for words, or use a contract without 'clean.missing' and 'clean.text' for what is never missing"
        )


_ESTIMATORS: Mapping[str, Callable[[Stage, tuple[Step, ...]], tuple[tuple[Step, ...], Estimator]]] = {
    "LogisticRegressionModel": read_logistic,
    "LinearSVCModel": read_hinge,
    "DecisionTreeClassificationModel": read_forest,
    "RandomForestClassificationModel": read_forest,
    "GBTClassificationModel": read_boosted,
    "NaiveBayesModel": read_bayes,
    "MultilayerPerceptronClassificationModel": read_perceptron,
    "LinearRegressionModel": read_regression,
    "GeneralizedLinearRegressionModel": read_generalised,
    "DecisionTreeRegressionModel": read_forest_regressor,
    "RandomForestRegressionModel": read_forest_regressor,
    "GBTRegressionModel": read_boosted_regressor,
}
"""What reads each supported class of classifiers and regressors."""
