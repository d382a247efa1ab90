"""The area under a metric over time."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.over_time import AreaUnderTime, area_under_time

VALUES = st.lists(st.floats(0, 1), min_size=2, max_size=30)


@given(VALUES)
def test_the_area_is_the_papers_formula(values):
    """The mean height of the trapezoids between neighbouring windows, from 0 to 1."""
    expected = sum((first + second) / 2 for first, second in pairwise(values)) / (len(values) - 1)
    assert area_under_time(values) == AreaUnderTime(pytest.approx(expected, abs=1e-12), len(values), 0)


@given(st.floats(0, 1), st.integers(2, 50))
def test_a_metric_that_never_changes_is_its_own_area(value, size):
    """However many windows there are."""
    assert area_under_time([value] * size).value == pytest.approx(value)


def test_undefined_windows_are_bridged_and_counted():
    """None and NaN leave a straight line between their neighbours; at the ends they are no part of the time."""
    found = area_under_time([None, 1.0, math.nan, None, 0.4, 0.4])
    assert found == AreaUnderTime(pytest.approx((3 * 0.7 + 0.4) / 4), 3, 3)


@pytest.mark.parametrize("values", [[], [0.5], [None, 0.5, None]])
def test_one_point_has_no_area(values):
    """With fewer than two defined windows there is no curve."""
    assert area_under_time(values).value is None
