"""Spark's saved scalers, with Spark's order of operations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from static_model.steps import Operation, Step, features_width, scaled

from .columns import Columns
from .stage import Stage, vector

Values = npt.NDArray[np.float64]


def standard_scaler(stage: Stage, columns: Columns) -> None:
    """A `StandardScalerModel`: `std, mean`."""
    (row,) = stage.table().to_pylist()
    operations: list[tuple[Operation, Values]] = []
    if stage.parameter("withMean"):
        operations.append(("subtract", vector(row["mean"])))
    if stage.parameter("withStd"):
        operations.append(("multiply", _inverse(vector(row["std"]))))
    _scale(stage, columns, operations)


def robust_scaler(stage: Stage, columns: Columns) -> None:
    """A `RobustScalerModel`: `range, median`."""
    (row,) = stage.table().to_pylist()
    operations: list[tuple[Operation, Values]] = []
    if stage.parameter("withCentering"):
        operations.append(("subtract", vector(row["median"])))
    if stage.parameter("withScaling"):
        operations.append(("multiply", _inverse(vector(row["range"]))))
    _scale(stage, columns, operations)


def max_abs_scaler(stage: Stage, columns: Columns) -> None:
    """A `MaxAbsScalerModel`: `maxAbs`."""
    (row,) = stage.table().to_pylist()
    largest = vector(row["maxAbs"])
    _scale(stage, columns, [("multiply", 1.0 / np.where(largest == 0, 1.0, largest))])


def min_max_scaler(stage: Stage, columns: Columns) -> None:
    """A `MinMaxScalerModel`: `originalMin, originalMax`."""
    (row,) = stage.table().to_pylist()
    low, high = float(stage.parameter("min")), float(stage.parameter("max"))
    least, span = vector(row["originalMin"]), vector(row["originalMax"]) - vector(row["originalMin"])
    bottom = np.where(span == 0, (low + high) / 2, low)
    _scale(stage, columns, [("subtract", least), ("multiply", (high - low) * _inverse(span)), ("add", bottom)])


def _inverse(spread: Values) -> Values:
    """One over the spread; 0 where there is none, so that a constant column becomes 0."""
    return np.divide(1.0, spread, out=np.zeros_like(spread), where=spread != 0)


def _scale(stage: Stage, columns: Columns, operations: list[tuple[Operation, Values]]) -> None:
    steps = columns.vector(stage, stage.parameter("inputCol"))
    for operation, values in operations:
        if features_width(steps) != len(values):
            raise stage.refuse(f"it was fitted on {len(values)} features, its pipeline makes {features_width(steps)}")
        steps = _operated(steps, operation, values)
    columns.put(stage.parameter("outputCol"), *steps)


def _operated(steps: tuple[Step, ...], operation: Operation, values: Values) -> tuple[Step, ...]:
    done: list[Step] = []
    at = 0
    for step in steps:
        done.append(scaled(step, operation, values[at : at + step.width].tolist()))
        at += step.width
    return tuple(done)
