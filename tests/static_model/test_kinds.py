"""Kinds of attack, found and confused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from static_model.kinds import detection_by_kind, kind_report
from static_model.metrics import wilson


def test_detection_is_counted_kind_by_kind() -> None:
    """Rows, alarms, share and interval for each, the most frequent first; a kind that training lacks is marked."""
    kinds = ["dos"] * 8 + ["normal"] * 10 + ["new"] * 2
    predicted = np.array([1] * 6 + [0] * 2 + [0] * 9 + [1] + [0] * 2) > 0
    found = detection_by_kind(kinds, predicted, known=["dos", "normal"])
    assert [("normal", 10, 1, True), ("dos", 8, 6, True), ("new", 2, 0, False)] == [
        (d.kind, d.rows, d.positive, d.in_training) for d in found
    ]
    assert (0.75, *wilson(6, 8)) == (found[1].share, found[1].low, found[1].high)


def test_several_classes_are_scikit_learns() -> None:
    """Counts, recall and macro-F1 equal scikit-learn's, also for a kind that is only predicted."""
    random = np.random.default_rng(0)
    names = ["normal", "dos", "xss", "scan"]
    actual = random.choice(names[:3], 300).tolist()
    predicted = [a if random.random() < 0.6 else str(random.choice(names)) for a in actual]
    found = kind_report(actual, predicted, names)
    np.testing.assert_array_equal(sk.confusion_matrix(actual, predicted, labels=names), found.counts)
    assert found.macro_f1 == pytest.approx(sk.f1_score(actual, predicted, labels=names, average="macro"))
    recall = sk.recall_score(actual, predicted, labels=names, average=None, zero_division=0)
    assert list(found.recall[:3]) == pytest.approx(recall[:3].tolist())
    assert found.recall[3] is None
    assert found.precision[3] == 0.0


def test_kinds_that_nobody_named_come_last() -> None:
    """A test file may hold kinds that training lacks; they are counted all the same."""
    found = kind_report(["b", "zz", "a"], ["a", "a", "a"], ["b", "a"])
    assert ("b", "a", "zz") == found.names
    assert 3 == found.counts.sum()


@pytest.mark.parametrize("names", [[], ["a", "b"]])
def test_of_no_rows_nothing_is_known(names: list[str]) -> None:
    """Without a row the counts are 0, and no share nor macro-F1 is made up."""
    found = kind_report([], [], names)
    assert tuple(names) == found.names
    assert [[0] * len(names)] * len(names) == found.counts.tolist()
    assert ((None,) * len(names), None) == (found.recall, found.macro_f1)
