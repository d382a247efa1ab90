"""The smallest detectable difference: by formula, by simulation, and what it must not be measured on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nct, norm, t

from analysis.inference.compare import pooled_difference
from analysis.inference.power import Discordance, discordance, smallest_detectable

STREAM = Discordance(np.full(140, 1000), np.full(140, 0.06))


def test_the_formula() -> None:
    """(1.96 + 0.84) standard errors of the discordance: 6 % in 140 windows of 1,000 give 0.18 points."""
    expected = 100 * (norm.ppf(0.975) + norm.ppf(0.8)) * np.sqrt(0.06 / 140_000)
    assert smallest_detectable(STREAM) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("units", [5, 8])
def test_few_units_have_the_power_of_the_noncentral_t(units: int) -> None:
    """For blocks Student's test has a power of 80 % on average over the standard errors that may be printed."""
    rng = np.random.default_rng(1)
    errors = np.sqrt(rng.chisquare(15, 20_000) / 15)
    sizes = smallest_detectable(STREAM, units=units) / 100 / np.sqrt(0.06 / 140_000) * errors
    power = nct.sf(t.ppf(0.975, units - 1), units - 1, sizes).mean()
    assert power == pytest.approx(0.8, abs=0.005)


@pytest.mark.parametrize(("first", "factor"), [(0, 1.0), (105, 2.0)])
def test_what_is_left_after_the_first_new_model(first: int, factor: float) -> None:
    """With a quarter of the stream left, the gain in that quarter must be twice as large."""
    assert smallest_detectable(STREAM, first=first) == pytest.approx(factor * smallest_detectable(STREAM))


def test_inflation_widens_by_its_root() -> None:
    """Long-run variances count for the question that they belong to."""
    dependent = Discordance(STREAM.records, STREAM.share, within=2.25, between=4.0)
    assert smallest_detectable(dependent) == pytest.approx(1.5 * smallest_detectable(STREAM))
    assert smallest_detectable(dependent, units=8) == pytest.approx(2 * smallest_detectable(STREAM, units=8))


def test_a_difference_of_that_size_is_found_in_80_percent() -> None:
    """Of 400 duels with a true gain of the printed size about 320 are found on the stream."""
    rng = np.random.default_rng(5)
    small = Discordance(np.full(40, 250), np.full(40, 0.06))
    gain = smallest_detectable(small) / 100
    chances = [(0.06 - gain) / 2, 0.94, (0.06 + gain) / 2]
    duels = rng.choice([-1.0, 0.0, 1.0], (400, 40, 250), p=chances)
    found = sum(pooled_difference(list(duel)).low > 0 for duel in duels)
    assert found / 400 == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / 400))


def test_measured_on_never_and_always() -> None:
    """Discordance by window from what the two got wrong; independent records and windows have no inflation."""
    rng = np.random.default_rng(1)
    never, always = rng.random((2, 60, 1000)) < 0.03
    found = discordance(list(never), list(always))
    assert np.allclose(found.share, (never ^ always).mean(axis=1))
    assert (found.within, found.between) == (pytest.approx(1, abs=0.1), pytest.approx(1, abs=0.9))


def test_dependence_is_measured() -> None:
    """Records that come in runs inflate within windows, a shared shift between windows inflates there."""
    rng = np.random.default_rng(2)
    runs = np.repeat(rng.random((2, 60, 250)) < 0.03, 4, axis=2)
    assert discordance(list(runs[0]), list(runs[1])).within == pytest.approx(3.3, abs=0.5)
    halves = np.repeat(rng.random((60, 250)) < 0.5, 4, axis=1)  # a gain everywhere is no noise: 0.25 is, not 0.5
    assert discordance(list(halves), [np.zeros(1000, bool)] * 60).within == pytest.approx(3.5, abs=0.5)
    rates = np.repeat([0.02, 0.06], 30)[:, None]
    shifted = discordance(list(rng.random((60, 1000)) < rates), list(rng.random((60, 1000)) < 0.04))
    assert shifted.between > 10


def test_equal_arms_promise_nothing() -> None:
    """Where never and always don't differ at all, six records' worth is the least that can be spoken of."""
    none = discordance([np.zeros(1000, bool)] * 3, [np.zeros(1000, bool)] * 3)
    assert smallest_detectable(none) == pytest.approx(100 * 6 / 3000)


def test_no_window_is_left() -> None:
    """After the end of the stream nothing can be shown, and an empty stream shows nothing."""
    assert (None, None) == (smallest_detectable(STREAM, first=140), smallest_detectable(discordance([], [])))
