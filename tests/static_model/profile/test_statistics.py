"""Statistics of counts, held against SciPy and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from static_model.profile import statistics as s


def test_mutual_information_is_scikit_learns_with_the_correction() -> None:
    """In bits, and by Miller and Madow less (bins - 1)(classes - 1) / 2n nats where every cell is filled."""
    table = np.array([[30, 10], [20, 25], [5, 40]])
    nats = mutual_info_score(None, None, contingency=table) - (3 - 1) * (2 - 1) / (2 * table.sum())
    assert pytest.approx(nats / math.log(2), rel=1e-12) == s.mutual_information(table)


def test_noise_has_about_no_mutual_information() -> None:
    """Two hundred noisy words in two thousand rows say next to nothing; uncorrected counts would say more."""
    random = np.random.default_rng(0)
    table = np.zeros((200, 2), np.int64)
    np.add.at(table, (random.integers(0, 200, 2000), random.integers(0, 2, 2000)), 1)
    uncorrected = mutual_info_score(None, None, contingency=table) / math.log(2)
    assert uncorrected > 0.06
    assert s.mutual_information(table) < uncorrected / 4


def test_one_class_has_no_mutual_information_and_no_chi_squared() -> None:
    """With one class, or one value, there is nothing to say: undefined, and no error."""
    assert math.isnan(s.mutual_information(np.array([[3, 0], [4, 0]])))
    assert all(math.isnan(x) for x in s.chi_squared(np.array([[3, 0], [4, 0]])))
    assert all(math.isnan(x) for x in s.chi_squared(np.array([[3, 5]])))


def test_chi_squared_is_scipys() -> None:
    """Statistic and p-value are those of SciPy without Yates' correction; empty bins don't count."""
    table = np.array([[30, 10], [0, 0], [20, 25], [5, 40]])
    expected = stats.chi2_contingency(table[[0, 2, 3]], correction=False)
    assert pytest.approx((expected.statistic, expected.pvalue), rel=1e-12) == s.chi_squared(table)


def test_cramers_v_is_one_for_copies_and_about_zero_for_noise() -> None:
    """A permutation of words is a copy; words at random go together no more than chance lets them."""
    random = np.random.default_rng(1)
    words = random.integers(0, 20, 5000)
    copy, noise = np.zeros((20, 20), np.int64), np.zeros((20, 20), np.int64)
    np.add.at(copy, (words, (words * 7 + 3) % 20), 1)
    np.add.at(noise, (words, random.integers(0, 20, 5000)), 1)
    assert pytest.approx(1.0) == s.cramers_v(copy)
    assert s.cramers_v(noise) < 0.05
    assert math.isnan(s.cramers_v(copy[:1]))


def test_anova_knows_its_limits() -> None:
    """Without rows of a class or any variation F is undefined; two classes that are constants give infinity."""
    assert all(math.isnan(x) for x in s.anova_f(1.0, 1.0, (5, 0)))
    assert all(math.isnan(x) for x in s.anova_f(0.0, 0.0, (5, 5)))
    assert (math.inf, 0.0) == s.anova_f(4.0, 0.0, (5, 5))


def test_holm_is_never_below_the_p_value_and_keeps_the_order() -> None:
    """Corrected values are at least the raw ones, at most 1, and sorted alike."""
    random = np.random.default_rng(2)
    raw = random.random(40) ** 4
    corrected = np.array(s.holm(raw.tolist()))
    assert (corrected >= raw).all()
    assert (corrected <= 1).all()
    assert (np.diff(corrected[np.argsort(raw)]) >= 0).all()
    assert pytest.approx(min(raw) * 40) == corrected.min()


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
def test_correlations_are_scipys_at_any_scale(scale: float) -> None:
    """Pearson and Spearman agree with SciPy over the rows that both have, however large or small the numbers."""
    random = np.random.default_rng(4)
    a = random.normal(size=200)
    b = np.round(a + random.normal(size=200), 1)
    a[:5], b[3:9] = np.nan, np.nan
    both = ~np.isnan(a) & ~np.isnan(b)
    assert pytest.approx(stats.pearsonr(a[both], b[both]).statistic) == s.pearson(a * scale, b)
    assert pytest.approx(stats.spearmanr(a[both], b[both]).statistic) == s.spearman(a * scale, b)


def test_a_constant_has_no_correlation() -> None:
    """With a constant, or with fewer than two rows, a correlation is undefined."""
    assert math.isnan(s.pearson(np.ones(5), np.arange(5.0)))
    assert math.isnan(s.spearman(np.ones(1), np.ones(1)))


def test_agreement_is_spearmans_over_what_both_rank() -> None:
    """Each two rankings are compared over the columns that both know; two columns are too few."""
    rankings = {"x": [1, 2, 3, 4, None], "y": [2, 1, 4, 3, 5], "z": [None, None, None, 1, 2]}
    expected = stats.spearmanr([1, 2, 3, 4], [2, 1, 4, 3]).statistic
    found = s.agreement(rankings)
    assert [("x", "y"), ("x", "z"), ("y", "z")] == [pair[:2] for pair in found]
    assert pytest.approx(expected) == found[0][2]
    assert math.isnan(found[1][2])
    assert math.isnan(found[2][2])
