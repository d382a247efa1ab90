"""The policies that look at nothing, the threshold, and their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from online.interfaces import Outcome, Policy, Pool, Situation
from online.policies.always import Always
from online.policies.never import Never
from online.policies.periodic import Periodic
from online.policies.random import Random
from online.policies.threshold import Threshold, metric_of
from online.registry import build, kinds
from static_model.metrics import METRICS, binary_metrics

NONE = Pool(0, 0)


def seen(window: int, errors: int = 0, records: int = 1000, *, stale: bool = False) -> Situation:
    """A window with both classes and that many errors, as a model in force (or a former one) predicted it."""
    labels = (np.arange(records) % 2).astype(np.int8)
    wrong = np.arange(records) < errors
    scores = np.where(wrong, 1 - labels, labels).astype(float)
    return Situation(Outcome(window, labels, scores, wrong.astype(float), 0.5), stale=stale)


def firings(policy: Policy, errors: Sequence[int]) -> list[int]:
    """The windows after which the policy asks for retraining."""
    running = policy.begin(NONE)
    return [window for window, wrong in enumerate(errors) if running.step(seen(window, wrong))]


def test_never_and_always_do_as_they_say() -> None:
    """Never asks for nothing and always asks after every window, whatever the errors."""
    assert firings(Never(), [0, 1000, 0]) == []
    assert firings(Always(), [0, 1000, 0]) == [0, 1, 2]


def test_periodic_asks_by_the_windows_index() -> None:
    """It asks after every fifth window, and a window that never came shifts nothing."""
    assert firings(Periodic(every=5), [0] * 16) == [4, 9, 14]
    running = Periodic(every=5).begin(NONE)
    assert [w for w in (0, 1, 3, 4, 5, 6, 8, 10, 14) if running.step(seen(w))] == [4, 14]


@given(st.floats(0, 1), st.integers(0, 10_000))
def test_random_draws_depend_on_seed_and_window_only(rate: float, seed: int) -> None:
    """Two arms of one seed are drawn alike, whatever they saw before; rate 0 never asks and rate 1 always."""
    whole = firings(Random(rate=rate, seed=seed), [0] * 40)
    late = Random(rate=rate, seed=seed).begin(NONE)
    assert [w for w in range(20, 40) if late.step(seen(w, 1000))] == [w for w in whole if w >= 20]
    assert firings(Random(rate=0, seed=seed), [0] * 40) == []
    assert firings(Random(rate=1, seed=seed), [0] * 40) == list(range(40))


def test_random_keeps_its_rate() -> None:
    """At rate 0.1 about a tenth of 4,000 windows is drawn, and other seeds draw other windows."""
    drawn = [firings(Random(rate=0.1, seed=seed), [0] * 4000) for seed in (0, 1)]
    assert [350 <= len(windows) <= 450 for windows in drawn] == [True, True]
    assert drawn[0] != drawn[1]


def test_threshold_fires_once_per_window_below() -> None:
    """The classical rule: every window below the threshold fires, and one at the threshold doesn't."""
    assert firings(Threshold(below=0.8), [100, 201, 200, 300, 300]) == [1, 3, 4]


def test_hysteresis_waits_for_a_recovery() -> None:
    """After firing, the trigger is armed again only once the metric has been at least `recovered`."""
    rule = Threshold(below=0.8, recovered=0.9)
    assert firings(rule, [300, 300, 150, 300, 100, 150, 300]) == [0, 6]


def test_a_cool_down_leaves_windows_out() -> None:
    """With a cool-down of 2 the two windows after a firing fire nothing."""
    assert firings(Threshold(below=0.8, cooldown=2), [300] * 8) == [0, 3, 6]


def test_a_recovery_during_the_cool_down_counts() -> None:
    """Hysteresis and cool-down together: armed again by a good window, though it is left out."""
    rule = Threshold(below=0.8, recovered=0.9, cooldown=2)
    assert firings(rule, [300, 0, 300, 300, 300, 300]) == [0, 3]


def test_threshold_leaves_out_what_a_former_champion_predicted() -> None:
    """A bad window of a model that was replaced meanwhile is no reason to replace its successor."""
    running = Threshold(below=0.8).begin(NONE)
    assert [running.step(seen(0, 300, stale=True)), running.step(seen(1, 300)) is None] == [None, False]


def test_a_window_of_undefined_metric_fires_nothing() -> None:
    """With one class there is no recall, and so no firing."""
    labels = np.zeros(10, np.int8)
    outcome = Outcome(0, labels, np.ones(10), np.ones(10), 0.5)
    assert Threshold(metric="recall", below=1.0).begin(NONE).step(Situation(outcome)) is None
    assert Threshold(metric="accuracy", below=1.0).begin(NONE).step(Situation(outcome)) is not None


@given(st.integers(0, 2**32 - 1), st.sampled_from([name for name in METRICS if name != "log_loss"]))
def test_the_one_metric_equals_the_trackers(seed: int, metric: str) -> None:
    """What the threshold computes for itself is what the tracker would write."""
    rng = np.random.default_rng(seed)
    labels, scores = rng.integers(0, 2, 30).astype(np.int8), rng.random(30).round(1)
    outcome = Outcome(0, labels, scores, np.zeros(30), 0.5)
    assert metric_of(outcome, metric) == binary_metrics(labels, scores, threshold=0.5)[metric]


def test_a_metric_that_is_better_when_lower_is_refused() -> None:
    """Log loss can't fall below a threshold in the sense meant here."""
    with pytest.raises(ValidationError, match="'log_loss' is no metric that is better when higher"):
        Threshold(metric="log_loss", below=0.5)


def test_a_recovery_below_the_threshold_is_refused() -> None:
    """Such a trigger would be armed by the very window that fired it."""
    with pytest.raises(ValidationError, match=r"recovered=0\.7 is less than below=0\.8; give at least that"):
        Threshold(below=0.8, recovered=0.7)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("periodic(5)", Periodic(every=5)),
        ("random(0.1, seed=3)", Random(rate=0.1, seed=3)),
        ("threshold(f1, 0.8, recovered=0.9)", Threshold(metric="f1", below=0.8, recovered=0.9)),
        ("always", Always()),
    ],
)
def test_policies_are_found_by_their_words(words: str, expected: object) -> None:
    """The first fields are what values without a name fill in."""
    assert build("policy", words) == expected


def test_every_policy_is_known() -> None:
    """One class in one file is all that a policy needs to be found."""
    expected = {"always", "budgeted", "cost-aware", "drift", "never", "periodic", "random", "threshold"}
    assert set(kinds("policy")) == expected
