"""More of the same stream: where blocks may begin, what is refused, and the level in duels of equals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from analysis.inference.blocks import BLOCKS, _block_means, _cuts, more_of_the_same


def series(values: Sequence[float]) -> list[np.ndarray]:
    """Windows of one record each."""
    return [np.array([value]) for value in values]


def fitted(windows: int, every: int) -> list[str]:
    """A new model in every so-manieth window."""
    return [f"m{window // every}" for window in range(windows)]


def claims(duels: np.ndarray, every: int) -> int:
    """In how many duels, float64[duels, windows], something is claimed."""
    models, static = fitted(duels.shape[1], every), ["static"] * duels.shape[1]
    return sum(more_of_the_same(series(duel), models, static).finding in ("better", "worse") for duel in duels)


@pytest.mark.parametrize("every", [1, 5, 20])
@pytest.mark.parametrize("luck", [0.3, 1.0])
def test_duels_of_equals_are_claimed_in_5_percent(every: int, luck: float) -> None:
    """Whether a fit's luck lasts 1, 5 or 20 of 140 windows, equal arms are told apart as often as 5 % allow."""
    rng = np.random.default_rng((every, round(10 * luck)))
    lucks = rng.standard_normal((1000, 140 // every)).repeat(every, axis=1) * np.sqrt(luck)
    claimed = claims(lucks + rng.standard_normal((1000, 140)), every)
    assert binom.ppf(0.001, 1000, 0.05) <= claimed <= binom.ppf(0.999, 1000, 0.05)


def test_neighbours_that_resemble_each_other_cost_little() -> None:
    """Windows that follow an AR(1) with 0.7 raise 5 % to at most 9 %, where a t-test over windows claims 40 %."""
    rng = np.random.default_rng(3)
    duels = rng.standard_normal((1000, 140))
    for window in range(1, 140):
        duels[:, window] = 0.7 * duels[:, window - 1] + np.sqrt(0.51) * duels[:, window]
    assert claims(duels, 1) <= 90


@pytest.mark.parametrize(("windows", "every"), [(140, 70), (140, 140), (140, 35), (4, 1), (270, 70)])
def test_one_stream_cannot_say(windows: int, every: int) -> None:
    """With fewer than five blocks that share no fit there is no estimate, however large the difference."""
    found = more_of_the_same(series([9.0, 8.0] * (windows // 2)), fitted(windows, every), ["static"] * windows)
    assert (found.estimate, found.finding, found.p_value) == (None, "one stream can't say", 1.0)
    assert found.fits == -(-windows // every)


def test_fits_in_a_bunch_are_no_blocks() -> None:
    """Eight new models at the start and one for the rest of the stream are not spread enough to speak of the rest."""
    models = [f"m{min(window, 8)}" for window in range(100)]
    found = more_of_the_same(series(range(100)), models, ["static"] * 100)
    assert (found.fits, found.finding) == (9, "one stream can't say")


def test_windows_before_the_first_new_model_do_not_count() -> None:
    """Where the arm still is the reference nothing can differ: those windows dilute no mean and make no block."""
    rng = np.random.default_rng(1)
    gains = rng.normal(2, 1, 40)
    late = more_of_the_same(series([*np.zeros(60), *gains]), ["s"] * 60 + fitted(40, 2), ["s"] * 100)
    alone = more_of_the_same(series(gains), fitted(40, 2), ["s"] * 40)
    assert (late.first, late.fits, late.estimate) == (60, 20, alone.estimate)


def test_arms_that_never_parted() -> None:
    """Two arms with one model throughout have no fit to judge."""
    found = more_of_the_same(series([0.0] * 9), ["s"] * 9, ["s"] * 9)
    assert (found.first, found.fits, found.finding) == (9, 0, "one stream can't say")


def test_a_reference_that_is_retrained_has_luck_of_its_own() -> None:
    """Between two arms that are retrained, a block begins only where both have a new model."""
    found = more_of_the_same(series(range(40)), fitted(40, 1), [f"r{window // 8}" for window in range(40)])
    assert (found.fits, found.estimate.units) == (5, 5)


def test_a_rollback_joins_what_lies_between() -> None:
    """A model that returns is the same fit: no block may begin between its first and its last window."""
    assert _cuts(["a", "b", "b", "a", "c", "d", "d"]) == {4, 5}


def test_windows_without_a_labelled_record_are_left_out() -> None:
    """Empty windows change neither mean nor blocks."""
    values = np.random.default_rng(2).normal(0, 1, 20)
    full = more_of_the_same(series(values), fitted(20, 1), ["s"] * 20)
    gaps = [*series(values[:10]), np.empty(0), *series(values[10:])]
    models = fitted(20, 1)
    assert full == more_of_the_same(gaps, [*models[:10], "x", *models[10:]], ["s"] * 21)


def test_blocks_are_nearly_equal() -> None:
    """Eight blocks of 80 windows that are all free to be cut have ten windows each; means are in error points."""
    assert [100.0 * block for block in range(8)] == _block_means(series(np.repeat(np.arange(8), 10)), range(1, 80))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60))
def test_no_model_stands_in_two_blocks(numbers: list[int]) -> None:
    """Whatever the order in which models come and go, models before and after a cut are different ones."""
    models = [f"m{number}" for number in numbers]
    for cut in _cuts(models):
        assert not set(models[:cut]) & set(models[cut:])
    found = more_of_the_same(series(range(len(models))), models, ["static"] * len(models))
    assert found.estimate is None or found.estimate.units <= min(BLOCKS, found.fits)
