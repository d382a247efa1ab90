"""Columns of numbers, held against NumPy, SciPy and scikit-learn on the same rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.feature_selection import f_classif

from static_model.profile.counts import counted_numbers, numbers_of
from static_model.profile.numbers import Numbers, measure_numbers
from static_model.profile.statistics import anova_f

pytestmark = pytest.mark.spark


def measure(load, columns, labels) -> dict[str, Numbers]:
    frame, dataset = load(columns, labels)
    with counted_numbers(frame, dataset) as counts:
        return measure_numbers(counts, numbers_of(dataset))


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(3)


def test_moments_and_quartiles_are_those_of_numpy_and_scipy(load, random) -> None:
    """Mean, deviation, quartiles, skewness, kurtosis and outliers agree with the libraries, gaps left out."""
    values = np.round(random.lognormal(size=777), 2)
    gaps = random.random(777) < 0.1
    found = measure(load, {"a": ("float", [None if g else v for v, g in zip(values, gaps, strict=True)])}, gaps * 0)[
        "a"
    ]
    known = values[~gaps]
    quartiles = np.percentile(known, (25, 50, 75))
    reach = 1.5 * (quartiles[2] - quartiles[0])
    outside = (known < quartiles[0] - reach) | (known > quartiles[2] + reach)
    assert (int(gaps.sum()), 0) == found.nulls
    assert (len(known), 0) == found.rows
    assert len(np.unique(known)) == found.distinct
    assert (known.min(), known.max()) == found.extremes
    assert pytest.approx(quartiles.tolist(), rel=1e-12) == found.quartiles
    assert pytest.approx([known.mean(), known.std(ddof=1)], rel=1e-12) == [found.mean, found.sd]
    assert pytest.approx([stats.skew(known), stats.kurtosis(known)], rel=1e-9) == [found.skewness, found.kurtosis]
    assert int(outside.sum()) == found.outliers


def test_histograms_are_those_of_numpy(load, random) -> None:
    """Between the outer quantiles the bars of each class are NumPy's; what lies outside stands at the ends."""
    values, labels = random.normal(size=600), random.integers(0, 2, 600)
    found = measure(load, {"a": ("float", values.tolist())}, labels)["a"]
    assert pytest.approx(np.quantile(values, (0.005, 0.995)).tolist()) == [found.edges[0], found.edges[-1]]
    for label in (0, 1):
        chosen = values[labels == label]
        assert np.histogram(chosen, found.edges)[0].tolist() == found.bars[1:-1, label].tolist()
        assert [(chosen < found.edges[0]).sum(), (chosen > found.edges[-1]).sum()] == found.bars[
            [0, -1], label
        ].tolist()


def test_the_sums_of_squares_give_scikit_learns_f(load, random) -> None:
    """F and its p-value are those of scikit-learn, also far from 0, where scikit-learn's own sums lose all digits."""
    labels = random.integers(0, 2, 400)
    values = random.normal(size=400) + 0.1 * labels
    found = measure(load, {"a": ("float", (values + 1e6).tolist())}, labels)["a"]
    expected = [float(x[0]) for x in f_classif(values.reshape(-1, 1), labels)]
    assert pytest.approx(expected, rel=1e-6) == list(anova_f(found.between, found.within, found.rows))


def test_bins_hold_every_row_once(load, random) -> None:
    """Few distinct numbers are a bin each; many are in bins of about equal size; missing values have a bin."""
    labels = random.integers(0, 2, 640)
    columns = {
        "few": ("int", [*random.integers(0, 5, 639).tolist(), None]),
        "many": ("float", random.normal(size=640).tolist()),
    }
    found = measure(load, columns, labels)
    counts = np.bincount([v for v in columns["few"][1] if v is not None])
    assert [*counts.tolist(), 0, 1] == found["few"].binned.sum(axis=1).tolist()
    assert found["many"].binned.sum(axis=1)[:-1].min() >= 19
    assert np.bincount(labels).tolist() == found["many"].binned.sum(axis=0).tolist()


def test_huge_numbers_have_moments_too(load) -> None:
    """Where a plain sum or square overflows, mean, deviation, skewness and F are still finite and right."""
    small = np.array([1.0, 2.0, 3.0, -4.0, 5.0, 9.0])
    labels = [0, 1, 0, 1, 0, 1]
    found = measure(load, {"huge": ("float", (small * 1.5e307).tolist()), "small": ("float", small.tolist())}, labels)
    huge, plain = found["huge"], found["small"]
    assert pytest.approx([small.mean() * 1.5e307, small.std(ddof=1) * 1.5e307]) == [huge.mean, huge.sd]
    assert pytest.approx([plain.skewness, plain.kurtosis]) == [huge.skewness, huge.kurtosis]
    f = [anova_f(x.between, x.within, x.rows)[0] for x in (huge, plain)]
    assert pytest.approx(f[1]) == f[0]
    assert np.isfinite(huge.edges).all()
    assert 6 == huge.bars.sum()


def test_the_largest_distance_that_there_is_has_a_median(load) -> None:
    """Half of the rows at one end of the range of floats and half at the other have quartiles, and no outlier."""
    found = measure(load, {"a": ("float", [-1.7e308] * 5 + [1.7e308] * 5)}, [0, 1] * 5)["a"]
    assert (-1.7e308, 0.0, 1.7e308) == found.quartiles
    assert (0.0, 0) == (found.mean, found.outliers)


def test_a_constant_column_has_no_shape(load) -> None:
    """Its mean is the constant itself, its deviation is 0, and skewness and kurtosis are undefined."""
    found = measure(load, {"a": ("float", [0.1] * 7)}, [0, 1, 0, 1, 0, 1, 0])["a"]
    assert (1, 0.1, 0.0) == (found.distinct, found.mean, found.sd)
    assert math.isnan(found.skewness)
    assert math.isnan(found.kurtosis)
    assert [[0, 0], [4, 3], [0, 0]] == found.bars.tolist()
    assert math.isnan(anova_f(found.between, found.within, found.rows)[0])


def test_an_empty_column_beside_another_is_measured_as_empty(load) -> None:
    """Without any value there are nulls by class and nothing else; also where no column has any."""
    empty = ("float", [None, None, None])
    for columns in ({"a": empty, "b": ("int", [1, 2, 3])}, {"a": empty}):
        found = measure(load, columns, [0, 1, 1])["a"]
        assert ((1, 2), (0, 0), 0) == (found.nulls, found.rows, found.distinct)
        assert math.isnan(found.mean)
        assert [[1, 2]] == found.binned.tolist()


def test_a_single_row_has_no_deviation(load) -> None:
    """One value is its own quartiles, and how values deviate is undefined."""
    found = measure(load, {"a": ("int", [5])}, [1])["a"]
    assert (5.0, 5.0, 5.0) == found.quartiles
    assert math.isnan(found.sd)
