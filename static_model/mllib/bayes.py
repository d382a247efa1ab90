"""Spark's saved naive Bayes models, from the table in which it saves them to plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from static_model.estimators import GaussianBayes, Linear
from static_model.steps import Index, NGrams, Picked, Step

from .linear import check_width, linear
from .splits import is_binary
from .stage import Stage, matrix, vector

Steps = tuple[Step, ...]


def read_bayes(stage: Stage, steps: Steps) -> tuple[Steps, Linear | GaussianBayes]:
    """A naive Bayes of any type: `pi, theta, sigma`, a row of theta and sigma for each class.

    All but the gaussian one are linear: the two classes' logarithms differ by a sum over the features.
    """
    (row,) = stage.table().to_pylist()
    priors, theta = vector(row["pi"]), matrix(row["theta"])
    if len(priors) != 2:
        raise stage.refuse(f"it has {len(priors)} classes, not two")
    check_width(stage, steps, theta.shape[1])
    if _type(stage) == "gaussian":
        return steps, GaussianBayes(theta, matrix(row["sigma"]), priors, {})
    coefficients, intercept = theta[1] - theta[0], float(priors[1] - priors[0])
    if _type(stage) == "complement":
        intercept = 0.0  # its classes' shares aren't used
    if _type(stage) == "bernoulli":
        absent = np.log1p(-np.exp(theta))
        coefficients = (theta[1] - absent[1]) - (theta[0] - absent[0])
        intercept += float(absent[1].sum() - absent[0].sum())
    smoothing: dict[str, Any] = {"smoothing": float(stage.parameter("smoothing"))}
    return steps, linear(stage, steps, coefficients, intercept, loss="bayes", parameters=smoothing)


def bayes_notes(stage: Stage, steps: Steps) -> tuple[str, ...]:
    """What Spark fails on, where the features may hold it, and what happens here."""
    if _type(stage) == "gaussian" or all(_is_safe(step, _type(stage)) for step in steps):
        return ()
    bad = "neither 0 nor 1" if _type(stage) == "bernoulli" else "negative"
    return (f"Spark fails on a record with a feature that is {bad} in {stage.title}; here it is scored all the same",)


def _is_safe(step: Step, kind: str) -> bool:
    """Whether a step's features can't be what Spark fails on."""
    inner = step.step if isinstance(step, Picked) else step
    if isinstance(inner, NGrams):
        return kind != "bernoulli" or inner.binary
    return is_binary(inner) or (isinstance(inner, Index) and kind != "bernoulli")


def _type(stage: Stage) -> str:
    found = str(stage.parameter("modelType") or "multinomial")
    if found not in ("multinomial", "complement", "bernoulli", "gaussian"):
        raise stage.refuse(f"its type is {found!r}")
    return found
