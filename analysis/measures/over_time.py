"""One number for a metric over time: the area under its curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class AreaUnderTime:
    """The area under a metric's curve, divided by the time.

    Attributes:
        value: the area; from 0 to 1 for a metric from 0 to 1; None with fewer than two defined windows.
        defined: how many windows have the metric.
        undefined: how many haven't; the curve goes straight over them.
    """

    value: float | None
    defined: int
    undefined: int


def area_under_time(values: Sequence[float | None]) -> AreaUnderTime:
    """AUT, the area under a metric over time (Pendlebury et al. 2019, TESSERACT).

    AUT(f, N) = 1 / (N - 1) times the sum over k = 1..N-1 of (f(k) + f(k + 1)) / 2: trapezoids between neighbouring
    windows. A perfect model has 1; one with the same mean that decays earlier isn't told apart.

    Args:
        values: the metric in each window, in stream order; None or NaN where it is undefined.

    The traps: every window counts the same, so a short last one as much as the others, and the two at the ends half.
    MCC may be below 0, log loss above 1 (and less is better): their areas are means over time, nothing more.

    >>> area_under_time([1.0, 0.5, None, 0.5]).value
    0.5833333333333334
    """
    known = [(at, value) for at, value in enumerate(values) if value is not None and not math.isnan(value)]
    undefined = len(values) - len(known)
    if len(known) < 2:
        return AreaUnderTime(None, len(known), undefined)
    at, height = np.array(known, dtype=np.float64).T
    return AreaUnderTime(float(np.trapezoid(height, at) / (at[-1] - at[0])), len(known), undefined)
