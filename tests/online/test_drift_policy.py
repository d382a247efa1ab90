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


class Scripted:
    """A detector that warns and fires when it has taken in windows of those numbers; it counts its new starts."""

    def __init__(self, warnings: set[int], alarms: set[int]) -> None:
        self.warnings, self.alarms, self.taken, self.starts = warnings, alarms, [], 0
        self.warning = self.drift = False
        self.reason = "as scripted"

    def update(self, values: np.ndarray) -> None:
        """The first value is the window's number."""
        self.taken.append(int(values.flat[0]))
        self.drift = self.taken[-1] in self.alarms
        self.warning = self.drift or self.taken[-1] in self.warnings

    def reset(self, pool: Pool) -> None:
        """Start anew."""
        self.starts += 1


def numbered(window: int, *, stale: bool = False, judged: bool | None = None) -> Situation:
    """A window whose only loss is its number."""
    value = np.array([float(window)])
    return Situation(Outcome(window, np.zeros(1, np.int8), value, value, 0.5), stale=stale, judged=judged)


def test_an_alarm_names_the_first_of_the_unbroken_warnings() -> None:
    """Warnings at 2 and, after a calm window, at 4 and 5 led to the alarm at 6: it names window 4."""
    policy = DriftEpisodes(Scripted({2, 4, 5}, {6}), "losses", Pool(0, 0))
    found = [policy.step(numbered(window)) for window in range(7)]
    assert found[:6] == [None] * 6
    assert found[6] is not None
    assert found[6].warned == 4


def test_an_alarm_without_a_warning_before_names_itself() -> None:
    """An alarm is a warning, too; the episode's later attempts name the same window."""
    policy = DriftEpisodes(Scripted(set(), {3}), "losses", Pool(0, 0))
    found = [policy.step(numbered(window)) for window in range(5)]
    assert [attempt and attempt.warned for attempt in found] == [None, None, None, 3, 3]


def test_warnings_before_an_episode_do_not_outlive_it() -> None:
    """The alarm after an episode names its own warnings only."""
    policy = DriftEpisodes(Scripted({1}, {2, 8}), "losses", Pool(0, 0))
    judged = {3: False, 4: False}
    found = [policy.step(numbered(window, judged=judged.get(window))) for window in range(9)]
    assert [attempt.warned for attempt in found if attempt and attempt.alarm] == [1, 8]


def test_the_detector_skips_what_a_former_champion_predicted() -> None:
    """Stale windows reach neither the detector nor the pool."""
    policy = DriftEpisodes(Scripted(set(), set()), "losses", Pool(0, 0))
    for window in range(4):
        policy.step(numbered(window, stale=window in {1, 2}))
    assert policy.detector.taken == [0, 3]
    assert policy.pool == Pool(2, 3)


def test_an_open_episode_counts_stale_windows() -> None:
    """Labels count for the next attempt, whoever predicted their records."""
    policy = DriftEpisodes(Scripted(set(), {3}), "losses", Pool(0, 0))
    found = [policy.step(numbered(window, stale=window > 3)) for window in range(7)]
    assert [window for window, attempt in enumerate(found) if attempt] == [3, 4, 6]


def features(window: int) -> np.ndarray:
    """A window of one record with one feature, its number."""
    return np.array([[float(window)]])


def test_features_are_looked_at_before_their_labels_are_known() -> None:
    """With labels three windows late the alarm comes at once, asks for no fit, and attempts count later labels."""
    policy = DriftEpisodes(Scripted({4}, {5}), "features", Pool(0, 0))
    attempts = {}
    for now in range(14):
        told = policy.step(numbered(now - 3)) if now >= 3 else None
        for attempt in (told, policy.look(now, features(now))):
            if attempt:
                attempts[now] = (attempt.since, attempt.warned, attempt.alarm, attempt.most_fits)
    # Windows 5, 6 and 8 are the first, second and fourth since the change; their labels come three windows later.
    expected = {5: (5, 4, True, 0), 8: (5, 4, False, None), 9: (5, 4, False, None), 11: (5, 4, False, None)}
    assert attempts == expected
    assert policy.detector.taken == [0, 1, 2, 3, 4, 5]


def test_an_alarm_that_asked_for_no_fit_is_no_miss() -> None:
    """Nothing was tried with it, so that two real attempts may still fail before the episode ends."""
    policy = DriftEpisodes(Scripted(set(), {5}), "features", Pool(0, 0))
    for now in range(6):
        policy.look(now, features(now))
    found = [policy.step(numbered(window, judged=False if window in {3, 6, 7} else None)) for window in range(3, 8)]
    assert [attempt is not None for attempt in found] == [False, False, True, True, False]
    assert policy.episode is None
    assert policy.detector.starts == 1


def test_features_with_labels_at_once_behave_as_losses_do() -> None:
    """Where the window of the alarm is labelled already, the alarm is the first attempt."""
    policy = DriftEpisodes(Scripted(set(), {5}), "features", Pool(0, 0))
    attempts = []
    for now in range(9):
        told = policy.step(numbered(now))
        attempts += [(now, attempt.most_fits) for attempt in (told, policy.look(now, features(now))) if attempt]
    assert attempts == [(5, None), (6, None), (8, None)]


def test_a_detector_on_losses_does_not_look_at_features() -> None:
    """Features don't reach it."""
    policy = Drift().begin(Pool(0, 0))
    assert policy.look(0, features(0)) is None
    assert policy.detector.statistic == 0.0


def test_the_detector_may_be_given_in_words() -> None:
    """The drift policy takes a detector as its first value."""
    assert build("policy", "drift(ss-sr(1000))") == Drift(detector=SSSR(c=1000))
    assert build("policy", "drift") == Drift()
