"""How good a classifier is: the figures and the curves."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from static_model.assessment import assess, calibration, curves, expected_cost, precision_at
from static_model.assessment_tables import write_table
from static_model.metrics import METRICS, Counts


@st.composite
def judged(draw):
    """Labels of both classes, and scores with many ties."""
    size = draw(st.integers(2, 60))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size).filter(lambda x: 0 < sum(x) < len(x)))
    scores = draw(st.lists(st.integers(0, 8), min_size=size, max_size=size))
    return np.array(labels, np.int8), np.array(scores) / 8


@given(judged())
def test_ranking_metrics_are_scikit_learns(rows) -> None:
    """Average precision and Brier score are scikit-learn's, ties included; the baseline is the share of class 1."""
    labels, scores = rows
    found = assess(labels, scores, threshold=0.5)
    assert found["pr_auc"] == pytest.approx(sk.average_precision_score(labels, scores))
    assert found["brier"] == pytest.approx(sk.brier_score_loss(labels, scores))
    assert found["pr_baseline"] == pytest.approx(labels.mean())


@given(judged())
def test_curves_are_scikit_learns(rows) -> None:
    """Every point of the ROC curve is one of scikit-learn's, and their areas agree; so for precision and recall."""
    labels, scores = rows
    found = curves(labels, scores)
    fpr, tpr, _ = sk.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.roc[:, :2], np.column_stack([fpr, tpr]))
    precision, recall, _ = sk.precision_recall_curve(labels, scores)
    np.testing.assert_allclose(found.pr[1:, :2], np.column_stack([recall, precision])[-2::-1])


@given(judged())
def test_recall_at_a_false_positive_rate_is_the_best_of_all_thresholds(rows) -> None:
    """Below 100 rows of class 0 it isn't said; with them it is what trying every threshold finds."""
    labels, scores = rows
    assert assess(labels, scores, threshold=0.5)["recall_at_1pct_fpr"] is None
    many_labels = np.append(labels, np.zeros(100, np.int8))
    many_scores = np.append(scores, np.linspace(0, 1, 100))
    allowed = 0.01 * (many_labels == 0).sum()
    best = max(
        (many_scores[many_labels == 1] >= t).sum()
        for t in [*many_scores, 2.0]
        if (many_scores[many_labels == 0] >= t).sum() <= allowed
    )
    found = assess(many_labels, many_scores, threshold=0.5)["recall_at_1pct_fpr"]
    assert found == pytest.approx(best / labels.sum())


def test_calibration_has_bins_of_equally_many_rows() -> None:
    """Ten bins of 100 rows; a perfectly calibrated score has almost no error, a doubled one has it all."""
    random = np.random.default_rng(0)
    scores = random.random(1000)
    labels = (random.random(1000) < scores).astype(np.int8)
    bins = calibration(labels, scores)
    np.testing.assert_array_equal([100.0] * 10, bins[:, 2])
    assert (np.diff(bins[:, 0]) > 0).all()
    assert assess(labels, scores, threshold=0.5)["ece"] < 0.06
    assert assess(np.zeros(1000, np.int8) | (np.arange(1000) < 1), scores, threshold=0.5)["ece"] > 0.45


def test_equal_scores_stay_in_one_bin() -> None:
    """A bin never parts a tie: with two scores there are two bins."""
    labels, scores = np.array([0, 1] * 50, np.int8), np.repeat([0.25, 0.75], [30, 70])
    np.testing.assert_array_equal([[0.25, 0.5, 30.0], [0.75, 0.5, 70.0]], calibration(labels, scores))


def test_long_curves_are_thinned_but_for_their_ends() -> None:
    """At most 500 points, from no alarm to all."""
    random = np.random.default_rng(0)
    labels, scores = random.integers(0, 2, 20_000).astype(np.int8), random.random(20_000)
    found = curves(labels, scores)
    assert 500 == len(found.roc) == len(found.pr)
    np.testing.assert_array_equal([[0.0, 0.0, np.inf], [1.0, 1.0, scores.min()]], found.roc[[0, -1]])


def test_what_needs_both_classes_or_probabilities_is_undefined() -> None:
    """One class has an accuracy only; scores that are no probabilities have no calibration."""
    one = assess(np.zeros(5, np.int8), np.zeros(5), threshold=0.5)
    assert {"accuracy": 1.0} == {name: value for name, value in one.items() if value is not None}
    assert set(METRICS) < set(one)
    svc = assess(np.array([0, 1], np.int8), np.array([0.1, 0.9]), threshold=0.5, probabilistic=False)
    assert [None] * 3 == [svc[name] for name in ("log_loss", "brier", "ece")]
    assert 1.0 == svc["pr_auc"]


def test_precision_and_cost_follow_the_deployments_prevalence() -> None:
    """Recall 0.9 and 10 % false alarms: at one attack in a thousand fewer than one alarm in a hundred is right."""
    counts = Counts(tp=90, fp=10, tn=90, fn=10)
    assert precision_at(counts, 0.001) == pytest.approx(0.0009 / (0.0009 + 0.0999))
    assert precision_at(counts, 0.5) == pytest.approx(0.9)
    assert expected_cost(counts, 0.001, cost_fp=1, cost_fn=500) == pytest.approx(0.0999 + 0.05)
    assert precision_at(Counts(tp=0, fp=0, tn=5, fn=5), 0.5) is None
    labels = np.repeat(np.array([1, 0], np.int8), 100)
    scores = np.concatenate([np.repeat([0.9, 0.1], [90, 10]), np.repeat([0.9, 0.1], [10, 90])])
    found = assess(labels, scores, threshold=0.5, prevalence=0.001, cost_fn=500)
    assert found["precision_at_prevalence"] == pytest.approx(precision_at(counts, 0.001))
    assert found["expected_cost"] == pytest.approx(0.1499)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_table_is_a_formula(begin: str, tmp_path: Path) -> None:
    """Text that a spreadsheet would compute begins with a quote; numbers below 0 and other text are as they are."""
    write_table(tmp_path / "t.csv", ("a", "b", "c"), [(f"{begin}1+1", -1.5, "x-1")])
    with (tmp_path / "t.csv").open(newline="") as file:
        assert [["a", "b", "c"], [f"'{begin}1+1", "-1.5", "x-1"]] == [*csv.reader(file)]
