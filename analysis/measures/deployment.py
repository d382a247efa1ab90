"""What an arm would be worth elsewhere: at another share of attacks, and in the user's own costs."""

from __future__ import annotations

from dataclasses import dataclass

from producer.errors import UsageError
from static_model.assessment import expected_cost, precision_at
from static_model.metrics import Counts

RECORDS = 1_000
"""Costs are said for this many records."""
DEAREST = 1e15
"""The highest cost of one error: sums over a stream stay exact enough, and finite."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """An arm's totals at a deployment's share of attacks; what is undefined is None.

    Attributes:
        prevalence: the share of class 1 where the model will be used.
        precision: the share of its alarms that would be right.
        cost: of 1,000 records.
        cost_silent: of 1,000 records, of a model that never raises an alarm.
        cost_alarmed: of 1,000 records, of a model that always does.
    """

    prevalence: float
    precision: float | None
    cost: float | None
    cost_silent: float
    cost_alarmed: float


def deployed(counts: Counts, *, prevalence: float, cost_fp: float, cost_fn: float) -> Deployment:
    """Precision and expected cost where the attacks are as frequent as in the deployment, not as in the stream.

    Recall and false-positive rate are kept, as if only the mixture changed (Axelsson 2000, the base-rate fallacy).
    Beside the cost stand those of the two models that look at nothing: an arm that is dearer than either isn't worth
    its records.

    Args:
        counts: an arm's confusion matrix over the stream.
        prevalence: the share of class 1 there, from 0 to 1.
        cost_fp: of a false alarm, 0 or more.
        cost_fn: of a missed attack, 0 or more.

    Raises:
        UsageError: no such share or costs.

    >>> here = deployed(Counts(tp=90, fp=10, tn=990, fn=10), prevalence=0.001, cost_fp=1, cost_fn=100)
    >>> round(here.precision, 4), round(here.cost, 2), here.cost_silent, here.cost_alarmed
    (0.0826, 19.99, 100.0, 999.0)
    """
    if not 0 <= prevalence <= 1:
        raise UsageError(f"a prevalence of {prevalence:g} is no share of records; use one from 0 to 1")
    if not (0 <= cost_fp <= DEAREST and 0 <= cost_fn <= DEAREST):
        raise UsageError(f"costs of {cost_fp:g} and {cost_fn:g} are none of errors; use 0 to {DEAREST:g}")
    known = counts.tp + counts.fn and counts.fp + counts.tn
    return Deployment(
        prevalence=prevalence,
        precision=precision_at(counts, prevalence) if known else None,
        cost=RECORDS * expected_cost(counts, prevalence, cost_fp=cost_fp, cost_fn=cost_fn) if known else None,
        cost_silent=RECORDS * prevalence * cost_fn,
        cost_alarmed=RECORDS * (1 - prevalence) * cost_fp,
    )
