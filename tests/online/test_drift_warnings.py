"""The drift policy on a scripted detector: warnings, stale windows, and features that come before their labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from online.detectors.psi import Psi
from online.detectors.ss_sr import SSSR
from online.interfaces import Outcome, Pool, Situation
from online.policies.drift import Drift, DriftEpisodes, WatchfulEpisodes


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
    policy = DriftEpisodes(Scripted({2, 4, 5}, {6}), Pool(0, 0))
    found = [policy.step(numbered(window)) for window in range(7)]
    assert found[:6] == [None] * 6
    assert found[6] is not None
    assert found[6].warned == 4


def test_an_alarm_without_a_warning_before_names_itself() -> None:
    """An alarm is a warning, too; the episode's later attempts name the same window."""
    policy = DriftEpisodes(Scripted(set(), {3}), Pool(0, 0))
    found = [policy.step(numbered(window)) for window in range(5)]
    assert [attempt and attempt.warned for attempt in found] == [None, None, None, 3, 3]


def test_warnings_before_an_episode_do_not_outlive_it() -> None:
    """An alarm right after an episode names its own warnings only."""
    policy = DriftEpisodes(Scripted({1}, {2, 5}), Pool(0, 0))
    judged = {3: False, 4: False}
    found = [policy.step(numbered(window, judged=judged.get(window))) for window in range(6)]
    assert [attempt.warned for attempt in found if attempt and attempt.alarm] == [1, 5]


def test_the_detector_skips_what_a_former_champion_predicted() -> None:
    """Stale windows reach neither the detector nor the pool."""
    policy = DriftEpisodes(Scripted(set(), set()), Pool(0, 0))
    for window in range(4):
        policy.step(numbered(window, stale=window in {1, 2}))
    assert policy.detector.taken == [0, 3]
    assert policy.pool == Pool(2, 3)


def test_an_open_episode_counts_stale_windows() -> None:
    """Labels count for the next attempt, whoever predicted their records."""
    policy = DriftEpisodes(Scripted(set(), {3}), Pool(0, 0))
    found = [policy.step(numbered(window, stale=window > 3)) for window in range(7)]
    assert [window for window, attempt in enumerate(found) if attempt] == [3, 4, 6]


def test_a_promotion_after_the_end_of_its_episode_starts_the_detector_anew() -> None:
    """Where judgements come late, the last may come when the detector watches again: it has a new model to watch."""
    policy = DriftEpisodes(Scripted(set(), {3}), Pool(0, 0))
    for window in range(6):
        policy.step(numbered(window, judged=False if window in {4, 5} else None))
    assert (policy.episode, policy.pool, policy.detector.starts) == (None, Pool(4, 6), 1)
    late = numbered(6, stale=True, judged=True)
    policy.step(replace(late, current=lambda window: np.array([1.0, 0.0])))
    assert (policy.pool, policy.history, policy.detector.starts) == (Pool(2, 1), [], 2)


def features(window: int) -> np.ndarray:
    """A window of one record with one feature, its number."""
    return np.array([[float(window)]])


def test_features_are_looked_at_before_their_labels_are_known() -> None:
    """With labels three windows late the alarm comes at once, asks for no fit, and attempts count later labels."""
    policy = WatchfulEpisodes(Scripted({4}, {5}), Pool(0, 0))
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
    policy = WatchfulEpisodes(Scripted(set(), {5}), Pool(0, 0))
    for now in range(6):
        policy.look(now, features(now))
    found = [policy.step(numbered(window, judged=False if window in {3, 6, 7} else None)) for window in range(3, 8)]
    assert [attempt is not None for attempt in found] == [False, False, True, True, False]
    assert policy.episode is None
    assert policy.detector.starts == 1


def test_features_with_labels_at_once_behave_as_losses_do() -> None:
    """Where the window of the alarm is labelled already, the alarm is the first attempt."""
    policy = WatchfulEpisodes(Scripted(set(), {5}), Pool(0, 0))
    attempts = []
    for now in range(9):
        told = policy.step(numbered(now))
        attempts += [(now, attempt.most_fits) for attempt in (told, policy.look(now, features(now))) if attempt]
    assert attempts == [(5, None), (6, None), (8, None)]


def test_only_a_detector_on_features_looks_at_them() -> None:
    """Where it eats losses, nobody has to hand features over."""
    found = [hasattr(Drift(detector=detector).begin(Pool(0, 0)), "look") for detector in (SSSR(), Psi())]
    assert found == [False, True]
