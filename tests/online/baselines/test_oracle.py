"""Paths through a matrix of errors, and the hindsight oracle over them."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from online.baselines.oracle import (
    Losses,
    always,
    cheapest,
    count_errors,
    count_retrains,
    follow,
    never,
    oracle,
    percentile,
    periodic,
    random_schedules,
)


@st.composite
def small(draw: st.DrawFn) -> Losses:
    """A matrix of at most 7 windows; some fits are missing."""
    windows = draw(st.integers(1, 7))
    fitted = sorted(draw(st.sets(st.integers(0, windows - 1))))
    shape = (1 + len(fitted), windows, 2)
    errors = draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 9)))
    return Losses(errors, np.array(fitted, dtype=np.int64), draw(st.integers(1, 3)))


def schedules(losses: Losses) -> list[np.ndarray]:
    """All paths."""
    rows = range(1, 1 + len(losses.starts))
    subsets = chain.from_iterable(combinations(rows, k) for k in range(len(rows) + 1))
    return [follow(losses, list(subset)) for subset in subsets]


def cost(errors: np.ndarray, path: np.ndarray, alpha: float) -> float:
    """Errors, and alpha for each retrain."""
    return float(errors[path, np.arange(errors.shape[1])].sum() + alpha * count_retrains(path))


@given(small(), st.sampled_from([0.0, 0.5, 2.0, 20.0]))
def test_the_cheapest_path_is_the_cheapest_of_all(losses: Losses, alpha: float) -> None:
    """Dynamic programming finds what trying every schedule finds, and breaks ties towards fewer retrains."""
    errors = losses.errors.sum(axis=2)
    found = cheapest(errors, losses.starts, alpha)
    best = min((cost(errors, path, alpha), count_retrains(path)) for path in schedules(losses))
    assert (cost(errors, found, alpha), count_retrains(found)) == best


@given(small(), st.sampled_from([0.0, 0.5, 2.0]))
def test_the_oracle_is_never_worse_than_never_and_always_where_it_chose(losses: Losses, alpha: float) -> None:
    """On the records that a path was chosen by, neither never nor always costs less."""
    for half, path in enumerate(oracle(losses, alpha).paths):
        errors = losses.errors[:, :, half]
        others = [cost(errors, other, alpha / 2) for other in (never(losses), always(losses))]
        assert cost(errors, path, alpha / 2) <= min(others)


@given(small())
def test_no_model_serves_before_it_is_ready(losses: Losses) -> None:
    """Along every path a model predicts only from the lag after its last training window on."""
    for path in [*schedules(losses), *oracle(losses, 0.0).paths]:
        for window, row in enumerate(path):
            assert row == 0 or losses.fitted[row - 1] + losses.lag <= window


def noise(rng: np.random.Generator, windows: int = 60, rate: float = 0.1) -> Losses:
    """Models that are all equally good: which errs where is pure chance."""
    errors = rng.binomial(500, rate, (windows, windows, 2)).astype(np.int64)
    return Losses(errors, np.arange(windows - 1))


def test_the_cross_fitted_oracle_gains_nothing_from_noise() -> None:
    """On pure noise its mean gain over never is 0 within chance; one that scores where it chose gains hundreds."""
    rng = np.random.default_rng(3)
    gains, greedy = [], []
    for _ in range(40):
        losses = noise(rng)
        static = count_errors(losses, never(losses)).sum()
        gains.append(static - oracle(losses, 0.0).errors)
        best = cheapest(losses.errors.sum(axis=2), losses.starts, 0.0)
        greedy.append(static - count_errors(losses, best).sum())
    error = np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert abs(np.mean(gains)) < 3 * error
    assert np.mean(greedy) > 300


def test_the_oracle_finds_a_change_and_pays_for_one_retrain() -> None:
    """After a change that one fit cures it retrains once, right after it."""
    errors = np.full((6, 8, 2), 50, dtype=np.int64)
    errors[:, 3:] = 200
    errors[4:, 3:] = 50  # fitted after window 3 or later
    losses = Losses(errors, np.arange(5))
    found = oracle(losses, 10.0)
    assert [path.tolist() for path in found.paths] == [[0, 0, 0, 0, 4, 4, 4, 4]] * 2
    assert (found.errors, found.retrains, found.cost) == (1100, 1.0, 1110.0)


@pytest.mark.parametrize(("alpha", "retrains"), [(0.0, 1.0), (1190.0, 1.0), (1210.0, 0.0)])
def test_a_retrain_that_saves_1200_errors_pays_up_to_that_price(alpha: float, retrains: float) -> None:
    """The price counts against the errors of both halves, though each path is chosen on one."""
    errors = np.full((6, 8, 2), 50, dtype=np.int64)
    errors[:, 4:] = 200
    errors[4:, 4:] = 50
    assert oracle(Losses(errors, np.arange(5)), alpha).retrains == retrains


def test_always_keeps_the_model_before_a_refused_fit() -> None:
    """Where no fit was made after a window, the former model serves on; periodic takes its windows only."""
    losses = Losses(np.zeros((4, 7, 2), np.int64), np.array([0, 3, 5]))
    assert always(losses).tolist() == [0, 1, 1, 1, 2, 2, 3]
    assert periodic(losses, 2).tolist() == [0, 0, 0, 0, 2, 2, 3]
    assert periodic(losses, 3).tolist() == [0, 0, 0, 0, 0, 0, 3]
    assert never(losses).tolist() == [0] * 7


def test_the_lag_delays_every_model() -> None:
    """With a latency of two windows a model serves two windows later, and the last ones never do."""
    losses = Losses(np.zeros((5, 6, 2), np.int64), np.array([0, 1, 3, 4]), lag=3)
    assert always(losses).tolist() == [0, 0, 0, 1, 2, 2]
    assert len(losses.starts) == 2


def test_random_schedules_repeat_and_are_as_frequent_as_asked() -> None:
    """The same seed draws the same schedules; with as many retrains as models all of them are `always`."""
    losses = noise(np.random.default_rng(0), windows=12)
    first = random_schedules(losses, 3, seed=5, schedules=50)
    assert np.array_equal(first, random_schedules(losses, 3, seed=5, schedules=50))
    assert len(np.unique(first)) > 10
    full = count_errors(losses, always(losses)).sum()
    assert np.unique(random_schedules(losses, 99, seed=5, schedules=5)).tolist() == [full]


@pytest.mark.parametrize(("errors", "expected"), [(0, 100.0), (9, 0.0), (2, 50.0)])
def test_the_percentile_is_high_where_others_err_more(errors: int, expected: float) -> None:
    """100 is better than all of them, 0 worse than all, ties count half."""
    assert percentile(errors, np.array([1, 2, 2, 3])) == expected
