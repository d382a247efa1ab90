"""Episodes: when the drift policy retrains after an alarm, and with what its detector starts anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from online.detectors.ss_sr import SSSR
from online.interfaces import Attempt, Outcome, Pool, Situation
from online.policies.dating import windows_since_change
from online.policies.drift import Drift, DriftEpisodes, attempts_after
from online.registry import build

CALM, BAD = 20, 300


def outcome(window: int, errors: int) -> Outcome:
    """A window of 1,000 records with that many errors."""
    wrong = np.repeat([0.0, 1.0], [1000 - errors, errors])
    return Outcome(window, np.zeros(1000, np.int8), wrong, wrong, 0.5)


def drive(
    policy: DriftEpisodes, errors: Callable[[int], int], verdicts: dict[int, bool], windows: int
) -> dict[int, Attempt]:
    """Feed windows; `verdicts` says what the gate decided about the attempt before, by window of the judgement."""
    attempts: dict[int, Attempt] = {}
    for window in range(windows):
        judged = verdicts.get(window, False) if window - 1 in attempts else None
        found = policy.step(
            Situation(outcome(window, errors(window)), judged=judged, current=lambda k: outcome(k, errors(k)).losses)
        )
        if found:
            attempts[window] = found
    return attempts


def rises_at(change: int) -> Callable[[int], int]:
    """Calm windows, then bad ones."""
    return lambda window: BAD if window >= change else CALM


def test_an_alarm_opens_an_episode_dated_to_the_change() -> None:
    """The first attempt is made at the alarm, counted as one alarm, and dated to the first changed window."""
    attempts = drive(Drift().begin(Pool(2000, 40)), rises_at(30), {}, 31)
    assert list(attempts) == [30]
    assert attempts[30].alarm
    assert attempts[30].since == 30


def test_attempts_come_when_2_4_8_16_windows_are_labelled() -> None:
    """As long as challengers are promoted, attempts follow at 2, 4, 8 and 16 windows since the change."""
    attempts = drive(Drift().begin(Pool(2000, 40)), rises_at(30), dict.fromkeys(range(31, 60), True), 60)
    assert [window - 30 + 1 for window in attempts] == [1, 2, 4, 8, 16]
    assert [attempt.alarm for attempt in attempts.values()] == [True, False, False, False, False]


def test_two_rejections_in_a_row_end_the_episode() -> None:
    """After two attempts without a promotion the detector watches again, from the pool as it was at the alarm."""
    policy = Drift().begin(Pool(2000, 40))
    attempts = drive(policy, rises_at(30), {}, 33)
    assert list(attempts) == [30, 31]
    assert policy.episode is None
    assert policy.pool == Pool(2000 + 31_000, 40 + 30 * CALM + BAD)
    assert policy.detector.statistic == 0.0


def test_a_promotion_between_rejections_keeps_the_episode_open() -> None:
    """Only attempts in a row count: rejected, promoted, rejected, rejected ends at the last of them."""
    attempts = drive(Drift().begin(Pool(2000, 40)), rises_at(30), {32: True}, 60)
    assert [window - 30 + 1 for window in attempts] == [1, 2, 4, 8]


def test_after_a_promotion_the_pool_is_what_the_new_model_got_wrong_since_it_was_judged() -> None:
    """The detector starts anew from the windows from the judging one on, as the model in force predicts them."""
    policy = Drift().begin(Pool(2000, 40))

    def errors(window: int) -> int:
        return BAD if window == 30 else 7 if window > 30 else CALM

    drive(policy, errors, {31: True}, 35)
    assert policy.episode is None
    # Judged at 31 (promoted), 32 and 34 (both rejected): the pool holds windows 31 to 34.
    assert policy.pool == Pool(4000, 28)


def test_the_detector_rests_while_an_episode_is_open() -> None:
    """Windows inside an episode raise no second alarm and don't enter the pool."""
    policy = Drift().begin(Pool(2000, 40))
    attempts = drive(policy, rises_at(30), dict.fromkeys(range(31, 44), True), 44)
    assert sum(attempt.alarm for attempt in attempts.values()) == 1
    assert policy.episode is not None


@pytest.mark.parametrize(
    ("labelled", "expected"),
    [(0, [1, 2, 4, 8, 16]), (1, [2, 4, 8, 16]), (2, [4, 8, 16]), (8, [16]), (16, [24]), (50, [58])],
)
def test_points_already_passed_fall_away_but_one_more_attempt_stays(labelled: int, expected: list[int]) -> None:
    """After a late alarm there are still at least two attempts in all."""
    assert attempts_after(labelled) == expected


@pytest.mark.parametrize("back", [1, 3, 20, 50])
def test_the_change_is_dated_by_the_likelihood_ratio(back: int) -> None:
    """A clear change is dated exactly, up to 50 windows back."""
    rng = np.random.default_rng(back)
    history = [Pool(1000, int(e)) for e in [*rng.binomial(1000, 0.05, 50 - back), *rng.binomial(1000, 0.15, back)]]
    pool = Pool(100_000 + 50_000, 5000 + sum(window.errors for window in history))
    assert windows_since_change(history, pool) == back


def test_a_change_of_a_flawless_model_can_be_dated() -> None:
    """No error before the change is no division by zero."""
    history = [Pool(1000, 0)] * 5 + [Pool(1000, 3)] * 2
    assert windows_since_change(history, Pool(7000, 6)) == 2


def test_without_any_record_before_the_first_window_dates_to_the_latest() -> None:
    """With nothing to compare with, the latest window alone is taken."""
    assert windows_since_change([Pool(1000, 300)], Pool(1000, 300)) == 1


def test_a_young_pool_does_not_date_the_change_to_its_own_start() -> None:
    """With only 4 calm windows before them, 26 ordinary windows are not part of a change of the last two."""
    rng = np.random.default_rng(1)
    history = [Pool(1000, int(e)) for e in [17, 15, 16, 18, *rng.binomial(1000, 0.022, 26), 60, 70]]
    pool = Pool(sum(w.records for w in history), sum(w.errors for w in history))
    assert windows_since_change(history, pool) == 2


def test_the_detector_may_be_given_in_words() -> None:
    """The drift policy takes a detector as its first value."""
    assert build("policy", "drift(ss-sr(1000))") == Drift(detector=SSSR(c=1000))
    assert build("policy", "drift") == Drift()
