"""The threshold of a saved classifier's score; Spark has several ways to say it."""

from __future__ import annotations

import math

from .stage import Stage

MAX_MARGIN = 20.0
"""Beyond this, scores of margins stand too close to 0 or 1 to tell them apart."""


def threshold_of(stage: Stage) -> float:
    """The score above which a record is positive (strictly)."""
    thresholds = stage.parameter("thresholds")
    if thresholds is not None:
        return _from_ratios(stage, [float(value) for value in thresholds])
    own = stage.parameter("threshold")
    if own is None or _is_multinomial(stage):  # several rows of coefficients: the larger probability wins
        return 0.5
    if stage.name != "LinearSVCModel":
        return float(own)
    if abs(float(own)) > MAX_MARGIN:
        raise stage.refuse(f"its threshold, a margin, is {own}; only {-MAX_MARGIN} to {MAX_MARGIN} can be told apart")
    return 1.0 / (1.0 + math.exp(-float(own)))


def _is_multinomial(stage: Stage) -> bool:
    return stage.name == "LogisticRegressionModel" and bool(stage.table()["isMultinomial"][0].as_py())


def _from_ratios(stage: Stage, thresholds: list[float]) -> float:
    """The class wins whose probability divided by its threshold is larger; on a tie class 0 does."""
    if len(thresholds) != 2 or min(thresholds) < 0 or sum(thresholds) <= 0:
        raise stage.refuse(f"its thresholds are {thresholds}; two are read, at most one of them 0")
    zero, one = thresholds
    if zero == 0:
        return 1.0  # Spark takes a quotient by 0 for infinite: class 0 always wins
    if stage.name == "LogisticRegressionModel" and not _is_multinomial(stage):
        return 1.0 / (1.0 + zero / one) if one else 0.0
    return _largest_negative(zero, one) if one else 0.0


def _largest_negative(zero: float, one: float) -> float:
    """The largest probability of class 1 that isn't enough, with the rounding of Spark's two divisions."""
    found = one / (zero + one)
    while found > 0 and found / one > (1 - found) / zero:
        found = math.nextafter(found, 0)
    while found < 1 and not (above := math.nextafter(found, 1)) / one > (1 - above) / zero:
        found = above
    return found
