"""An arm at work on scripted losses and fits: who is champion when, what is charged, and how episodes end and begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from online.arms import Arm
from online.contestant import Contestant
from online.gates.none import NoGate
from online.gates.shadow import Shadow
from online.interfaces import Attempt, Event, Features, Losses, Outcome, Pool, Rows, Situation, Span
from online.memo import Fit, Refused
from online.policies.drift import Drift, DriftEpisodes
from online.training_sets.last import Last
from online.training_sets.since_change import SinceChange

RECORDS = 1000
CALM, BAD = 20, 300
POOL = Pool(2000, 40)
CHANGE = 30


@dataclass
class FakeMemo:
    """A memo in which everything is written down beforehand: errors by (model, window), and fits by span.

    A model that isn't scripted for a window makes CALM errors there. `asked` keeps the spans and minimums of the fits.
    """

    errors: dict[tuple[str, int], int] = field(default_factory=dict)
    fits: Callable[[Span], Fit | Refused] = lambda span: Fit(f"{span.first}-{span.last}", 0)
    asked: list[tuple[Span, int]] = field(default_factory=list)

    def losses(self, model: str, window: int) -> Losses:
        """That many of the last records are wrong."""
        errors = self.errors.get((model, window), CALM)
        return np.repeat([0.0, 1.0], [RECORDS - errors, errors])

    def outcome(self, model: str, window: int) -> Outcome:
        """The window as predicted by that model; all labels are 0, so that the scores are the losses."""
        losses = self.losses(model, window)
        return Outcome(window, np.zeros(RECORDS, np.int8), losses, losses, 0.5)

    def features(self, window: int) -> Features:
        """None that anybody looks at."""
        return np.zeros((RECORDS, 1))

    def fit(self, learner: object, rows: Rows, *, minimum: int) -> Fit | Refused:
        """What was scripted for the span."""
        assert rows.span is not None
        self.asked.append((rows.span, minimum))
        return self.fits(rows.span)


@dataclass
class Watched:
    """The drift policy, and the episodes that it handed out, to look into."""

    episodes: list[DriftEpisodes] = field(default_factory=list)

    def begin(self, pool: Pool) -> DriftEpisodes:
        """As the drift policy."""
        self.episodes.append(Drift().begin(pool))
        return self.episodes[-1]


@dataclass
class Scripted:
    """A policy that asks for a fit in the windows named, and keeps what it is shown."""

    attempts: dict[int, Attempt]
    shown: list[tuple[int, int, bool | None]] = field(default_factory=list)

    def begin(self, pool: Pool) -> Scripted:
        """Itself."""
        return self

    def step(self, seen: Situation) -> Attempt | None:
        """The attempt written down for this window; window, errors and verdict are kept."""
        self.shown.append((seen.outcome.window, int(seen.outcome.losses.sum()), seen.judged))
        return self.attempts.get(seen.outcome.window)


def contestant(policy: Any = None, *, sets: tuple = (SinceChange(), Last(windows=20)), gate: Any = None) -> Contestant:
    """A contestant whose starting model is called static; unless said otherwise, the dynamic arm."""
    parts = {"policy": policy or Drift(), "training_sets": sets, "gate": gate or Shadow()}
    return Contestant(Arm.model_construct(name="arm", **parts), champion="static", pool=POOL)


def drive(arm: Contestant, memo: FakeMemo, windows: Iterable[int]) -> list[tuple[int, Event]]:
    """Reveal the windows one by one; every event with its window."""
    return [(window, event) for window in windows for event in arm.learn(now(window), (window,), memo)]  # type: ignore[arg-type]


def now(index: int) -> Any:
    """The window that has just been predicted, as far as an arm looks at it."""
    return SimpleNamespace(index=index, complete=True)


def having(events: list[tuple[int, Event]], kind: str, key: str = "event") -> list[tuple[int, Any]]:
    """Window and one value of all events of that kind."""
    return [(window, event[key]) for window, event in events if event["event"] == kind]


def bad_from(change: int, model: str = "static", errors: int = BAD) -> dict[tuple[str, int], int]:
    """The model makes that many errors in every window from the change on."""
    return {(model, window): errors for window in range(change, 200)}


def named(names: dict[Span, str]) -> Callable[[Span], Fit]:
    """Fits with these names; any other span fits a hopeless model."""
    return lambda span: Fit(names.get(span, "hopeless"), 100)


HOPELESS = bad_from(0, "hopeless", 900)


def test_the_winner_is_champion_from_the_next_window_on() -> None:
    """Of two challengers the better one is promoted after one window, and both leave the trial."""
    memo = FakeMemo(
        bad_from(CHANGE) | {("fresh", CHANGE + 1): 5, ("long", CHANGE + 1): 250},
        named({Span(CHANGE, CHANGE): "fresh", Span(CHANGE - 19, CHANGE): "long"}),
    )
    arm = contestant(Scripted({CHANGE: Attempt("bad", since=CHANGE, alarm=True)}))
    events = drive(arm, memo, [CHANGE])
    assert [event["event"] for _, event in events] == ["drift", "retrain", "retrain"]
    assert (arm.champion, arm.models) == ("static", ("static", "fresh", "long"))
    events = drive(arm, memo, [CHANGE + 1])
    assert [(event["event"], event["model"]) for _, event in events] == [("promoted", "fresh"), ("rejected", "long")]
    assert events[0][1]["gain"] == pytest.approx((BAD - 5) / RECORDS)
    assert (arm.champion, arm.models) == ("fresh", ("fresh",))


def test_a_promotion_takes_effect_with_the_next_window() -> None:
    """The policy sees the judging window as the old model predicted it, and the next one as the new model does."""
    memo = FakeMemo({("static", w): 100 + w for w in range(5)} | {("new", w): w for w in range(5)}, named({}))
    memo.fits = lambda span: Fit("new", 100)
    policy = Scripted({1: Attempt("bad")})
    drive(contestant(policy, sets=(Last(windows=1),)), memo, range(5))
    assert policy.shown == [(0, 100, None), (1, 101, None), (2, 102, True), (3, 3, None), (4, 4, None)]


def test_without_a_gate_a_promotion_takes_effect_with_the_next_window() -> None:
    """What was trained at the end of a window first predicts the one after it."""
    memo = FakeMemo({("static", w): 100 + w for w in range(4)} | {("new", w): w for w in range(4)})
    memo.fits = lambda span: Fit("new", 100)
    policy = Scripted({1: Attempt("bad")})
    arm = contestant(policy, sets=(Last(windows=1),), gate=NoGate())
    drive(arm, memo, range(4))
    assert policy.shown == [(0, 100, None), (1, 101, None), (2, 2, True), (3, 3, None)]
    assert arm.models == ("new",)


def test_without_a_gate_only_the_first_training_set_is_trained() -> None:
    """A second challenger could never be promoted: it is neither fitted nor charged."""
    memo = FakeMemo(bad_from(3))
    arm = contestant(Scripted({3: Attempt("bad")}), sets=(Last(windows=2), Last(windows=4)), gate=NoGate())
    events = drive(arm, memo, range(5))
    assert memo.asked == [(Span(2, 3), 20)]
    assert [(window, event["event"], event["model"]) for window, event in events] == [
        (3, "retrain", "2-3"),
        (3, "promoted", "2-3"),
    ]
    assert (events[1][1]["reason"], events[1][1]["gain"], events[1][1]["lower"]) == ("no gate", None, None)


def test_with_a_gate_every_training_set_is_trained() -> None:
    """Each set is asked for with its own span and its own minimum."""
    memo = FakeMemo()
    sets = (SinceChange(minimum=7), Last(windows=20), Last(windows=2))
    drive(contestant(Scripted({30: Attempt("bad", since=28)}), sets=sets), memo, [30])
    assert memo.asked == [(Span(28, 30), 7), (Span(11, 30), 20), (Span(29, 30), 20)]


def test_an_equal_fit_is_charged_once() -> None:
    """Where since-change and last-N span the same windows there is one fit, one event and one challenger."""
    memo = FakeMemo(bad_from(CHANGE))
    arm = contestant(sets=(SinceChange(), Last(windows=1)))
    events = drive(arm, memo, range(CHANGE + 1))
    assert [span for span, _ in memo.asked] == [Span(CHANGE, CHANGE)] * 2
    assert having(events, "retrain", "training_set") == [(CHANGE, "since-change")]
    assert arm.models == ("static", f"{CHANGE}-{CHANGE}")


def test_the_events_say_what_was_trained_on_what() -> None:
    """Alarm, fit and refusal stand in this order with their numbers."""
    refused = Span(CHANGE - 19, CHANGE)
    memo = FakeMemo(bad_from(CHANGE))
    memo.fits = lambda span: Refused("only 3 rows") if span == refused else Fit("new", 1000)
    (_, drift), (_, retrain), (_, refusal) = drive(contestant(), memo, range(CHANGE + 1))
    assert drift == {"event": "drift", "reason": drift["reason"], "since": CHANGE}
    assert drift["reason"].startswith("the error rate rose")
    found = {"training_set": "since-change", "first_window": CHANGE, "last_window": CHANGE}
    assert retrain == {"event": "retrain", "reason": drift["reason"], **found, "rows": 1000, "model": "new"}
    found = {"training_set": "last 20", "first_window": CHANGE - 19, "last_window": CHANGE}
    assert refusal == {"event": "refused", "reason": "only 3 rows", **found}


def test_attempts_of_which_every_set_was_refused_count_as_misses() -> None:
    """Two such attempts in a row end the episode, and the detector raises the next alarm."""
    memo = FakeMemo(bad_from(CHANGE), lambda span: Refused("only 3 rows"))
    events = drive(contestant(), memo, range(CHANGE + 4))
    # Refused at 30 and at 31; the second miss shows at 32, and from 33 on the detector watches again.
    assert sorted({window for window, _ in having(events, "refused")}) == [CHANGE, CHANGE + 1, CHANGE + 3]
    assert having(events, "drift", "since") == [(CHANGE, CHANGE), (CHANGE + 3, CHANGE + 3)]


def test_one_set_refused_leaves_the_other_on_trial() -> None:
    """The attempt isn't judged before its challenger is: no verdict at the fit, one a window later."""
    memo = FakeMemo(bad_from(CHANGE))
    memo.fits = lambda span: Refused("only 3 rows") if span.first == span.last else Fit("new", 100)
    policy = Scripted({CHANGE: Attempt("bad", since=CHANGE)})
    drive(contestant(policy), memo, range(CHANGE, CHANGE + 3))
    assert [judged for _, _, judged in policy.shown] == [None, True, None]


