"""What the learners that fit on rows at once have in common: whose steps make the features, and what is missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from online.interfaces import Features, Training
from producer.errors import ModelError
from static_model.artifact import Model
from static_model.features import featurise
from static_model.refitting import refit_steps
from static_model.steps import Step, columns_of

from .families import Family, family_of

LINEAR = ("logistic_regression", "linear_svc")


class Prepared(NamedTuple):
    """What an estimator is fitted on.

    Attributes:
        family: what it is to be.
        steps: what makes its features.
        features: float64[n, d], C-contiguous and without NaN.
    """

    family: Family
    steps: tuple[Step, ...]
    features: Features


def prepare(rows: Training, *, like: Model, refit_features: bool) -> Prepared:
    """The rows' features by the starting model's steps, or by these steps fitted anew on the rows.

    A missing number that no step fills goes right in every tree that scores: while trees are fitted, it is the largest
    number of single precision, which goes there, too.

    Raises:
        ModelError: nothing can replace the estimator of `like` (see `family_of`), or a linear one lacks numbers.
    """
    family = family_of(like.estimator)
    steps, features = like.steps, rows.features
    if refit_features:
        records = rows.records()
        steps = refit_steps(steps, records)
        features = featurise(steps, records)
    gone = np.isnan(features)
    if gone.any():
        if family in LINEAR:
            raise ModelError(_unfilled(steps, gone, family))
        features = np.where(gone, np.finfo(np.float32).max, features)
    return Prepared(family, steps, np.ascontiguousarray(features))


def _unfilled(steps: tuple[Step, ...], gone: Features, family: Family) -> str:
    widths = [step.width for step in steps]
    owners = np.repeat(np.arange(len(steps)), widths)
    first = steps[owners[np.flatnonzero(gone.any(axis=0))[0]]]
    return (
        f"the model can't be retrained as {family}: '{columns_of(first)[0]}' is missing in "
        f"{int(gone.any(axis=1).sum()):,} of {len(gone):,} rows, and no step of the model fills it; save it with one "
        "that does, or compare with a model of trees"
    )
