"""Spark's saved linear classifiers, from the tables in which it saves them to plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from static_model.estimators import Linear
from static_model.steps import Step, features_width

from .stage import Stage, vector


def read_logistic(stage: Stage, steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], Linear]:
    """A binomial logistic regression: `numClasses, numFeatures, interceptVector, coefficientMatrix, isMultinomial`."""
    (row,) = stage.table().to_pylist()
    if row["isMultinomial"] or row["numClasses"] != 2:
        raise stage.refuse("it is multinomial; fit it with family='binomial' on two classes")
    coefficients = _one_row_matrix(row["coefficientMatrix"])
    return steps, _linear(stage, steps, coefficients, float(vector(row["interceptVector"])[0]))


def read_hinge(stage: Stage, steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], Linear]:
    """A linear support vector classifier: `coefficients, intercept`."""
    (row,) = stage.table().to_pylist()
    linear = _linear(stage, steps, vector(row["coefficients"]), float(row["intercept"]))
    return steps, Linear(linear.coefficients, linear.intercept, linear.parameters, loss="hinge")


def _linear(stage: Stage, steps: tuple[Step, ...], coefficients: npt.NDArray[np.float64], intercept: float) -> Linear:
    width = features_width(steps)
    if len(coefficients) != width:
        raise stage.refuse(f"it was fitted on {len(coefficients)} features, its pipeline makes {width}")
    parameters = {"reg_param": float(stage.parameter("regParam")), "max_iter": int(stage.parameter("maxIter"))}
    return Linear(coefficients, intercept, parameters)


def _one_row_matrix(saved: dict[str, Any]) -> npt.NDArray[np.float64]:
    """A Spark matrix of one row: type 1 is dense; type 0 sparse by columns or, transposed, by rows."""
    if saved["numRows"] != 1:
        raise ValueError(f"{saved['numRows']} rows of coefficients, expected 1")
    if saved["type"] == 1:
        return np.array(saved["values"], np.float64)
    row = np.zeros(saved["numCols"])
    if saved["isTransposed"]:
        places = np.array(saved["rowIndices"], np.int64)
    else:
        places = np.repeat(np.arange(saved["numCols"]), np.diff(saved["colPtrs"]))
    row[places] = saved["values"]
    return row
