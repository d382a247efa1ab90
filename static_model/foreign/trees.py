"""What strangers' trees have in common: a first tree of one leaf, and where missing values go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .columns import Feature, Features

Arrays = dict[str, npt.NDArray[Any]]

LOWEST = -float(np.finfo(np.float32).max)
"""A number that no threshold of single precision is below."""


def send_missing_left(arrays: Arrays, features: Features, goes_left: npt.NDArray[np.bool_]) -> tuple[Arrays, Features]:
    """Send missing values left where the stranger's trees do; here they go right.

    Where a feature may be missing and some node sends it left, that node compares a copy of the feature instead, in
    which a missing value is lower than any threshold. So each value takes the very path that it took there.

    Args:
        arrays: `feature` and the rest, as in `Forest`.
        features: what the trees look at.
        goes_left: bool[nodes], whether a missing value goes left; means nothing in a leaf.

    Returns:
        The arrays with `feature` renumbered, and the features with the copies behind them.
    """
    feature = arrays["feature"].copy()
    copies: list[Feature] = []
    for place, known in enumerate(features):
        here = (arrays["feature"] == place) & goes_left
        if known.nullable and here.any():
            feature[here] = len(features) + len(copies)
            copies.append(known.then("fill", LOWEST))
    return {**arrays, "feature": feature}, (*features, *copies)


def with_first_leaf(arrays: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """The arrays with a tree of a single leaf before the others: for what boosted trees begin with."""
    moved = {name: np.where(arrays[name] >= 0, arrays[name] + 1, -1) for name in ("left", "right")}
    leaf = {"feature": -1, "threshold": 0.0, "left": -1, "right": -1}
    whole = {**arrays, **moved}
    joined = {
        name: np.append(np.array([first]), whole[name]).astype(arrays[name].dtype) for name, first in leaf.items()
    }
    return {**joined, "roots": np.append(0, arrays["roots"] + 1).astype(np.int32)}
