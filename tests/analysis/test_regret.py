"""Regret against the oracle, and the share of its gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.hindsight.regret import regret

PATHS = st.lists(st.tuples(*[st.integers(0, 100)] * 3), min_size=1, max_size=20)


def costs(*values):
    return np.array(values, np.float64)


@given(PATHS)
def test_the_oracle_has_no_regret_and_static_none_of_the_gain(rows):
    """Held against itself the oracle has a regret of 0 and the whole gain; the static arm's regret is the gain."""
    oracle, static, _ = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    own, still = regret(oracle, oracle, static, gain_low=1.0), regret(static, oracle, static, gain_low=1.0)
    assert (0.0, still.total) == (own.total, own.gain)
    assert ((1.0, 0.0) if own.gain > 0 else (None, None)) == (own.share, still.share)


@given(PATHS)
def test_regret_adds_up(rows):
    """The cumulative regret ends at the total, which is the difference of the sums."""
    arm, oracle, static = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    found = regret(arm, oracle, static, gain_low=0.0)
    assert arm.sum() - oracle.sum() == found.total == found.cumulative[-1]
    assert [*np.diff(found.cumulative)] == [*(arm - oracle)[1:]]


@pytest.mark.parametrize(("gain_low", "share"), [(0.5, 0.25), (0.0, None), (-3.0, None)])
def test_the_share_is_said_only_where_the_gain_is_sure(gain_low, share):
    """Whether the bound is 0 or below, there is no share of a gain that may be none."""
    found = regret(costs(10, 35), costs(10, 20), costs(10, 40), gain_low=gain_low)
    assert (20.0, 15.0, share) == (found.gain, found.total, found.share)


def test_an_arm_may_beat_the_oracle():
    """With models that the oracle hadn't, regret is below 0 and the share above 1."""
    found = regret(costs(5, 10), costs(5, 20), costs(5, 40), gain_low=10.0)
    assert (-10.0, 1.5) == (found.total, found.share)


def test_no_window_has_no_regret():
    """An empty stretch costs nothing."""
    found = regret(costs(), costs(), costs(), gain_low=1.0)
    assert (0.0, (), None) == (found.total, found.cumulative, found.share)


def test_paths_through_different_windows_are_refused():
    """The message says how many each has."""
    with pytest.raises(ValueError, match=r"the windows differ: \(2,\) of the arm, \(1,\) oracle, \(2,\) static"):
        regret(costs(1, 2), costs(1), costs(1, 2), gain_low=0.0)
