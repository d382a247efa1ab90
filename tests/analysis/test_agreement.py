"""The kappas and the fading metrics: MOA's numbers, scikit-learn's, and cases by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from analysis.measures.agreement import Agreement, Prequential, fading, prequential, skill
from producer.errors import UsageError
from static_model.metrics import count, metrics_from_counts

MOA = json.loads(Path(__file__).with_name("reference").joinpath("capymoa.json").read_text("utf-8"))
SIZE = MOA["window"]
ONE_CLASS = 6
"""The window whose labels are all of one class: MOA has numbers for it, and we have none."""
STREAMS = st.lists(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=12), max_size=6)


def bits(name):
    packed = np.frombuffer(bytes.fromhex(MOA[name]), np.uint8)
    return np.unpackbits(packed, count=MOA["records"]).astype(np.int8)


LABELS, PREDICTIONS = bits("labels"), bits("predictions")


def windows(array, size=SIZE):
    return np.split(array, range(size, len(array), size))


def arrays(stream):
    return tuple([np.array([pair[side] for pair in window], np.int8) for window in stream] for side in (0, 1))


def percent(values):
    return [None if value is None else 100 * value for value in values]


def assert_equal(expected, actual):
    """Equal but for rounding; no number where a window has one class only."""
    assert [at for at, value in enumerate(actual) if value is None] in ([], [ONE_CLASS])
    kept = [at for at, value in enumerate(actual) if value is not None]
    assert [expected[at] for at in kept] == pytest.approx([actual[at] for at in kept], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "field"), [("accuracy", "accuracy"), ("kappa", "kappa"), ("kappa_t", "kappa_temporal")]
)
def test_windows_equal_capymoas_windowed_evaluation(name, field):
    """Accuracy, kappa and kappa-temporal of each window are CapyMOA's, on the same predictions."""
    found = prequential(windows(LABELS), windows(PREDICTIONS))
    assert_equal(MOA["windowed"][name], percent(getattr(window, field) for window in found.windows))


@pytest.mark.parametrize(
    ("name", "field"), [("accuracy", "accuracy"), ("kappa", "kappa"), ("kappa_t", "kappa_temporal")]
)
def test_totals_equal_capymoas_prequential_evaluation(name, field):
    """The totals after 500, 1,000, ... records are CapyMOA's prequential values."""
    ends = range(SIZE, len(LABELS) + 1, SIZE)
    totals = [prequential([LABELS[:end]], [PREDICTIONS[:end]]).total for end in ends]
    assert_equal(MOA["prequential"][name], percent(getattr(total, field) for total in totals))


@pytest.mark.parametrize("size", [None, SIZE])
def test_kappa_m_equals_capymoas_once_the_majority_is_moas(size):
    """With MOA's majority class, which has already counted the record's own label, kappa-M is CapyMOA's."""
    seen = np.cumsum(LABELS)
    before = np.concatenate([np.zeros(size, np.int64), seen[:-size]]) if size else np.zeros(len(seen), np.int64)
    held = np.minimum(np.arange(len(seen)) + 1, size or len(seen))
    right, reference = PREDICTIONS == LABELS, (2 * (seen - before) > held) == LABELS
    at = range(SIZE, len(LABELS) + 1, SIZE)
    actual = [
        skill(*(int(one[end - size if size else 0 : end].sum()) for one in (right, reference)), size or end)
        for end in at
    ]
    assert pytest.approx(MOA["windowed" if size else "prequential"]["kappa_m"], rel=1e-9) == percent(actual)


def test_the_fading_metrics_equal_moas():
    """Faded accuracy and kappa at the end of each window are those of MOA's fading-factor evaluator."""
    found = fading(windows(LABELS), windows(PREDICTIONS), alpha=MOA["alpha"])
    assert pytest.approx(MOA["fading"]["accuracy"], rel=1e-9) == percent(found.accuracy)
    assert pytest.approx(MOA["fading"]["kappa"], rel=1e-9) == percent(found.kappa)


@pytest.mark.parametrize(
    ("name", "field"), [("precision_1", "precision"), ("recall_1", "recall"), ("f1_score_1", "f1")]
)
def test_the_trackers_rates_equal_capymoas(name, field):
    """Precision, recall and F1 of class 1 in each window, as the tracker counts them, are CapyMOA's."""
    pairs = zip(windows(LABELS), windows(PREDICTIONS), strict=True)
    assert_equal(MOA["windowed"][name], percent(metrics_from_counts(count(*pair))[field] for pair in pairs))


