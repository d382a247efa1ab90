"""The rule by which one of the fitted models is kept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from static_model.selection import mcc_gain, select

ORDER = ("logistic_regression", "random_forest")


def _flipped(labels, count, *, start=0):
    predictions = labels.copy()
    predictions[start : start + count] ^= 1
    return predictions


@pytest.fixture
def labels():
    return np.random.default_rng(0).integers(0, 2, 1000).astype(np.int8)


def test_the_gain_is_the_difference_of_scikit_learns_mcc(labels):
    """The estimate is exact, and the bootstrap around it isn't zero."""
    first, second = _flipped(labels, 100), _flipped(labels, 30, start=80)
    gain, error = mcc_gain(labels, first, second, seed=0)
    assert gain == pytest.approx(matthews_corrcoef(labels, second) - matthews_corrcoef(labels, first), abs=1e-12)
    assert 0.005 < error < 0.05


def test_an_undefined_mcc_counts_as_zero(labels):
    """A model that always says the same is no better than chance."""
    constant = np.zeros_like(labels)
    assert mcc_gain(labels, constant, labels, seed=0)[0] == pytest.approx(1.0)
    assert mcc_gain(labels, constant, constant, seed=0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "kept"), [(100, "logistic_regression"), (99, "logistic_regression"), (10, "random_forest")]
)
def test_the_costlier_model_wins_only_by_more_than_a_standard_error(labels, wrong, kept):
    """Ties and differences within one standard error go to the cheaper one."""
    predictions = {"logistic_regression": _flipped(labels, 100), "random_forest": _flipped(labels, wrong, start=400)}
    assert select(labels, predictions, cost_order=ORDER, seed=0).algorithm == kept


def test_a_single_algorithm_is_kept_as_it_is(labels):
    """Without a rival there is nothing to decide."""
    selection = select(labels, {"random_forest": labels}, cost_order=ORDER, seed=0)
    assert (selection.algorithm, selection.reason) == ("random_forest", "the only algorithm asked for")
