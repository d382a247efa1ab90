"""Planted drifts in windows, and the harm they do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from analysis.measures.transitions import Harm, Transition, harms, in_windows

FIRST = [0, 100, 250, 300]
"""Windows may differ in size."""


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 0, (0, 0)), (99, 99, (0, 0)), (100, 100, (1, 1)), (120, 300, (1, 2)), (120, 301, (1, 3)), (399, 400, (3, 3))],
)
def test_a_drift_lies_in_the_windows_of_its_first_and_last_record(start, end, expected):
    """The record at `end` is already settled, so the transition's last window holds the record before it."""
    assert in_windows([{"start": start, "end": end}], FIRST, last_seq=399) == (Transition(*expected),)


def test_drifts_of_one_window_are_one_and_those_beyond_the_stream_none():
    """Two kinds planted in the same place count once, as long as the longest; order is that of the stream."""
    drifts = [{"start": 310, "end": 310}, {"start": 120, "end": 290}, {"start": 130, "end": 130}]
    late = {"start": 400, "end": 400}
    assert in_windows(drifts, FIRST, last_seq=399) == (Transition(1, 2), Transition(3, 3))
    assert in_windows([drifts[1], late], FIRST, last_seq=399) == (Transition(1, 2),)


def test_harm_equals_fishers_test_on_the_windows_around():
    """By hand: 20 windows before, 20 from the transition's last window on; the p-value is scipy's."""
    errors = np.array([10] * 25 + [99] * 4 + [14] * 40)
    found = harms(errors, np.full(69, 100), [Transition(25, 29)], least=0.01)[0]
    expected = fisher_exact([[280, 1720], [200, 1800]], alternative="greater").pvalue
    assert found == Harm(pytest.approx(0.04), pytest.approx(expected), harmful=True)


@pytest.mark.parametrize(("after", "least"), [(100, 0.01), (105, 0.01), (50, 0.01), (130, 0.05)])
def test_no_rise_or_too_small_a_one_is_harmless(after, least):
    """An equal, hardly higher or lower error rate, or a rise below what is asked for, did no harm."""
    found = harms([100] * 30 + [after] * 30, [1000] * 60, [Transition(30, 30)], least=least)[0]
    assert found.harmful is False
    assert found.rise == pytest.approx((after - 100) / 1000)


def test_the_neighbouring_drifts_are_kept_out():
    """Between two drifts only the windows that belong to neither are compared."""
    errors = [100] * 10 + [500] * 5 + [100] * 5 + [300] * 5
    found = harms(errors, [1000] * 25, [Transition(10, 14), Transition(20, 20)], least=0.01)
    assert found[0].rise == pytest.approx((500 + 5 * 100) / 6 / 1000 - 0.1)
    assert found[1].rise == pytest.approx(0.2)


@pytest.mark.parametrize("transition", [Transition(0, 0), Transition(5, 5)])
def test_without_records_on_both_sides_a_drift_counts_as_harmful(transition):
    """At the very start, or followed by unlabelled windows only, nothing shows that it did no harm."""
    found = harms([1] * 5 + [0] * 5, [10] * 5 + [0] * 5, [transition], least=0.01)
    assert found == (Harm(None, None, harmful=True),)


def test_luck_is_seldom_taken_for_harm():
    """Of 1,000 drifts that change nothing, about 1 % or fewer have a rise that isn't called luck."""
    rng = np.random.default_rng(11)
    drift, records = [Transition(20, 20)], np.full(40, 50)
    found = [harms(rng.binomial(50, 0.1, 40), records, drift, least=0.0)[0].harmful for _ in range(1000)]
    assert sum(found) <= binom.ppf(0.999, 1000, 0.01)
