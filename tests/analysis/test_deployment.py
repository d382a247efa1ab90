"""Precision and cost at a deployment's share of attacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.deployment import deployed
from producer.errors import UsageError
from static_model.metrics import Counts

CELLS = st.integers(1, 500)
COUNTS = st.builds(Counts, tp=CELLS, fp=CELLS, tn=CELLS, fn=CELLS)


@given(COUNTS, st.integers(0, 20), st.integers(0, 20))
def test_at_the_streams_own_share_both_are_those_of_the_stream(counts, cost_fp, cost_fn):
    """Nothing is turned round: the stream's precision, and the cost of its own errors per 1,000 records."""
    share = (counts.tp + counts.fn) / counts.total
    found = deployed(counts, prevalence=share, cost_fp=cost_fp, cost_fn=cost_fn)
    assert found.precision == pytest.approx(counts.tp / (counts.tp + counts.fp))
    assert found.cost == pytest.approx(1000 * (cost_fp * counts.fp + cost_fn * counts.fn) / counts.total)


def test_the_base_rate_decides_by_hand():
    """Recall 0.9 and 1 % false alarms: at 1 attack in 10,000 records fewer than 1 alarm in 100 is right."""
    found = deployed(Counts(tp=900, fp=10, tn=990, fn=100), prevalence=1e-4, cost_fp=2, cost_fn=500)
    assert found.precision == pytest.approx(0.9e-4 / (0.9e-4 + 0.01 * 0.9999))
    assert found.cost == pytest.approx(1000 * (2 * 0.01 * 0.9999 + 500 * 0.1 * 1e-4))
    assert (50.0, 1999.8) == (pytest.approx(found.cost_silent), pytest.approx(found.cost_alarmed))


@pytest.mark.parametrize("counts", [Counts(0, 3, 5, 0), Counts(3, 0, 0, 5), Counts(0, 0, 0, 0)])
def test_a_stream_of_one_class_says_nothing_about_another_share(counts):
    """Recall or false-positive rate is missing, so precision and cost are None; the two blind models are known."""
    found = deployed(counts, prevalence=0.5, cost_fp=1, cost_fn=3)
    assert (None, None, 1500.0, 500.0) == (found.precision, found.cost, found.cost_silent, found.cost_alarmed)


def test_a_model_without_alarms_has_no_precision():
    """Its cost is that of the silent model."""
    found = deployed(Counts(tp=0, fp=0, tn=90, fn=10), prevalence=0.2, cost_fp=1, cost_fn=5)
    assert (None, 1000.0) == (found.precision, found.cost)


def test_what_is_no_share_or_cost_is_refused():
    """The message says what was found and what to use."""
    counts = Counts(1, 1, 1, 1)
    with pytest.raises(UsageError, match=r"a prevalence of 1\.2 is no share of records; use one from 0 to 1"):
        deployed(counts, prevalence=1.2, cost_fp=1, cost_fn=1)
    with pytest.raises(UsageError, match=r"costs of 1 and -1 are none of errors; use 0 to 1e\+15"):
        deployed(counts, prevalence=0.1, cost_fp=1, cost_fn=-1)


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), 1e308])
def test_a_cost_that_no_sum_can_hold_is_refused(cost):
    """Else the summary would hold numbers that JSON has none for."""
    with pytest.raises(UsageError, match=rf"costs of {cost:g} and 1 are none of errors".replace("+", r"\+")):
        deployed(Counts(1, 1, 1, 1), prevalence=0.1, cost_fp=cost, cost_fn=1)
