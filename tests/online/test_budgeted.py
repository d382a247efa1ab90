"""A policy held to a budget never overspends it, and asks as its policy does until then."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from online.interfaces import Attempt, Features, Outcome, Pool, Situation, Spent
from online.policies.always import Always
from online.policies.budgeted import Budgeted, Purse
from online.policies.drift import Drift
from online.registry import build

NONE = Pool(0, 0)
LIMIT = st.none() | st.integers(0, 40)


def seen(window: int, spent: Spent) -> Situation:
    """A flawless window after that much was paid."""
    return Situation(Outcome(window, np.zeros(2, np.int8), np.zeros(2), np.zeros(2), 0.5), spent=spent)


@given(LIMIT, LIMIT, st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=30))
def test_a_budget_is_never_overspent(retrains: int | None, rows: int | None, windows: list[list[int]]) -> None:
    """Whatever the training sets of each window weigh, an arm that keeps to its attempts keeps to the budget."""
    if retrains is None and rows is None:
        return
    running, spent, wanted = Budgeted(policy=Always(), retrains=retrains, rows=rows).begin(NONE), Spent(), 0
    for window, sets in enumerate(windows):
        attempt = running.step(seen(window, spent))
        left = attempt.most_rows if attempt else 0
        for weight in sets[: attempt.most_fits] if attempt else []:
            wanted += 1
            if left is None or weight <= left:
                spent = Spent(spent.fits + 1, spent.rows + weight)
                left = None if left is None else left - weight
    assert retrains is None or spent.fits <= retrains
    assert rows is None or spent.rows <= rows
    if rows is None:
        assert spent.fits == min(retrains, sum(map(len, windows)))


def test_an_attempt_is_limited_to_what_is_left() -> None:
    """Of 10 fits and 5,000 rows, 8 and 4,000 are spent: two more fits of 1,000 rows in all."""
    running = Budgeted(policy=Always(), retrains=10, rows=5000).begin(NONE)
    assert running.step(seen(0, Spent(8, 4000))) == Attempt("every window", most_fits=2, most_rows=1000)


@pytest.mark.parametrize("spent", [Spent(10, 0), Spent(0, 5000), Spent(12, 5001)])
def test_a_spent_budget_asks_for_nothing(spent: Spent) -> None:
    """One limit reached is enough."""
    assert Budgeted(policy=Always(), retrains=10, rows=5000).begin(NONE).step(seen(0, spent)) is None


def test_budgets_may_be_nested() -> None:
    """The tighter limit of each kind holds."""
    inner = Budgeted(policy=Always(), retrains=3)
    attempt = Budgeted(policy=inner, retrains=9, rows=70).begin(NONE).step(seen(0, Spent(1, 20)))
    assert attempt == Attempt("every window", most_fits=2, most_rows=50)


def test_a_budget_without_a_limit_is_refused() -> None:
    """It would be no budget."""
    with pytest.raises(ValidationError, match="a budget needs a limit: give retrains=N, rows=N or both"):
        Budgeted(policy=Always())


def test_a_budget_dates_changes_if_its_policy_does() -> None:
    """Training sets that need a date may be used with a budgeted drift policy only."""
    found = [Budgeted(policy=policy, rows=1).dates for policy in (Drift(), Always())]
    assert found == [True, False]


def test_a_budget_is_asked_for_in_words() -> None:
    """The policy inside may be a word, or words with values of their own."""
    assert build("policy", "budgeted(drift, retrains=10)") == Budgeted(policy=Drift(), retrains=10)


@dataclass
class Looker:
    """A policy that looks at features, and asks whenever it looks."""

    looked: list[int] = field(default_factory=list)

    def step(self, seen: Situation) -> Attempt | None:
        """Nothing."""
        return None

    def look(self, window: int, features: Features) -> Attempt:
        """An attempt."""
        self.looked.append(window)
        return Attempt("looked")


class Eager(Looker):
    """One that asks at every step, too."""

    def step(self, seen: Situation) -> Attempt:
        """An attempt."""
        return Attempt("asked")


def test_what_looks_at_features_still_does_within_a_budget() -> None:
    """The look is handed on, and what it asks for is charged to the budget."""
    looker = Looker()
    purse = Purse(Budgeted(policy=Always(), retrains=2), looker)
    purse.step(seen(0, Spent(1, 0)))
    assert purse.look(1, np.zeros((2, 1))) == Attempt("looked", most_fits=1)
    purse.step(seen(1, Spent(2, 0)))
    assert purse.look(2, np.zeros((2, 1))) is None
    assert looker.looked == [1, 2]


def test_a_window_that_led_to_an_attempt_is_not_looked_at() -> None:
    """What the attempt costs isn't known yet, so that a second one might overspend."""
    purse = Purse(Budgeted(policy=Always(), retrains=2), Eager())
    assert purse.step(seen(0, Spent(1, 0))) == Attempt("asked", most_fits=1)
    assert purse.look(0, np.zeros((2, 1))) is None


def test_a_policy_that_does_not_look_need_not() -> None:
    """Looking is no duty of the policy inside."""
    assert Budgeted(policy=Always(), retrains=2).begin(NONE).look(0, np.zeros((2, 1))) is None
