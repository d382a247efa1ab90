"""Detectors by episodes: hits, delays, misses, false episodes, and the two that look at nothing."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from analysis.measures.episodes import Found, poisson_interval, pool_scores, score_detectors
from analysis.measures.transitions import Transition

GRADUAL, ABRUPT = Transition(20, 29), Transition(60, 60)
BOTH = (GRADUAL, ABRUPT)


def score(alarms, *, transitions=BOTH, harmful=(True, True), windows=100, tolerance=5, rest=1):
    scores = score_detectors({"d": alarms}, transitions, harmful, windows=windows, tolerance=tolerance, rest=rest)
    return scores[0]


@pytest.mark.parametrize(
    ("alarms", "expected"),
    [
        ([20], ("hit", 20, 0)),
        ([34, 35], ("hit", 34, 14)),
        ([19, 30], ("hit", 30, 10)),
        ([35], ("missed", None, None)),
        ([19], ("missed", None, None)),
        ([], ("missed", None, None)),
    ],
)
def test_a_hit_is_the_first_alarm_until_the_end_of_transition_plus_tolerance(alarms, expected):
    """From the drift's first window to 5 windows after its last: one before or one later is no hit."""
    assert Found(20, 29, *expected) == score(alarms).drifts[0]


def test_alarms_that_no_drift_explains_are_false():
    """Four alarms outside the spans, seven inside: four false episodes in the 79 windows outside."""
    found = score([3, 19, 22, 23, 24, 35, 60, 61, 62, 65, 66])
    assert (2, 0, 4, 79) == (found.hits, found.missed, found.false_episodes, found.watched)
    assert (1000 * 4 / 79, 79 / 4) == (found.false_rate, found.between_false)


def test_an_episode_holds_the_alarms_that_follow_closely():
    """With a rest of 10 windows, alarms at 0, 9 are one episode and the one at 10 opens the next."""
    assert [4, 3, 2] == [score([0, 9, 10, 19], rest=rest).false_episodes for rest in (1, 9, 10)]


def test_a_harmless_drift_is_neither_missed_nor_found_and_its_alarm_not_false():
    """Without an alarm nothing is missed; with one nothing is gained or false."""
    for alarms, alarm, delay in (([], None, None), ([62], 62, 2)):
        found = score(alarms, harmful=(True, False))
        assert (0, 1, 1, 0) == (found.hits, found.missed, found.harmless, found.false_episodes)
        assert Found(60, 60, "harmless", alarm, delay) == found.drifts[1]


def test_an_alarm_belongs_to_one_drift_only():
    """Inside a long transition another drift starts: its alarm is its own, and the first is found later."""
    found = score([24, 40], transitions=(Transition(10, 50), Transition(22, 22)))
    assert [("hit", 40, 30), ("hit", 24, 2)] == [(d.state, d.alarm, d.delay) for d in found.drifts]


def test_never_and_always_stand_beside():
    """The one that always fires finds all at once and is wrong in every watched window; the silent one misses all."""
    _, never, always = score_detectors({"d": []}, BOTH, (True, True), windows=100, tolerance=5)
    actual = [(d.detector, d.hits, d.missed, d.delay, d.false_episodes) for d in (never, always)]
    assert [("never-fire", 0, 2, None, 0), ("always-fire", 2, 0, 0, 79)] == actual
    assert (None, 1.0) == (never.between_false, always.between_false)


def test_a_stream_without_drift_has_false_episodes_only():
    """The rate per 1,000 windows has the exact Poisson interval."""
    found = score([100, 700], transitions=(), harmful=(), windows=2000)
    low, high = poisson_interval(2)
    assert (0, 0, None, 1.0) == (found.hits, found.missed, found.delay, found.false_rate)
    assert (low / 2, high / 2, 2000 / high) == (found.false_rate_low, found.false_rate_high, found.between_false_low)


def test_where_no_window_is_watched_nothing_is_said_of_false_alarms():
    """A tolerance as long as the stream leaves no window in which an alarm would be wrong."""
    found = score([5], transitions=(Transition(0, 0),), harmful=(True,), windows=10, tolerance=20)
    assert (1, 5, 0, None, None) == (found.hits, found.delay, found.watched, found.false_rate, found.between_false_low)


@given(st.integers(0, 200))
def test_the_poisson_interval_leaves_its_tails_outside(events):
    """At the upper end so few events, at the lower end so many, have a chance of 2.5 % each."""
    low, high = poisson_interval(events)
    assert poisson.cdf(events, high) == pytest.approx(0.025)
    assert low == 0 if events == 0 else poisson.sf(events - 1, low) == pytest.approx(0.025)


def test_scores_of_several_streams_are_pooled_from_their_counts():
    """Two streams: drifts and watched windows add up, the delay is the median of all hits."""
    streams = [score([20, 61, 90]), score([26], windows=80), score([], transitions=(), harmful=())]
    found = pool_scores(streams)
    assert (3, 1, 1, 79 + 59 + 100) == (found.hits, found.missed, found.false_episodes, found.watched)
    assert (1, 1000 / 238) == (found.delay, found.false_rate)
    assert sum((one.drifts for one in streams), ()) == found.drifts


@given(st.lists(st.integers(0, 99)), st.integers(0, 10), st.integers(1, 5))
def test_every_drift_and_every_alarm_is_accounted_for(alarms, tolerance, rest):
    """Whatever fires: each drift has one state, and never more false episodes than false alarms."""
    found = score(alarms, harmful=(True, False), tolerance=tolerance, rest=rest)
    assert 2 == found.hits + found.missed + found.harmless
    assert found.false_episodes <= len(set(alarms))
    assert json.loads(json.dumps(asdict(found)))["detector"] == "d"


def test_an_alarm_outside_the_stream_is_refused():
    """It would count as false in a window that doesn't exist."""
    with pytest.raises(ValueError, match="d fired in windows 3 to 100 of a stream of 100 windows"):
        score([3, 100])


def test_scores_of_different_detectors_are_not_pooled():
    """The message names them."""
    scores = score_detectors({}, (), (), windows=9, tolerance=1)
    with pytest.raises(ValueError, match="not of 2: always-fire, never-fire"):
        pool_scores(scores)
