"""Bands against plain resampling of records, scikit-learn and scipy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import log_loss, roc_auc_score

from analysis.measures import bands as module
from analysis.measures.bands import _auc_of, _log_loss_of, count_bands, percentiles, rate_bands, record_bands
from static_model.metrics import binary_metrics, count, metrics_from_counts

COUNTS = np.array([[40, 12, 140, 8], [90, 5, 100, 5], [3, 30, 160, 7]])


@pytest.mark.parametrize("metric", ["f1", "mcc", "balanced_accuracy"])
def test_counts_resampled_are_records_resampled(metric: str) -> None:
    """Drawing the four counts anew gives the band that drawing the records anew gives, within Monte Carlo error."""
    rng = np.random.default_rng(0)
    bands = count_bands(metric, COUNTS, resamples=4000)
    for (tp, fp, tn, fn), band in zip(COUNTS, bands, strict=True):
        labels = np.repeat([1, 0, 0, 1], [tp, fp, tn, fn])
        predictions = np.repeat([1, 1, 0, 0], [tp, fp, tn, fn])
        drawn = rng.integers(0, len(labels), (1500, len(labels)))
        values = [metrics_from_counts(count(labels[rows], predictions[rows]))[metric] for rows in drawn]
        expected = np.quantile(values, [0.025, 0.975])
        assert expected == pytest.approx(band, abs=0.15 * (expected[1] - expected[0]))


def test_rates_have_wilsons_interval() -> None:
    """Each rate stands on its own denominator: precision on alarms, recall on class 1, accuracy on all."""
    for metric, hits, trials in (("precision", 40, 52), ("recall", 40, 48), ("accuracy", 180, 200)):
        expected = binomtest(hits, trials).proportion_ci(method="wilson")
        assert (expected.low, expected.high) == pytest.approx(tuple(rate_bands(metric, COUNTS[:1])[0]), abs=1e-12)


def test_equal_counts_have_equal_bands() -> None:
    """A window's band depends on its own counts only, not on the other windows or arms beside it."""
    alone = count_bands("f1", COUNTS[1:2])
    assert alone.tolist() == count_bands("f1", np.concatenate([COUNTS, COUNTS]))[[1]].tolist()
    assert alone.tolist() == count_bands("f1", np.concatenate([COUNTS, COUNTS]))[[4]].tolist()


def test_what_can_not_be_resampled_has_no_band() -> None:
    """Windows of one class or of no record at all have NaN; a single positive's resamples without it don't count."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(count_bands("mcc", np.array([[0, 0, 0, 0], [50, 0, 0, 50], [0, 10, 90, 0]]))).all()
        assert [1.0, 1.0] == count_bands("f1", np.array([[1, 0, 99, 0]]))[0].tolist()
        # One in seven resamples has neither of two positives: not a single of the others has an F1 of 0.
        assert 0 < count_bands("f1", np.array([[2, 30, 60, 0]]))[0, 0]
    assert (0, 2) == count_bands("f1", np.empty((0, 4), dtype=np.int64)).shape


def test_percentiles_are_numpys() -> None:
    """Row by row what numpy.nanquantile says, and NaN where there is nothing."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(20, 57))
    values[rng.random(values.shape) < 0.3] = np.nan
    values[3], values[4, 1:] = np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = np.nanquantile(values, [0.025, 0.975], axis=1).T
    assert np.allclose(expected, percentiles(values), equal_nan=True)


@pytest.mark.parametrize("digits", [1, 9])
def test_weighted_metrics_are_scikit_learns(digits: int) -> None:
    """Area and log loss of a resample are scikit-learn's on the records that it drew, ties included."""
    rng = np.random.default_rng(2)
    labels = (rng.random(300) < 0.2).astype(np.int8)
    scores = (0.3 * labels + 0.7 * rng.random(300)).round(digits)
    weights = rng.poisson(1, (3, 300)).astype(np.float32)
    one = labels == 1
    parts = scores[one], scores[~one], weights[:, one], weights[:, ~one]
    for row, weight in enumerate(weights):
        auc = roc_auc_score(labels, scores, sample_weight=weight)
        assert auc == pytest.approx(_auc_of(*parts)[row], abs=1e-6)
        loss = log_loss(labels, scores, sample_weight=weight)
        assert loss == pytest.approx(_log_loss_of(*parts)[row] * 300 / weight.sum(), abs=1e-5)


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_record_bands_are_records_resampled(metric: str) -> None:
    """The band of scores is the one of drawing records anew, for each model, within Monte Carlo error."""
    rng = np.random.default_rng(3)
    labels = (rng.random(200) < 0.4).astype(np.int8)
    models = [np.clip(0.25 + 0.5 * labels + rng.normal(0, s, 200), 0.01, 0.99) for s in (0.2, 0.5)]
    bands = record_bands(metric, labels, [*models, np.full(200, np.nan)], resamples=3000)
    for scores, band in zip(models, bands, strict=False):
        drawn = rng.integers(0, 200, (1500, 200))
        values = [binary_metrics(labels[rows], scores[rows], threshold=0.5)[metric] for rows in drawn]
        expected = np.quantile(values, [0.025, 0.975])
        assert expected == pytest.approx(band, abs=0.15 * (expected[1] - expected[0]))
    assert np.isnan(bands[2]).all()
    assert np.isnan(record_bands(metric, np.ones(9, dtype=np.int8), [np.ones(9)])).all()


def test_large_windows_are_resampled_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records a window has, few resamples are held at once, and the band stays the same but for chance."""
    rng = np.random.default_rng(4)
    labels = (rng.random(400) < 0.4).astype(np.int8)
    scores = [0.2 * labels + 0.8 * rng.random(400)]
    whole = record_bands("roc_auc", labels, scores)[0]
    monkeypatch.setattr(module, "_CELLS", 7 * 400)
    assert whole == pytest.approx(record_bands("roc_auc", labels, scores)[0], abs=0.15 * (whole[1] - whole[0]))
