"""Bins of a column: none of its records is lost, and rare ones don't look like a change."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from online.detectors.bins import bins_of, together


def test_bins_of_few_values_keep_unknown_and_missing_apart() -> None:
    """Known values have a bin each, the missing one too if it was known; what is new shares the last bin."""
    bins = bins_of(np.repeat([1.0, 2.0, np.nan], 40), exact=True, bins=0)
    column = np.repeat([1.0, 2.0, np.nan, 5.0, -1.0], [10, 20, 30, 20, 20])
    assert bins.counts(column).tolist() == [[40, 40, 40, 0], [10, 20, 30, 40]]


def test_missing_values_have_a_bin_of_their_own_among_quantiles() -> None:
    """Also where the reference has none."""
    bins = bins_of(np.arange(100.0), exact=False, bins=2)
    column = np.array([*range(-20, 0), *range(200, 230), *[np.nan] * 50])
    assert bins.counts(column).tolist() == [[50, 50, 0], [20, 30, 50]]


def test_rare_bins_are_put_together_by_both_rows() -> None:
    """Two bins of 10 of 1,100 make less than 5 expected in the window of 100 and are joined with the next one."""
    joined = together(np.array([[900, 80, 10, 10], [80, 20, 0, 0]]))
    assert joined.tolist() == [[900, 100], [80, 20]]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40)), min_size=1, max_size=12))
def test_putting_together_loses_no_record(pairs: list[tuple[int, int]]) -> None:
    """The rows keep their sums, and a window is expected to have five records in each bin, if there are several."""
    counts = np.array(pairs).T
    if not counts[1].sum():
        return
    joined = together(counts)
    assert joined.sum(axis=1).tolist() == counts.sum(axis=1).tolist()
    expected = joined.sum(axis=0) * counts[1].sum() / counts.sum()
    assert joined.shape[1] == 1 or bool((expected >= 5 - 1e-9).all())
