"""Which of several algorithms is kept: statistics of repeated splits, and the rule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import matthews_corrcoef

from static_model.training.selection import corrected_error, gain_error, mcc, p_value, select, spread

ORDER = ("logistic_regression", "gradient_boosted_trees", "random_forest")


def validated(seed: int, wrong: int, *, size: int = 1000) -> tuple:
    """Labels, and scores that are wrong on so many of them."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, size).astype(np.int8)
    scores = labels.astype(float)
    places = random.permutation(size)[:wrong]
    scores[places] = 1 - scores[places]
    return labels, scores


def repeats(wrong: int, *, splits: int = 5, seed: int = 0) -> list:
    """Several splits of the same kind; each algorithm sees the same labels."""
    return [validated(seed + split, wrong + split % 2) for split in range(splits)]


def test_the_mcc_is_scikit_learns_and_an_undefined_one_counts_as_zero() -> None:
    """A model that always says the same is no better than chance."""
    labels, scores = validated(1, 130)
    assert mcc(labels, scores) == pytest.approx(matthews_corrcoef(labels, scores > 0.5), abs=1e-12)
    assert mcc(labels, np.zeros(len(labels))) == 0.0


def test_the_variance_is_corrected_for_overlapping_training_parts() -> None:
    """Nadeau and Bengio: 1/n + n2/n1 in the place of 1/n, n2/n1 being 1/4 with a fifth held out."""
    differences = np.array([0.01, 0.03, 0.02, 0.05, 0.04])
    expected = np.sqrt((1 / 5 + 0.2 / 0.8) * np.var(differences, ddof=1))
    assert expected == pytest.approx(corrected_error(differences, share=0.2))
    t = differences.mean() / expected
    assert 2 * stats.t.sf(t, 4) == pytest.approx(p_value(differences, share=0.2))
    low, high = stats.t.interval(0.95, 4, loc=0.03, scale=expected)
    found = spread(differences, share=0.2)
    assert (pytest.approx(low), pytest.approx(high)) == (found.low, found.high)


def test_the_uncorrected_test_would_claim_too_much() -> None:
    """On repeated splits of pure noise the corrected test claims a difference in about 5 % of cases, not in a third."""
    random = np.random.default_rng(3)
    claims = plain = 0
    for _ in range(300):
        rows = random.normal(size=500)  # per-row differences of two equal algorithms
        means = np.array([random.permutation(rows)[:100].mean() for _ in range(10)])
        claims += p_value(means, share=0.2) < 0.05
        plain += stats.ttest_1samp(means, 0).pvalue < 0.05
    assert claims <= 30
    assert plain > 60


def test_a_clear_winner_is_kept_whatever_it_costs() -> None:
    """The forest is dearer and much better on every split."""
    found = select(
        {"logistic_regression": repeats(100), "random_forest": repeats(10)}, cost_order=ORDER, share=0.2, seed=0
    )
    assert ("random_forest", True) == (found.algorithm, found.test.apart)
    assert "p = " in found.reason
    assert found.reason.endswith("it is better")


def test_of_two_that_cannot_be_told_apart_the_cheaper_one_is_kept() -> None:
    """A tiny mean difference is no reason to score fifty trees."""
    noisy = [validated(split, 100 + 8 * (-1) ** split) for split in range(5)]
    found = select({"random_forest": noisy, "logistic_regression": repeats(101)}, cost_order=ORDER, share=0.2, seed=0)
    assert ("logistic_regression", False) == (found.algorithm, found.test.apart)
    assert found.reason.endswith("they can't be told apart, and logistic_regression is cheaper")


@pytest.mark.parametrize(("wrong", "kept"), [(100, "logistic_regression"), (10, "random_forest")])
def test_on_one_split_the_costlier_must_be_better_by_a_standard_error(wrong: int, kept: str) -> None:
    """Without repeats there is no test; a bootstrap over rows stands in."""
    single = {"logistic_regression": [validated(0, 100)], "random_forest": [validated(0, wrong)]}
    found = select(single, cost_order=ORDER, share=0.2, seed=0)
    assert kept == found.algorithm
    assert found.test.p is None
    assert found.spreads["random_forest"].low is None


def test_the_bootstrap_error_is_that_of_the_difference() -> None:
    """Two models that err on the same rows differ less than two that err on others."""
    labels, scores = validated(0, 100)
    same = gain_error((labels, scores), (labels, scores), seed=0)
    other = gain_error((labels, scores), (labels, validated(0, 0)[1]), seed=0)
    assert 0.0 == same
    assert 0.005 < other < 0.05


def test_a_single_algorithm_is_kept_as_it_is() -> None:
    """Without a rival there is nothing to decide."""
    found = select({"random_forest": repeats(3)}, cost_order=ORDER, share=0.2, seed=0)
    assert ("random_forest", "the only algorithm asked for", None) == (found.algorithm, found.reason, found.test)
