"""What an arm saves against the reference, window by window and summed up so far, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from analysis.inference.compare import CONFIDENCE, Wrong, bandwidth, variance_of_sum

REACH = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
"""Standard errors from the middle of an interval to its ends."""


def paired_windows(wrong: Mapping[str, Sequence[Wrong]], *, reference: str, windows: Sequence[int]) -> pd.DataFrame:
    """The paired error difference of every other arm in every window, and its variance.

    The variance is that of `inference.compare.pooled_difference`, of each window alone: of the record differences
    centred within the window, robust to dependence between neighbouring records. A single labelled record has no
    spread of its own; its variance is set to 1, the most that it can be.

    Args:
        wrong: for each arm and window which of its labelled records the arm got wrong, bool[n_w].
        reference: the arm that the others are held against.
        windows: the windows' numbers.

    Returns:
        A row for each window and arm, windows ascending: `window`, `arm`, `labelled`, `saved` (errors of the
        reference minus errors of the arm) and `variance` (of `saved`).

    >>> wrong = {"static": [np.array([True, True, False, False])], "dynamic": [np.array([False, True, False, False])]}
    >>> paired_windows(wrong, reference="static", windows=[7])
       window      arm  labelled  saved  variance
    0       7  dynamic         4      1  1.222222
    """
    arms = [arm for arm in wrong if arm != reference]
    rows = [
        (window, arm, len(theirs), *_paired(theirs, wrong[arm][at]))
        for at, (window, theirs) in enumerate(zip(windows, wrong[reference], strict=True))
        for arm in arms
    ]
    kinds = {"window": "int64", "arm": "object", "labelled": "int64", "saved": "int64", "variance": "float64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def _paired(reference: Wrong, arm: Wrong) -> tuple[int, float]:
    if not (reference ^ arm).any():
        return 0, 0.0
    difference = reference.astype(np.float64) - arm
    records = len(difference)
    if records == 1:
        return int(difference[0]), 1.0
    return int(difference.sum()), variance_of_sum(difference, lags=min(bandwidth(records), records - 1))


def window_differences(paired: pd.DataFrame) -> pd.DataFrame:
    """Errors saved per 100 labelled records in each window, with a 95 % normal interval.

    Args:
        paired: as from `paired_windows`.

    Returns:
        `window`, `arm`, `labelled`, `difference` (above 0 where the arm is better), `low` and `high`, each in errors
        per 100 records; NaN in a window without labels.

    The trap: with a handful of records that only one of the two got wrong, the normal interval is too narrow.

    >>> window_differences(pd.DataFrame({"window": [0], "arm": ["a"], "labelled": [100], "saved": [2],
    ...                                  "variance": [4.0]})).round(2).to_numpy().tolist()[0]
    [0, 'a', 100, 2.0, -1.92, 5.92]
    """
    share = 100.0 / paired["labelled"].where(paired["labelled"] > 0)
    reach = REACH * np.sqrt(paired["variance"]) * share
    middle = paired["saved"] * share
    low, high = np.maximum(middle - reach, -100.0), np.minimum(middle + reach, 100.0)
    return paired[["window", "arm", "labelled"]].assign(difference=middle, low=low, high=high)


def saved_so_far(paired: pd.DataFrame) -> pd.DataFrame:
    """Errors saved up to the end of each window, with a pointwise 95 % normal interval.

    The variances of the windows add up; at the last window this is the interval of the whole run's verdict, which
    only joins a window of a single labelled record to the one before it.

    Args:
        paired: as from `paired_windows`.

    Returns:
        `window`, `arm`, `labelled` (so far), `saved`, `low` and `high`, in errors.

    The trap: the interval holds at one window that was chosen beforehand, not at all of them together.

    >>> saved_so_far(pd.DataFrame({"window": [0, 1], "arm": ["a"] * 2, "labelled": [9, 9], "saved": [2, -1],
    ...                            "variance": [3.0, 1.0]})).round(2).to_numpy().tolist()[1]
    [1, 'a', 18, 1, -2.92, 4.92]
    """
    sums = paired.groupby("arm", sort=False)[["labelled", "saved", "variance"]].cumsum()
    reach = REACH * np.sqrt(sums["variance"])
    so_far = paired[["window", "arm"]].join(sums[["labelled", "saved"]])
    return so_far.assign(low=so_far["saved"] - reach, high=so_far["saved"] + reach)


def outside(table: pd.DataFrame) -> float:
    """The share of windows whose interval excludes 0, of those that have one; NaN if none has.

    >>> outside(pd.DataFrame({"low": [1.0, -1.0, np.nan, -3.0], "high": [2.0, 1.0, np.nan, -2.0]})).__round__(2)
    0.67
    """
    known = table["low"].notna()
    return float(((table["low"] > 0) | (table["high"] < 0))[known].mean()) if known.any() else math.nan
