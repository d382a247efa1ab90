"""The dispersion index: about 1 for a constant rate, large for a moving one, and blind to known changes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2

from analysis.inference.dispersion import Dispersion, dispersion, warning


def test_by_hand() -> None:
    """Two stretches of two windows: squared deviations over the binomial variance, two degrees of freedom."""
    found = dispersion(np.array([10, 20, 50, 50]), np.array([100] * 4), np.array([0, 0, 1, 1]))
    assert found is not None
    assert found.index == pytest.approx(2 * 25 / (100 * 0.15 * 0.85) / 2)
    assert (found.degrees, found.p_value) == (2, pytest.approx(chi2.sf(2 * 25 / 12.75, 2)))


@pytest.mark.parametrize("rate", [0.02, 0.18])
def test_a_constant_rate_is_warned_of_in_1_percent(rate: float) -> None:
    """Of 1,000 streams of 100 windows with one error rate as many are warned of as the level says."""
    rng = np.random.default_rng(1)
    streams = rng.binomial(1000, rate, (1000, 100))
    found = [dispersion(errors, np.full(100, 1000), np.zeros(100, int)) for errors in streams]
    warned = sum(one.excessive for one in found if one)
    assert binom.ppf(0.001, 1000, 0.01) <= warned <= binom.ppf(0.9999, 1000, 0.013)


@pytest.mark.parametrize("factor", [1.25, 2.0])
def test_it_measures_the_variance_factor(factor: float) -> None:
    """Beta-binomial windows with a known variance factor have that index, within its simulation error."""
    rng = np.random.default_rng(2)
    spread = (factor - 1) / 999
    rates = rng.beta(0.18 * (1 / spread - 1), 0.82 * (1 / spread - 1), 4000)
    found = dispersion(rng.binomial(1000, rates), np.full(4000, 1000), np.zeros(4000, int))
    assert found is not None
    assert found.index == pytest.approx(factor, rel=4 * np.sqrt(2 / 4000))
    assert found.excessive


def test_a_known_change_is_no_overdispersion() -> None:
    """Two rates in two stretches scatter like one; taken for one stretch, or with the windows between, they don't."""
    rng = np.random.default_rng(3)
    errors = np.concatenate([rng.binomial(1000, 0.02, 50), [100, 200], rng.binomial(1000, 0.3, 50)])
    records, apart = np.full(102, 1000), np.repeat([0, -1, 1], [50, 2, 50])
    known, unknown = dispersion(errors, records, apart), dispersion(errors, records, np.zeros(102, int))
    assert known is not None
    assert unknown is not None
    assert (known.excessive, unknown.excessive, known.degrees, unknown.degrees) == (False, True, 98, 101)


@pytest.mark.parametrize(
    ("errors", "records"), [([3], [9]), ([], []), ([0, 0], [9, 9]), ([9, 9], [9, 9]), ([1, 0], [9, 0])]
)
def test_nothing_to_compare(errors: list[int], records: list[int]) -> None:
    """One window, no window, no error, errors only, and a second window without labels have no index."""
    assert dispersion(np.array(errors), np.array(records), np.zeros(len(errors), int)) is None


def test_the_warning() -> None:
    """The sentence names the arm, the index, what it does to false alarms, and the remedy."""
    words = warning("dynamic", Dispersion(2.0, 99, 1e-6))
    assert "of 'dynamic' the dispersion index is 2.00 (1 is expected; p = 1e-06)" in words
    assert "a variance factor of 1.25 gives 1.1 false episodes per 1,000 windows, 2 gives 6.6." in words
    assert "Dividing its z by the root of the index, 1.41, restores it." in words
