"""Cost curves, their lower envelope, and the Pareto front."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.price import ALPHAS, Segment, Spent, cost_curve, lower_envelope, pareto_front
from producer.errors import UsageError

ARMS = {"static": Spent(900, 0), "dynamic": Spent(300, 4), "always": Spent(280, 100), "worse": Spent(400, 6)}
MANY = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.builds(Spent, errors=st.integers(0, 2000), paid=st.integers(0, 60)),
    min_size=1,
)


def test_the_curve_by_hand():
    """Errors and retrains at three prices: the dearer a retrain, the fewer the cheapest arm makes."""
    found = cost_curve(ARMS, [0.1, 10.0, 200.0])
    assert {
        "static": (900.0, 900.0, 900.0),
        "dynamic": (300.4, 340.0, 1100.0),
        "always": (290.0, 1280.0, 20280.0),
        "worse": (400.6, 460.0, 1600.0),
    } == found.totals
    assert ("always", "dynamic", "static") == found.cheapest
    assert json.loads(json.dumps(asdict(found)))["cheapest"] == list(found.cheapest)


def test_the_envelope_by_hand():
    """`always` pays below 20 errors for 96 retrains, `dynamic` up to 600 for 4, then `static`; `worse` never does."""
    assert lower_envelope(ARMS) == (
        Segment("always", 0.0, 20 / 96),
        Segment("dynamic", 20 / 96, 150.0),
        Segment("static", 150.0, None),
    )


@given(MANY)
def test_the_envelope_agrees_with_the_curve_at_every_price(arms):
    """In each segment its arm has the lowest total, from the break-even price on; prices join without a gap."""
    segments = lower_envelope(arms)
    assert [0.0, *(segment.high for segment in segments[:-1])] == [segment.low for segment in segments]
    assert segments[-1].high is None
    for segment in segments:
        high = segment.low + 2 if segment.high is None else segment.high
        for alpha in (segment.low, (segment.low + high) / 2, high):
            best = min(arm.total(alpha) for arm in arms.values())
            assert arms[segment.arm].total(alpha) == pytest.approx(best, abs=1e-6)


@given(MANY)
def test_the_envelope_is_part_of_the_front(arms):
    """What is cheapest at some price is beaten by nobody in both."""
    assert {segment.arm for segment in lower_envelope(arms)} <= set(pareto_front(arms))


@given(MANY)
def test_the_front_holds_exactly_the_arms_that_nobody_beats(arms):
    """Going up in retrains, distinct arms go down in errors; each arm outside is beaten by one on the front."""
    front = pareto_front(arms)
    points = [arms[name] for name in front]
    assert [point.paid for point in points] == sorted(point.paid for point in points)
    for outside in arms.keys() - set(front):
        arm = arms[outside]
        assert any(p.errors <= arm.errors and p.paid <= arm.paid and p != arm for p in points)
    for before, after in pairwise(points):
        assert before == after or before.errors > after.errors


def test_ties_go_to_fewer_retrains_then_to_the_first_named():
    """Two arms with equal totals: the one that retrained less, and of equal ones the first."""
    arms = {"b": Spent(100, 2), "a": Spent(100, 1), "c": Spent(100, 1)}
    assert ("a",) == cost_curve(arms, [0.0]).cheapest
    assert (Segment("a", 0.0, None),) == lower_envelope(arms)
    assert ("a", "c") == pareto_front(arms)
    later = {"always": Spent(0, 9), "z": Spent(90, 0), "a": Spent(90, 0)}
    assert Segment("z", 10.0, None) == lower_envelope(later)[-1]


def test_break_evens_in_one_point_skip_the_middle_arm():
    """Three lines through one point: the envelope goes from the first to the last."""
    arms = {"always": Spent(0, 20), "middle": Spent(100, 10), "static": Spent(200, 0)}
    assert [("always", 10.0), ("static", None)] == [(s.arm, s.high) for s in lower_envelope(arms)]


def test_the_usual_prices_begin_with_nothing():
    """At price 0 only errors count."""
    assert "always" == cost_curve(ARMS).cheapest[ALPHAS.index(0.0)]


def test_no_arm_and_negative_prices_are_refused():
    """The messages say what is missing or wrong."""
    with pytest.raises(UsageError, match="there is no arm to weigh; name at least one"):
        lower_envelope({})
    with pytest.raises(UsageError, match="a retrain can't cost -1 errors; use prices of 0 or more"):
        cost_curve(ARMS, [0.0, -1.0])
