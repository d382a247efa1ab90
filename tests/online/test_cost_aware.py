"""The cost-aware policy: it buys a retrain when staleness is expected to cost more, and noise buys none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from online.interfaces import Losses, Outcome, Pool, Situation
from online.policies.cost_aware import Bargain, CostAware
from online.registry import build

RECORDS = 1000
HELD_OUT = Pool(20_000, 400)
CALM = 20


def losses(errors: int) -> Losses:
    """A window with that many errors."""
    return np.repeat([0.0, 1.0], [RECORDS - errors, errors])


def drive(policy: Bargain, errors: Sequence[int], gate: Callable[[int], bool]) -> dict[int, int | None]:
    """Feed windows; the gate says about each attempt whether it led to a promotion. Gives attempts with their dates."""
    asked: dict[int, int | None] = {}
    for window, wrong in enumerate(errors):
        judged = gate(window - 1) if window - 1 in asked else None
        outcome = Outcome(window, np.zeros(RECORDS, np.int8), losses(wrong), losses(wrong), 0.5)
        attempt = policy.step(Situation(outcome, judged=judged, current=lambda w: losses(errors[w])))
        if attempt:
            asked[window] = attempt.since
    return asked


def steady(rate: float, windows: int, seed: int) -> list[int]:
    """Binomial error counts."""
    return np.random.default_rng(seed).binomial(RECORDS, rate, windows).tolist()


def never(window: int) -> bool:
    """A gate that rejects everything."""
    return False


@pytest.mark.parametrize("rate", [0.02, 0.18])
def test_noise_buys_no_retrain(rate: float) -> None:
    """Without a change hardly any of 3,000 windows is taken for one, at the price of a single error."""
    found = 0
    for seed in range(3):
        policy = CostAware(alpha=1).begin(Pool(20_000, int(20_000 * rate)))
        found += len(drive(policy, steady(rate, 1000, seed), never))
    assert found <= 3


def test_a_costly_change_is_answered_at_once_and_dated() -> None:
    """A rise by 10 points costs 2,000 errors over 20 windows: more than the 500 of a retrain."""
    errors = [CALM] * 30 + [CALM + 100]
    assert drive(CostAware(alpha=500).begin(HELD_OUT), errors, never) == {30: 30}


def test_a_price_that_staleness_does_not_reach_is_not_paid() -> None:
    """The same rise isn't worth a retrain of 2,500 errors, but over a horizon of 60 windows it is."""
    errors = [CALM] * 30 + [CALM + 100] * 10
    assert drive(CostAware(alpha=2500).begin(HELD_OUT), errors, never) == {}
    assert list(drive(CostAware(alpha=2500, horizon=60).begin(HELD_OUT), errors, never))[:1] == [30]


def test_attempts_in_vain_come_ever_more_seldom_and_end() -> None:
    """Each waits until staleness has cost 500, 1,000, 2,000 and 4,000 more; then the new level is normal."""
    asked = drive(CostAware(alpha=500).begin(HELD_OUT), [CALM] * 30 + [CALM + 100] * 300, never)
    assert list(asked) == [30, 35, 45, 65, 105]


def test_after_a_promotion_that_helps_there_is_peace() -> None:
    """Once the new model is back at the level before, nothing more is bought."""
    errors = [CALM] * 30 + [CALM + 100] + [CALM] * 200
    assert list(drive(CostAware(alpha=500).begin(HELD_OUT), errors, lambda window: True)) == [30]


def test_a_second_change_is_answered_after_a_quiet_horizon() -> None:
    """The attempts of the first change are forgotten when its loss is gone."""
    errors = [CALM] * 30 + [CALM + 100] + [CALM] * 30 + [CALM + 100]
    assert drive(CostAware(alpha=500).begin(HELD_OUT), errors, lambda window: True) == {30: 30, 61: 61}


def test_a_half_recovered_model_is_followed_up() -> None:
    """A promotion that leaves 5 of 10 points is no end of it: staleness goes on to be paid for."""
    errors = [CALM] * 30 + [CALM + 100] + [CALM + 50] * 30
    asked = drive(CostAware(alpha=500).begin(HELD_OUT), errors, lambda window: True)
    assert list(asked.items())[:2] == [(30, 30), (40, 31)]


def test_a_change_without_held_out_records_is_found_against_the_windows_before() -> None:
    """A starting model without held-out records is compared with its first windows."""
    assert drive(CostAware(alpha=500).begin(Pool(0, 0)), [CALM] * 30 + [CALM + 100], never) == {30: 30}


@pytest.mark.parametrize("first_errors", [0, 1])
def test_flawless_and_almost_flawless_streams_buy_nothing(first_errors: int) -> None:
    """Neither no error nor a single one is worth a retrain."""
    errors = [first_errors if window == 60 else 0 for window in range(200)]
    assert drive(CostAware(alpha=0).begin(Pool(0, 0)), errors, never) == {}


def test_windows_of_a_former_champion_are_left_out() -> None:
    """What a replaced model got wrong is no staleness of its successor."""
    policy = CostAware(alpha=500).begin(HELD_OUT)
    outcome = Outcome(0, np.zeros(RECORDS, np.int8), losses(900), losses(900), 0.5)
    assert policy.step(Situation(outcome, stale=True)) is None
    assert policy.history == []


def test_a_promotion_counts_though_a_former_champion_predicted_the_window() -> None:
    """Where labels are late, the judgement comes with a window of the former one: the new one's losses are taken."""
    policy = CostAware(alpha=500).begin(HELD_OUT)
    outcome = Outcome(7, np.zeros(RECORDS, np.int8), losses(900), losses(900), 0.5)
    policy.step(Situation(outcome, stale=True, judged=True, current=lambda window: losses(30)))
    assert policy.history == [(7, Pool(1000, 30))]


def test_it_is_asked_for_in_words() -> None:
    """The price comes first, then the horizon."""
    assert build("policy", "cost-aware(50, 10)") == CostAware(alpha=50, horizon=10)
