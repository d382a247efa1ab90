"""Means over units: Student's interval against scipy, its level in duels of equals, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp

from analysis.inference.units import mean_of_units


@pytest.mark.parametrize("units", [5, 6, 20])
def test_it_equals_scipys_t_test(units: int) -> None:
    """Mean, interval and p-value are those of scipy's one-sample t-test."""
    values = np.random.default_rng(units).normal(0.3, 1, units)
    found, expected = mean_of_units(values.tolist()), ttest_1samp(values, 0)
    interval = expected.confidence_interval(0.95)
    assert found is not None
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert (found.units, found.difference) == (units, pytest.approx(values.mean()))


@pytest.mark.parametrize("windows_of_a_fit", [1, 5, 20, 70, 140])
def test_a_policy_is_claimed_in_5_percent_of_duels_of_equals(windows_of_a_fit: int) -> None:
    """Five seeds, two equal policies: 5 % claims, however long the luck of one fit lasts within a duel."""
    rng = np.random.default_rng(windows_of_a_fit)
    fits = -(-140 // windows_of_a_fit)
    luck = rng.standard_normal((2000, 5, fits)).repeat(windows_of_a_fit, axis=2)[:, :, :140]
    duels = (luck + rng.standard_normal((2000, 5, 140))).mean(axis=2)
    claims = sum(found.finding != "no difference" for found in map(mean_of_units, duels) if found)
    assert binom.ppf(0.001, 2000, 0.05) <= claims <= binom.ppf(0.999, 2000, 0.05)


@pytest.mark.parametrize("spread", [(1, 1, 1, 1, 100), (1, 1, 10, 10, 10, 10), (1, 3, 9, 27, 81)])
def test_unlike_units_are_claimed_less_often_not_more(spread: tuple[int, ...]) -> None:
    """Seeds or streams of different noise keep the level: at 5 % the t-test errs on the safe side."""
    duels = np.random.default_rng(1).standard_normal((2000, len(spread))) * spread
    claims = sum(found.finding != "no difference" for found in map(mean_of_units, duels) if found)
    assert claims <= binom.ppf(0.999, 2000, 0.05)


def test_fewer_than_five_units_claim_nothing() -> None:
    """Four seeds, however clear, are no evidence about a policy."""
    assert mean_of_units([5.0, 5.1, 5.2, 5.3]) is None


@pytest.mark.parametrize(("value", "finding", "p_value"), [(0.0, "no difference", 1.0), (0.5, "better", 0.0)])
def test_units_that_agree_exactly(value: float, finding: str, p_value: float) -> None:
    """Without any spread the mean is what it is: zero is no difference, anything else is one."""
    found = mean_of_units([value] * 6)
    assert found is not None
    assert (found.finding, found.p_value, found.low, found.high) == (finding, p_value, value, value)


@given(st.lists(st.floats(-50, 50).map(lambda value: round(value, 3)), min_size=5, max_size=12))
def test_finding_interval_and_p_value_agree(values: list[float]) -> None:
    """A difference is found exactly where the p-value is below 5 %, and swapping the arms swaps it."""
    found, swapped = mean_of_units(values), mean_of_units([-value for value in values])
    assert found is not None
    assert swapped is not None
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.finding != "no difference") == (found.p_value < 0.05)
    assert {"better": "worse", "worse": "better"}.get(found.finding, found.finding) == swapped.finding
