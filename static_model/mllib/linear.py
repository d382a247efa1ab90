"""Spark's saved linear models, from the tables in which it saves them to plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from static_model.estimators import Linear, Parameter
from static_model.steps import Step, features_width

from .stage import Stage, matrix, vector

Steps = tuple[Step, ...]


def read_logistic(stage: Stage, steps: Steps) -> tuple[Steps, Linear]:
    """A logistic regression: `numClasses, numFeatures, interceptVector, coefficientMatrix, isMultinomial`.

    A multinomial one of two classes has a row of coefficients for each; their difference is the binomial one.
    """
    (row,) = stage.table().to_pylist()
    coefficients, intercepts = matrix(row["coefficientMatrix"]), vector(row["interceptVector"])
    if row["numClasses"] != 2 or len(coefficients) > 2:
        raise stage.refuse("it has more than two classes")
    if row["isMultinomial"]:
        coefficients, intercepts = np.diff(coefficients, axis=0), np.diff(intercepts)
    return steps, linear(stage, steps, coefficients[0], float(intercepts[0]), loss="log", parameters=_penalty(stage))


def read_hinge(stage: Stage, steps: Steps) -> tuple[Steps, Linear]:
    """A linear support vector classifier: `coefficients, intercept`."""
    return _single(stage, steps, loss="hinge", parameters=_penalty(stage))


def read_regression(stage: Stage, steps: Steps) -> tuple[Steps, Linear]:
    """A linear regression of labels 0 and 1: `intercept, coefficients, scale`."""
    return _single(stage, steps, loss="squared", parameters=_penalty(stage))


def read_generalised(stage: Stage, steps: Steps) -> tuple[Steps, Linear]:
    """A generalised linear regression of labels 0 and 1: `intercept, coefficients`.

    Of the gaussian family with the identity link it is a linear regression, of the binomial one with the logit link a
    logistic regression: without a penalty the very same, but a penalty is on coefficients as they are, where
    `LogisticRegression` standardises; so a penalised one has no `reg_param` that a retraining could take over.
    """
    family = str(stage.parameter("family") or "gaussian").lower()
    link = str(stage.parameter("link") or {"gaussian": "identity", "binomial": "logit"}.get(family)).lower()
    if (family, link) not in (("gaussian", "identity"), ("binomial", "logit")):
        raise stage.refuse(f"its family is {family} and its link {link}; gaussian/identity and binomial/logit are read")
    if stage.parameter("offsetCol"):
        raise stage.refuse("it adds an offset from a column; fit it without one")
    parameters = _penalty(stage)
    if parameters["reg_param"] != 0 or family == "gaussian":
        parameters["unscaled_reg_param"] = parameters.pop("reg_param")
    return _single(stage, steps, loss="log" if family == "binomial" else "squared", parameters=parameters)


def _single(
    stage: Stage, steps: Steps, *, loss: Literal["log", "hinge", "squared"], parameters: Mapping[str, Parameter]
) -> tuple[Steps, Linear]:
    (row,) = stage.table().to_pylist()
    coefficients, intercept = vector(row["coefficients"]), float(row["intercept"])
    return steps, linear(stage, steps, coefficients, intercept, loss=loss, parameters=parameters)


def linear(
    stage: Stage,
    steps: Steps,
    coefficients: npt.NDArray[np.float64],
    intercept: float,
    *,
    loss: Literal["log", "hinge", "bayes", "squared"],
    parameters: Mapping[str, Parameter],
) -> Linear:
    """A linear model, after making sure that it was fitted on the features that its pipeline makes."""
    check_width(stage, steps, len(coefficients))
    return Linear(coefficients, intercept, parameters, loss=loss)


def check_width(stage: Stage, steps: Steps, fitted: int) -> None:
    """Make sure that an estimator was fitted on as many features as its pipeline makes."""
    width = features_width(steps)
    if fitted != width:
        raise stage.refuse(f"it was fitted on {fitted} features, its pipeline makes {width}")


def _penalty(stage: Stage) -> dict[str, Parameter]:
    return {"reg_param": float(stage.parameter("regParam")), "max_iter": int(stage.parameter("maxIter"))}
