"""How far the portable twin's scores may be from Spark's: as far as the order of their sums can take them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .estimators import Estimator, Forest, Linear

TOLERANCE = 1e-12
"""How far scores may differ where they are sums, which depend on their order. Forests may not differ."""

Floats = npt.NDArray[np.float64]


def tolerance_of(estimator: Estimator, features: Floats) -> Floats:
    """How far each row's score, float64[n], may be from Spark's.

    Sums of large terms that cancel each other lose more digits: a linear model's margin may be off by the machine's
    epsilon times the number of its terms times their sum without signs (Higham 2002, section 3.1). With a column of
    epoch seconds that is 1e-10.

    Args:
        estimator: what scores.
        features: float64[n, d].
    """
    if isinstance(estimator, Forest):
        return np.zeros(len(features))
    if isinstance(estimator, Linear):
        terms = np.abs(features) @ np.abs(estimator.coefficients) + abs(estimator.intercept)
        rounding: Floats = np.finfo(np.float64).eps * (features.shape[1] + 1) * terms
        return np.maximum(rounding, TOLERANCE)
    return np.full(len(features), TOLERANCE)


def apart(ours: Floats, theirs: Floats, tolerance: Floats) -> npt.NDArray[np.bool_]:
    """Which of the scores, float64[n] each, are further from each other than they may be; NaN always is."""
    return ~(np.abs(ours - theirs) <= tolerance)
