"""How far the twin may be from Spark."""

from __future__ import annotations

import numpy as np
import pytest

from static_model.estimators import Estimator, Forest, Linear
from static_model.parity import apart

LEAF = {name: np.full(1, -1, np.int32) for name in ("feature", "left", "right")} | {"roots": np.zeros(1, np.int32)}
FOREST = Forest(**LEAF, threshold=np.zeros(1), votes=np.ones((1, 2)), compares="float64", parameters={})


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [(FOREST, [False, True, True, True]), (Linear(np.zeros(1), 0.0, {}), [False, False, True, True])],
    ids=["forest", "linear"],
)
def test_forests_agree_bit_for_bit_and_sums_nearly(estimator: Estimator, expected: list[bool]) -> None:
    """What is no number never agrees."""
    spark = np.array([0.5, 0.5 + 5e-13, 0.5 + 2e-12, np.nan])
    assert expected == apart(estimator, np.full(4, 0.5), spark).tolist()