def test_an_attempt_that_was_refused_is_told_with_the_next_window() -> None:
    """All sets refused is a verdict: no promotion."""
    policy = Scripted({1: Attempt("bad")})
    memo = FakeMemo(fits=lambda span: Refused("only 3 rows"))
    drive(contestant(policy, sets=(Last(windows=1),)), memo, range(4))
    assert [judged for _, _, judged in policy.shown] == [None, None, False, None]


def test_after_a_promotion_the_detector_starts_from_the_new_models_errors() -> None:
    """Its pool holds the windows from the judging one on, each with the errors of the model in force from then on."""
    new = {("new", CHANGE + age): errors for age, errors in enumerate((0, 11, 22, 33, 44))}
    memo = FakeMemo(bad_from(CHANGE) | HOPELESS | new, named({Span(CHANGE, CHANGE): "new"}))
    policy = Watched()
    arm = contestant(policy)
    events = drive(arm, memo, range(CHANGE + 5))
    # Promoted at 31; the attempts at 31 and 33 are rejected at 32 and 34, which ends the episode.
    assert having(events, "promoted", "model") == [(CHANGE + 1, "new")]
    assert sorted({window for window, _ in having(events, "rejected")}) == [CHANGE + 1, CHANGE + 2, CHANGE + 4]
    assert arm.champion == "new"
    (episodes,) = policy.episodes
    assert episodes.pool == Pool(4 * RECORDS, 11 + 22 + 33 + 44)


