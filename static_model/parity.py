"""How far the portable twin's scores may be from Spark's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .estimators import Estimator, Forest

TOLERANCE = 1e-12
"""How far scores may differ where they are sums, which depend on their order. Forests may not differ."""

Floats = npt.NDArray[np.float64]


def tolerance_of(estimator: Estimator) -> float:
    """How far a score of this estimator may be from Spark's."""
    return 0.0 if isinstance(estimator, Forest) else TOLERANCE


def apart(estimator: Estimator, ours: Floats, theirs: Floats) -> npt.NDArray[np.bool_]:
    """Which of the scores, float64[n] each, are further from each other than they may be; NaN always is."""
    return ~(np.abs(ours - theirs) <= tolerance_of(estimator))
