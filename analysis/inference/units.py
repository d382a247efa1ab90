"""The mean of a few independent units with Student's interval: seeds, streams, or blocks of one stream."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .compare import CONFIDENCE

FEWEST_UNITS = 5
"""With fewer units nothing is claimed: Student's test would hold its level, but find next to nothing."""
SAME = "same for every seed"
"""The finding where seeds are one result."""


@dataclass(frozen=True, slots=True)
class UnitEstimate:
    """A mean loss difference over units, reference minus arm: positive where the arm is better.

    Attributes:
        units: how many.
        difference: their unweighted mean, in error points (errors per 100 records).
        low: lower end of the 95 % interval, in error points.
        high: upper end of it.
        standard_error: in error points.
        p_value: two-sided; below 0.05 exactly where the interval excludes 0.
    """

    units: int
    difference: float
    low: float
    high: float
    standard_error: float
    p_value: float

    @property
    def finding(self) -> str:
        """`better`, `worse` or `no difference`, seen from the arm."""
        if self.low <= 0 <= self.high:
            return "no difference"
        return "better" if self.difference > 0 else "worse"


def mean_of_units(differences: Sequence[float]) -> UnitEstimate | None:
    """Student's t over independent units, or None if there are fewer than `FEWEST_UNITS`.

    This is the test for claims about a *policy*: a unit is then a seed or a stream, its value the pooled difference
    of one whole duel. Student's t and no sign-flip test, as the latter can't reach 5 % with 5 units (2 of 32). At
    5 % it stays valid where normal units have different variances (Bakirov and Szekely 2006).

    Args:
        differences: a number per unit, in error points, reference minus arm.

    The traps: units that share a stream say nothing about other streams; units that share a fit aren't independent.

    >>> mean_of_units([1.0, 2.0, 3.0, 2.0, 2.0]).finding
    'better'
    >>> mean_of_units([1.0, 2.0, 3.0, 2.0]) is None
    True
    """
    from scipy.special import stdtr, stdtrit

    values = np.asarray(differences, dtype=np.float64)
    units = len(values)
    if units < FEWEST_UNITS:
        return None
    mean, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(units)
    if values.min() == values.max():
        return UnitEstimate(units, mean, mean, mean, 0.0, float(mean == 0))
    reach = float(stdtrit(units - 1, 0.5 + CONFIDENCE / 2)) * error
    p_value = 2 * float(stdtr(units - 1, -abs(mean) / error))
    return UnitEstimate(units, mean, mean - reach, mean + reach, error, p_value)


def policy_claim(differences: Sequence[float], *, unit: str) -> dict[str, Any]:
    """What units say of a policy together: `difference`, `low`, `high` and `finding`, as plain JSON values.

    Seeds that all come out the same are one result: nothing of it depends on chance, and an interval over them would
    be a point, and a lie. Neither they nor too few units have an interval, `standard_error` or `p_value`.

    Args:
        differences: a number per unit, in error points, reference minus arm.
        unit: what the units are, in the plural: `seeds` or `streams`.

    >>> policy_claim([1.0] * 5, unit="seeds")
    {'difference': 1.0, 'low': None, 'high': None, 'finding': 'same for every seed'}
    >>> policy_claim([1.0, 2.0], unit="streams")["finding"], policy_claim([], unit="seeds")["difference"]
    ('too few streams', None)
    """
    one_result = unit == "seeds" and len(differences) > len(set(differences)) == 1
    estimate = None if one_result else mean_of_units(differences)
    if estimate is not None:
        return {**asdict(estimate), "finding": estimate.finding}
    mean = sum(differences) / len(differences) if differences else None
    finding = SAME if one_result else f"too few {unit}"
    return {"difference": mean, "low": None, "high": None, "finding": finding}