def test_a_change_is_not_dated_across_a_reset() -> None:
    """After a fruitless episode the bad windows before the reset don't belong to the next change."""
    memo = FakeMemo(bad_from(CHANGE) | HOPELESS, named({}))
    events = drive(contestant(), memo, range(CHANGE + 4))
    assert having(events, "promoted") == []
    assert having(events, "drift", "since") == [(CHANGE, CHANGE), (CHANGE + 3, CHANGE + 3)]
    assert [span for span, _ in memo.asked[-2:]] == [Span(CHANGE + 3, CHANGE + 3), Span(CHANGE - 16, CHANGE + 3)]


def slowly(errors: dict[tuple[str, int], int]) -> list[tuple[int, Event]]:
    """The events of an arm whose detector knows the error rate before the stream very well."""
    arm = Arm.model_construct(name="arm", policy=Drift(), training_sets=(SinceChange(),), gate=Shadow())
    return drive(Contestant(arm, champion="static", pool=Pool(200_000, 4000)), FakeMemo(errors), range(200))


def test_a_change_that_shows_late_is_dated_far_back() -> None:
    """A rise from 2 % to 2.3 % is seen after 43 windows, and dated to its first."""
    assert having(slowly(bad_from(60, errors=23)), "drift", "since")[0] == (102, 60)


def test_a_change_is_dated_at_most_50_windows_back() -> None:
    """Of a rise that began earlier only the latest 50 windows are looked at."""
    errors = bad_from(60, errors=22) | bad_from(140, errors=26)
    (window, since), *_ = having(slowly(errors), "drift", "since")
    assert since == window - 49


def seen_without(empty: int) -> list[tuple[int, Event]]:
    """A change in window 30 that takes three windows to show; one window has no record and reveals nothing."""
    memo = FakeMemo(bad_from(CHANGE, errors=35) | HOPELESS, named({}))
    arm = contestant(sets=(SinceChange(),))
    windows = (() if window == empty else (window,) for window in range(CHANGE + 10))
    return [(window, event) for window, due in enumerate(windows) for event in arm.learn(now(window), due, memo)]  # type: ignore[arg-type]


def test_a_window_without_records_does_not_shift_the_date() -> None:
    """The change is dated to the window where it began, though one of those after it was never seen."""
    assert having(seen_without(-1), "drift", "since")[0] == (CHANGE + 2, CHANGE)
    assert having(seen_without(CHANGE + 1), "drift", "since")[0] == (CHANGE + 3, CHANGE)


@pytest.mark.parametrize("empty", [CHANGE + 1, CHANGE + 3], ids=["before the alarm", "in the episode"])
def test_a_window_without_records_does_not_count_as_labelled(empty: int) -> None:
    """Without it the alarm comes with three labelled windows and the next attempt with four; so it is with it."""
    assert having(seen_without(-1), "retrain", "reason")[1] == (CHANGE + 3, "4 windows since the change")
    assert having(seen_without(empty), "retrain", "reason")[1] == (CHANGE + 4, "4 windows since the change")
