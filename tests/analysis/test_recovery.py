"""Recovery time and lost area, on losses made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from analysis.measures.recovery import Recovery, binomial_tolerance, level_before, recoveries
from analysis.measures.transitions import Transition

LEVEL = 0.01


def recover(errors, *transitions, records=1000, tolerance=0.005, stays=3, level=LEVEL):
    errors = np.array(errors)
    return recoveries(
        errors,
        np.broadcast_to(records, errors.shape),
        [Transition(*each) for each in transitions],
        level=np.broadcast_to(level, errors.shape),
        tolerance=tolerance,
        stays=stays,
    )


def test_recovery_is_the_first_window_that_is_back_and_stays():
    """The good window 7 is followed by a bad one, so window 9 counts: 4 windows, 40 + 40 + 0 + 40 errors lost."""
    found = recover([10] * 5 + [50, 50, 10, 50] + [12, 10, 10, 10], (5, 5))
    assert found == (Recovery(5, 5, 13, "recovered", 4, 120.0, 122.0),)


def test_without_a_return_it_is_not_recovered():
    """Two good windows at the end are too few for three: no time, and all that was lost."""
    found = recover([10] * 3 + [60] * 4 + [10, 10], (3, 3))
    assert found == (Recovery(3, 3, 9, "not recovered", None, 200.0, 200.0),)


def test_a_drift_without_effect_leaves_the_arm_unharmed():
    """No window is above the tolerance: recovered after 0 windows, with what noise added or took away."""
    found = recover([10] * 3 + [12, 9, 14], (3, 3))
    assert found == (Recovery(3, 3, 6, "unharmed", 0, 0.0, 5.0),)


def test_the_loss_may_rise_late():
    """A drift in the last records of a window shows in the next: the good first window is no recovery."""
    found = recover([10] * 4 + [40, 40] + [10] * 4, (3, 3), stays=1)[0]
    assert ("recovered", 3, 60.0) == (found.state, found.windows, found.lost_to_recovery)


def test_a_good_window_within_a_gradual_drift_is_no_recovery():
    """Three good windows in the course of the transition don't count; what stays until its end does."""
    errors = [10] * 2 + [30, 10, 10, 10, 30, 12, 12, 12, 12]
    assert [5, 1] == [recover(errors, span)[0].windows for span in ((2, 8), (2, 5))]


def test_each_drift_ends_where_the_next_begins():
    """The first isn't recovered although the loss is back after the second."""
    first, second = recover([10] * 2 + [30] * 3 + [50] + [10] * 3, (2, 2), (5, 5))
    assert (2, 5, "not recovered", 60.0) == (first.start, first.until, first.state, first.lost)
    assert (5, 9, "recovered", 1, 40.0) == (second.start, second.until, second.state, second.windows, second.lost)


def test_windows_without_labels_are_no_recovery_and_cost_nothing():
    """The three unlabelled windows after the drift prove nothing."""
    errors, records = [10, 10, 50, 0, 0, 0, 10, 10, 10], np.array([1000] * 3 + [0] * 3 + [1000] * 3)
    found = recover(errors, (2, 2), records=records)[0]
    assert ("recovered", 4, 40.0) == (found.state, found.windows, found.lost)
    few = np.array([1000, 1000, 0])
    for tolerance in (0.005, binomial_tolerance(np.full(3, LEVEL), few)):
        unlabelled = recover([10, 10, 0], (2, 2), records=few, tolerance=tolerance, stays=1)[0]
        assert ("unharmed", 0.0) == (unlabelled.state, unlabelled.lost)


def test_exactly_at_the_tolerance_is_within():
    """29 of 100 are within a level of 0.29, whose product is a little less in floating point."""
    assert 0.29 * 100 < 29
    assert "unharmed" == recover([29, 29], (1, 1), records=100, tolerance=0.0, level=0.29)[0].state


def test_without_a_level_nothing_is_said():
    """A drift in the first window has nothing before it."""
    transitions, records = [Transition(0, 0)], np.full(4, 1000)
    level = level_before([9] * 4, records, transitions)
    found = recoveries([9] * 4, records, transitions, level=level, tolerance=0.1, stays=1)
    assert found == (Recovery(0, 0, 4, "no level", None, None, None),)


def test_the_level_before_is_pooled_over_the_windows_since_the_last_transition():
    """Before the first drift none; then 4 records of 30 wrong; the second sees windows 5 and 6 only."""
    errors, records = [1, 2, 1, 9, 9, 2, 3, 9], [10, 10, 10, 10, 10, 10, 20, 10]
    level = level_before(errors, records, [Transition(3, 4), Transition(7, 7)])
    assert [np.nan] * 3 + [4 / 30] * 4 + [5 / 30] == pytest.approx(level.tolist(), nan_ok=True)
    assert level_before([5] * 10 + [1] * 21, [10] * 31, [Transition(30, 30)])[-1] == pytest.approx(0.1)


def test_against_the_oracle_a_harder_concept_is_no_loss():
    """Where the oracle errs as often after the drift, the arm has recovered; against its own level it hasn't."""
    errors = [10] * 3 + [80] + [40] * 4
    oracle = np.array([10] * 3 + [40] * 5) / 1000
    assert ["recovered", "not recovered"] == [
        recover(errors, (3, 3), level=level)[0].state for level in (oracle, LEVEL)
    ]
    assert 40.0 == pytest.approx(recover(errors, (3, 3), level=oracle)[0].lost)


def test_the_binomial_tolerance_holds_999_of_1000_windows():
    """Level, margin and tolerance together are the 99.9 % quantile of a window's errors; unlabelled has none."""
    found = binomial_tolerance(np.array([0.1, 0.2, 0.2]), [1000, 500, 0], margin=0.01)
    expected = [binom.ppf(0.999, 1000, 0.11) / 1000 - 0.1, binom.ppf(0.999, 500, 0.21) / 500 - 0.2, np.nan]
    assert expected == pytest.approx(found.tolist(), nan_ok=True)


def test_noise_alone_seldom_delays_a_recovery():
    """Of 200 arms that are back 2 windows after the drift, at least 190 are seen to be with the binomial tolerance."""
    rng = np.random.default_rng(2)
    records, drift = np.full(60, 1000), [Transition(20, 20)]
    rates = np.array([0.18] * 20 + [0.4] * 2 + [0.18] * 38)
    times = []
    for _ in range(200):
        errors = rng.binomial(1000, rates)
        level = level_before(errors, records, drift)
        tolerance = binomial_tolerance(level, records)
        times.append(recoveries(errors, records, drift, level=level, tolerance=tolerance, stays=3)[0].windows)
    assert times.count(2) >= 190