def test_the_reference_numbers_say_how_they_were_made():
    """The file names the script, the versions and the seed that it comes from."""
    assert MOA["about"]["made by"] == "tests/analysis/reference/make_capymoa.py"
    assert Path(__file__).with_name("reference").joinpath("make_capymoa.py").is_file()
    assert MOA["about"]["with"].startswith("CapyMOA 0.15.1")


@given(STREAMS)
def test_kappa_equals_scikit_learns_wherever_both_classes_occur(stream):
    """Total and windows equal cohen_kappa_score; with labels of one class there is none of the three kappas."""
    labels, predictions = arrays(stream)
    found = prequential(labels, predictions)
    pairs = [
        *zip(labels, predictions, strict=True),
        (np.concatenate([*labels, []]), np.concatenate([*predictions, []])),
    ]
    for (actual, predicted), agreement in zip(pairs, [*found.windows, found.total], strict=True):
        if len(set(actual.tolist())) == 2:
            assert agreement.kappa == pytest.approx(cohen_kappa_score(actual, predicted), abs=1e-12)
        else:
            assert (None, None, None) == (agreement.kappa, agreement.kappa_temporal, agreement.kappa_m)


@given(STREAMS, st.floats(0.05, 1))
def test_fading_equals_its_formula(stream, alpha):
    """The recursion written out record by record gives the same numbers at the end of every window."""
    labels, predictions = arrays(stream)
    wrong, weight, expected = 0.0, 0.0, []
    for actual, predicted in zip(labels, predictions, strict=True):
        for loss in (actual != predicted).tolist():
            wrong, weight = loss + alpha * wrong, 1 + alpha * weight
        expected.append(wrong / weight if weight else None)
    found = fading(labels, predictions, alpha=alpha)
    assert [value is None for value in expected] == [value is None for value in found.error]
    assert [value for value in expected if value is not None] == pytest.approx(
        [value for value in found.error if value is not None], abs=1e-9
    )


@given(STREAMS)
def test_a_fading_factor_of_one_forgets_nothing(stream):
    """With alpha 1 accuracy and kappa after the last window are those of the whole stream."""
    labels, predictions = arrays(stream)
    total, faded = prequential(labels, predictions).total, fading(labels, predictions, alpha=1.0)
    if stream:
        assert total.accuracy == pytest.approx(faded.accuracy[-1], abs=1e-12)
        assert total.kappa == pytest.approx(faded.kappa[-1], abs=1e-12)


def test_the_reference_classifiers_remember_the_windows_before():
    """By hand: the first record of window 2 follows a 1, so no-change is right there and wrong in the next."""
    found = prequential(*arrays([[(0, 0), (1, 1), (1, 0)], [(1, 1), (0, 0)]]))
    assert found.windows[1] == Agreement(records=2, accuracy=1.0, kappa=1.0, kappa_temporal=1.0, kappa_m=1.0)
    assert found.total.kappa_temporal == pytest.approx(0.5)  # 4 of 5 right, no-change 3 of 5
    assert found.total.kappa_m == pytest.approx(2 / 3)  # the majority so far says 0, 0, 0, 1, 1: 2 of 5


def test_predicting_what_came_before_has_no_skill():
    """The no-change classifier itself has a kappa-temporal of 0, although its accuracy is 0.9."""
    labels = np.repeat([0, 1] * 10, 10).astype(np.int8)
    shifted = np.concatenate([[0], labels[:-1]]).astype(np.int8)
    found = prequential([labels], [shifted]).total
    assert (0.905, 0.0) == (found.accuracy, found.kappa_temporal)


def test_a_stream_without_records_has_no_agreement():
    """No window, and windows without labels, have no number at all."""
    nothing = Agreement(0, None, None, None, None)
    assert prequential([], []) == Prequential(nothing, ())
    assert prequential(*arrays([[], []])) == Prequential(nothing, (nothing, nothing))
    assert fading(*arrays([[]]), alpha=0.5).accuracy == (None,)


def test_different_windows_are_refused():
    """Labels and predictions of other windows are no pairs."""
    with pytest.raises(ValueError, match=r"differ in their windows: \[2\]\.\.\. and \[1\]\.\.\. records"):
        prequential([np.zeros(2, np.int8)], [np.zeros(1, np.int8)])


@pytest.mark.parametrize("alpha", [0.0, 1.5])
def test_an_impossible_fading_factor_is_refused(alpha):
    """The message says which one was asked for and what is possible."""
    with pytest.raises(UsageError, match=rf"a fading factor of {alpha:g} .* above 0 and at most 1"):
        fading([], [], alpha=alpha)
