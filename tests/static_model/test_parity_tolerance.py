"""How far the twin may be from Spark: not at all, a rounding, or a rounding of large terms."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from static_model.estimators import Estimator, Forest, Linear, Perceptron
from static_model.parity import apart, tolerance_of

LEAF = {name: np.full(1, -1, np.int32) for name in ("feature", "left", "right")} | {"roots": np.zeros(1, np.int32)}
FOREST = Forest(**LEAF, threshold=np.zeros(1), votes=np.ones((1, 2)), compares="float64", parameters={})


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (FOREST, [False, True, True, True]),
        (Linear(np.ones(2), 0.0, {}), [False, False, True, True]),
        (Perceptron((2, 2), np.zeros(6), {}), [False, False, True, True]),
    ],
    ids=["forest", "linear", "perceptron"],
)
def test_forests_agree_bit_for_bit_and_sums_nearly(estimator: Estimator, expected: list[bool]) -> None:
    """What is no number never agrees."""
    spark = np.array([0.5, 0.5 + 5e-13, 0.5 + 2e-12, np.nan])
    assert expected == apart(np.full(4, 0.5), spark, tolerance_of(estimator, np.ones((4, 2)))).tolist()


def test_large_terms_that_cancel_each_other_may_lose_more_digits() -> None:
    """The sum in any order is within the tolerance of the exact one, and that is no larger than it need be."""
    random = np.random.default_rng(0)
    linear = Linear(random.normal(size=40), 0.5, {})
    features = np.append(random.normal(size=(50, 39)), np.full((50, 1), 1.7e9), axis=1)
    features[:, 0] = -1.7e9 * linear.coefficients[-1] / linear.coefficients[0]
    allowed = tolerance_of(linear, features)
    for row, tolerance in zip(features, allowed, strict=True):
        terms = np.append(row * linear.coefficients, 0.5)
        exact = sum(map(Fraction, (row * linear.coefficients).tolist()), Fraction(1, 2))
        off = [abs(float(Fraction(float(np.add.reduce(random.permutation(terms)))) - exact)) for _ in range(20)]
        assert max(off) <= tolerance
        assert 1e-9 < tolerance < 1e-4
