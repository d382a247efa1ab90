"""Thresholds by a stated rule, and which metric should decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from static_model.thresholds import choose_threshold, which_metric

ROWS = st.integers(2, 50).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda x: 0 < sum(x) < len(x)),
        st.lists(st.integers(0, 6), min_size=n, max_size=n),
    )
)


def value_of(rule: str, labels, predicted) -> float:
    false_alarms, missed = (predicted & (labels == 0)).sum(), (~predicted & (labels == 1)).sum()
    if rule == "mcc":
        return sk.matthews_corrcoef(labels, predicted)
    if rule == "f1":
        return sk.f1_score(labels, predicted)
    if rule == "cost":
        return -(2.0 * false_alarms + 7.0 * missed)
    return (predicted & (labels == 1)).sum() if false_alarms <= 0.01 * (labels == 0).sum() else -1


@pytest.mark.parametrize("rule", ["mcc", "f1", "cost", "fpr-1pct"])
@given(ROWS)
def test_no_threshold_is_better_by_the_rule(rule: str, rows) -> None:
    """Trying every threshold finds none that the rule would like better; of equals it is the one with fewest alarms."""
    labels, scores = np.array(rows[0], np.int8), np.array(rows[1]) / 6
    chosen, _ = choose_threshold(labels, scores, rule=rule, cost_fp=2.0, cost_fn=7.0)
    tried = [0.0, *((a + 0.5) / 6 for a in range(7))]
    best = max(value_of(rule, labels, scores > threshold) for threshold in tried)
    assert value_of(rule, labels, scores > chosen) == pytest.approx(best)
    alarms = [(scores > t).sum() for t in tried if value_of(rule, labels, scores > t) == pytest.approx(best)]
    assert min(alarms) == (scores > chosen).sum()
    assert 0.0 <= chosen <= 1.0


def test_the_rule_is_said_with_its_figures() -> None:
    """The sentence can stand in a report by itself."""
    labels, scores = np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.4, 0.6, 0.9])
    expected = "0.5: the highest MCC on 4 validation rows (recall 1.0000, false-positive rate 0.0000 there)"
    assert (0.5, expected) == choose_threshold(labels, scores, rule="mcc")


def test_half_looks_at_nothing() -> None:
    """The default is no choice at all, and one class offers none."""
    assert (0.5, "0.5: the class with the higher probability; not tuned on any rows") == choose_threshold(
        np.array([1], np.int8), np.array([0.2]), rule="half"
    )
    found = choose_threshold(np.ones(3, np.int8), np.ones(3), rule="f1")
    assert (0.5, "0.5: the validation rows are of one class, so the highest F1 can't be looked for") == found


@pytest.mark.parametrize(
    ("counts", "options", "words"),
    [
        ((500, 500), {}, "MCC should decide"),
        ((990, 10), {}, r"PR-AUC \(its baseline is 0.0100\) and the recall at 1 % false positives should decide"),
        ((10, 990), {}, "MCC and balanced accuracy should decide: 99.0% of the rows"),
        ((500, 500), {"prevalence": 0.001}, "Precision at the stated prevalence of 0.001 should decide"),
        ((500, 500), {"costs": (1.0, 50.0)}, "The expected cost should decide: a missed attack is said to cost 50"),
        ((500, 500), {"prevalence": 0.5, "costs": (1.0, 1.0)}, "MCC should decide"),
        ((0, 0), {}, "No metric can decide: the held-out rows that decide are not of both classes"),
        ((7, 0), {}, "No metric can decide"),
    ],
)
def test_which_metric_decides_follows_balance_prevalence_and_costs(counts, options, words: str) -> None:
    """In words, with the reason."""
    from re import match

    assert match(words, which_metric(counts, **options))


@pytest.mark.parametrize(("top", "expected"), [(0.8, 0.9), (1.0, 1.0)])
def test_a_rule_that_wants_no_alarm_gets_none(top: float, expected: float) -> None:
    """Where false alarms cost more than they find, the threshold is above every score, also above a score of 1."""
    labels, scores = np.array([1, 0, 0, 0], np.int8), np.array([0.2, 0.3, 0.4, top])
    threshold, _ = choose_threshold(labels, scores, rule="cost", cost_fp=100.0, cost_fn=1.0)
    assert expected == pytest.approx(threshold)
    assert not (scores > threshold).any()


def test_a_rule_that_wants_every_row_stays_above_zero() -> None:
    """A score of exactly 0 is never an alarm, here and in Spark."""
    labels, scores = np.array([1, 1, 0], np.int8), np.array([0.2, 0.3, 0.4])
    threshold, _ = choose_threshold(labels, scores, rule="cost", cost_fp=1.0, cost_fn=100.0)
    assert 0 < threshold < 0.2
