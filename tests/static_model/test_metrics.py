"""The metrics equal scikit-learn's, and undefined is None."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as reference

from static_model.metrics import METRICS, RATES, Counts, binary_metrics, count, metrics_from_counts, wilson

SCORES = st.one_of(st.sampled_from([0.0, 0.25, 0.5, np.nextafter(0.5, 1), 1.0]), st.floats(0, 1))
BATCHES = st.lists(st.tuples(st.integers(0, 1), SCORES), min_size=1, max_size=60)
COUNTS = st.builds(Counts, tp=st.integers(0, 9), fp=st.integers(0, 9), tn=st.integers(0, 9), fn=st.integers(0, 9))


def arrays(batch):
    labels, scores = zip(*batch, strict=True)
    return np.array(labels, np.int8), np.array(scores, np.float64)


@given(BATCHES)
def test_metrics_equal_those_of_scikit_learn_wherever_they_are_defined(batch):
    """Every metric that isn't None equals scikit-learn's function on the same records, ties included."""
    labels, scores = arrays(batch)
    predictions = (scores > 0.5).astype(np.int8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "accuracy": reference.accuracy_score(labels, predictions),
            "balanced_accuracy": reference.balanced_accuracy_score(labels, predictions),
            "precision": reference.precision_score(labels, predictions),
            "recall": reference.recall_score(labels, predictions),
            "f1": reference.f1_score(labels, predictions),
            "mcc": reference.matthews_corrcoef(labels, predictions),
            "roc_auc": reference.roc_auc_score(labels, scores),
            "log_loss": reference.log_loss(labels, scores, labels=[0, 1]),
        }
    actual = binary_metrics(labels, scores, threshold=0.5)
    defined = {name: value for name, value in actual.items() if value is not None}
    assert METRICS == tuple(actual)
    assert defined == pytest.approx({name: expected[name] for name in defined}, abs=1e-12)


@given(BATCHES)
def test_only_what_is_undefined_is_none(batch):
    """One class leaves the accuracy alone; else precision needs predicted positives, MCC both predictions."""
    labels, scores = arrays(batch)
    actual = binary_metrics(labels, scores, threshold=0.5)
    alarms = int((scores > 0.5).sum())
    expected = set()
    if len(set(labels.tolist())) == 1:
        expected = set(METRICS) - {"accuracy"}
    else:
        expected |= {"precision"} if alarms == 0 else set()
        expected |= {"mcc"} if alarms in (0, len(labels)) else set()
    assert expected == {name for name, value in actual.items() if value is None}


def test_no_records_have_no_metrics():
    """A batch without a single record has no metric at all, not even an accuracy."""
    actual = binary_metrics(np.zeros(0, np.int8), np.zeros(0), threshold=0.5)
    assert dict.fromkeys(METRICS) == actual


def test_a_score_at_the_threshold_is_a_negative():
    """Positive is strictly above the threshold, as Spark breaks ties."""
    actual = binary_metrics(np.array([0, 1], np.int8), np.array([0.5, 0.5]), threshold=0.5)
    assert (0.5, 0.0, 0.5) == (actual["accuracy"], actual["recall"], actual["roc_auc"])


def test_a_nan_score_leaves_the_ranking_metrics_undefined():
    """A NaN has no rank and no likelihood, so ROC-AUC and log loss are None and the counts take it for negative."""
    actual = binary_metrics(np.array([0, 1, 1], np.int8), np.array([0.1, 0.9, np.nan]), threshold=0.5)
    assert (0.5, None, None) == (actual["recall"], actual["roc_auc"], actual["log_loss"])


def test_counts_name_each_cell_of_the_confusion_matrix():
    """Labels and predictions of any 0/1 type are counted into the four cells."""
    labels = np.array([1, 1, 1, 0, 0, 0, 0, 1], np.int8)
    predictions = np.array([1, 0, 0, 1, 1, 1, 0, 1], np.bool_)
    assert Counts(tp=2, fp=3, tn=1, fn=2) == count(labels, predictions)


@given(BATCHES, BATCHES)
def test_counts_of_windows_add_up(first, second):
    """The sum of two windows' counts is the count of both windows together."""
    parts = []
    for batch in (first, second, first + second):
        labels, scores = arrays(batch)
        parts.append(count(labels, scores > 0.5))
    assert parts[2] == parts[0] + parts[1]
    assert len(first) + len(second) == parts[2].total


@given(COUNTS)
def test_rates_are_the_metrics_of_the_same_name(counts):
    """Successes over trials of each rate give the metric itself, wherever that is defined."""
    values = metrics_from_counts(counts)
    for name, rate in RATES.items():
        successes, trials = rate(counts)
        if values[name] is not None:
            assert values[name] == successes / trials


def test_huge_counts_don_t_overflow_the_mcc():
    """The product of four counts exceeds 64 bits long before the counts do."""
    big = 10**9
    assert metrics_from_counts(Counts(tp=3 * big, fp=big, tn=3 * big, fn=big))["mcc"] == pytest.approx(0.5)


@given(st.data())
def test_wilson_equals_scipy(data):
    """The interval equals scipy's for any successes, trials and confidence."""
    trials = data.draw(st.integers(1, 5000))
    successes = data.draw(st.integers(0, trials))
    confidence = data.draw(st.sampled_from([0.8, 0.95, 0.99]))
    expected = binomtest(successes, trials).proportion_ci(confidence_level=confidence, method="wilson")
    actual = wilson(successes, trials, confidence=confidence)
    assert (expected.low, expected.high) == pytest.approx(actual, abs=1e-12)


def test_wilson_without_trials_is_the_whole_range():
    """Nothing counted says nothing about the share."""
    assert (0.0, 1.0) == wilson(0, 0)
