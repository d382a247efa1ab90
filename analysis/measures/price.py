"""Quality against cost: which arm is worth its retrains at which price, and which arms no other beats in both.

`alpha` is the price of one retrain in errors: at alpha 50 a retrain pays if it saves more than 50 errors. With rows
trained in place of retrains it is the price of a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from producer.errors import UsageError

ALPHAS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0)
"""Prices of a retrain from nothing to ten windows of errors."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What an arm made and paid: its errors, and its retrains (or rows trained)."""

    errors: float
    paid: float

    def total(self, alpha: float) -> float:
        """Errors and retrains in one sum, at that price of a retrain."""
        return self.errors + alpha * self.paid


@dataclass(frozen=True, slots=True)
class CostCurve:
    """The total cost of every arm over the price of a retrain.

    Attributes:
        alphas: the prices.
        totals: for each arm errors + alpha x retrains at each of them.
        cheapest: the arm with the lowest total at each of them; ties go to fewer retrains, then to the first named.
    """

    alphas: tuple[float, ...]
    totals: dict[str, tuple[float, ...]]
    cheapest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """The arm that is cheapest for prices from `low` (included) to `high` (excluded; None has no end)."""

    arm: str
    low: float
    high: float | None


def cost_curve(arms: Mapping[str, Spent], alphas: Sequence[float] = ALPHAS) -> CostCurve:
    """Every arm's errors + alpha x retrains over a grid of prices (as CARA weighs them: Mahadevan, Mathioudakis 2024).

    Raises:
        UsageError: there is no arm, or a negative price.

    >>> curve = cost_curve({"static": Spent(900, 0), "dynamic": Spent(300, 4)}, [0, 100, 200])
    >>> curve.totals["dynamic"], curve.cheapest
    ((300, 700, 1100), ('dynamic', 'dynamic', 'static'))
    """
    _check(arms, alphas)
    return CostCurve(
        alphas=tuple(alphas),
        totals={name: tuple(arm.total(alpha) for alpha in alphas) for name, arm in arms.items()},
        cheapest=tuple(_cheapest(arms, alpha) for alpha in alphas),
    )


def lower_envelope(arms: Mapping[str, Spent]) -> tuple[Segment, ...]:
    """Which arm is cheapest for which prices of a retrain: the exact lower envelope of the cost curve.

    Each next arm has more errors and fewer retrains; one that is in no segment is never worth its price.

    Raises:
        UsageError: there is no arm.

    >>> lower_envelope({"static": Spent(900, 0), "dynamic": Spent(300, 4), "always": Spent(290, 100)})[1]
    Segment(arm='dynamic', low=0.10416666666666667, high=150.0)
    """
    _check(arms, ())
    now, low = _cheapest(arms, 0.0), 0.0
    segments: list[Segment] = []
    while True:
        cheaper = [name for name, arm in arms.items() if arm.paid < arms[now].paid]
        if not cheaper:
            return (*segments, Segment(now, low, None))
        prices = {name: _break_even(arms[now], arms[name]) for name in cheaper}
        following = min(cheaper, key=lambda name: (prices[name], arms[name].paid))
        segments.append(Segment(now, low, prices[following]))
        now, low = following, prices[following]


def pareto_front(arms: Mapping[str, Spent]) -> tuple[str, ...]:
    """The arms that no other beats: none has at most as many errors and retrains, and fewer of one of them.

    Sorted by retrains; arms with the same numbers are all on the front. An arm on it may still be cheapest at no price
    (`lower_envelope` knows).

    >>> pareto_front({"static": Spent(900, 0), "dynamic": Spent(300, 4), "periodic": Spent(310, 9)})
    ('static', 'dynamic')
    """
    front = [name for name, arm in arms.items() if not any(_beats(other, arm) for other in arms.values())]
    return tuple(sorted(front, key=lambda name: arms[name].paid))


def _beats(other: Spent, arm: Spent) -> bool:
    return other.errors <= arm.errors and other.paid <= arm.paid and other != arm


def _break_even(dear: Spent, cheap: Spent) -> float:
    """The price at which the arm with fewer retrains costs no more."""
    return (cheap.errors - dear.errors) / (dear.paid - cheap.paid)


def _cheapest(arms: Mapping[str, Spent], alpha: float) -> str:
    return min(arms, key=lambda name: (arms[name].total(alpha), arms[name].paid))


def _check(arms: Mapping[str, Spent], alphas: Sequence[float]) -> None:
    if not arms:
        raise UsageError("there is no arm to weigh; name at least one")
    if any(alpha < 0 for alpha in alphas):
        raise UsageError(f"a retrain can't cost {min(alphas):g} errors; use prices of 0 or more")
