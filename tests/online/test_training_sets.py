"""Training sets: which rows they name, which of these are kept, and what is refused with an event."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online.arms import parse_arm
from online.gates.crossfit import Crossfit
from online.gates.shadow import Shadow
from online.interfaces import Attempt, Rows, Span, Training
from online.learners.batch import ScikitLearn
from online.selection import chosen, draws
from online.training import Trainer
from online.training_sets.last import Last
from online.training_sets.since_change import SinceChange
from online.training_sets.since_warning import SinceWarning
from producer.errors import UsageError
from static_model.scorer import Scorer

SIZE = 100
LABELS = st.lists(st.integers(0, 1), max_size=60).map(lambda labels: np.array(labels, np.int8))


def words(text: str) -> Rows:
    """The rows of that set after window 9, of a change in window 6 whose warning came in window 4."""
    arm = parse_arm(f"a:policy=drift,train={text}")
    return arm.training_sets[0].rows(9, Attempt("", since=6, warned=4))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("last-3", Rows(Span(7, 9))),
        ("last-30", Rows(Span(0, 9))),
        ("last(3,ratio=2)", Rows(Span(7, 9), ratio=2.0)),
        ("cumulative", Rows(Span(0, 9))),
        ("since-change", Rows(Span(6, 9))),
        ("since-warning", Rows(Span(4, 9))),
        ("static-last-3", Rows(Span(7, 9), static="all")),
        ("static-last(3,50,ratio=3)", Rows(Span(7, 9), static=50, ratio=3.0)),
        ("static-cumulative", Rows(Span(0, 9), static="all")),
        ("reservoir-70", Rows(Span(0, 9), per_class=70)),
    ],
)
def test_the_rows_that_a_set_names(text: str, rows: Rows) -> None:
    """Each set, in words."""
    assert words(text) == rows


def test_without_a_warning_the_change_counts() -> None:
    """Since-warning is then since-change."""
    attempt = Attempt("", since=6)
    assert SinceWarning().rows(9, attempt) == SinceChange().rows(9, attempt)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("static-last(3,static=0)", "static"),
        ("static-last(3,static=-3)", "static"),
        ("last(3,ratio=0.5)", "ratio: Input should be greater than or equal to 1"),
        ("last(3,minimum=1)", "minimum: Input should be greater than or equal to 2"),
        ("reservoir-0", "per_class: Input should be greater than or equal to 1"),
    ],
)
def test_sets_that_make_no_sense_are_refused(text: str, message: str) -> None:
    """The field is named."""
    with pytest.raises(UsageError, match=message):
        parse_arm(f"a:policy=always,train={text}")


@given(labels=LABELS, per_class=st.none() | st.integers(1, 40), ratio=st.none() | st.floats(1, 9), seed=st.integers(0))
def test_what_is_kept_is_what_was_asked_for(labels, per_class, ratio, seed) -> None:
    """At most so many of each class; of the larger one at most the ratio; no more left out than that asks for."""
    drawn = draws(np.arange(len(labels)), seed=seed)
    kept = chosen(labels, drawn, per_class=per_class, ratio=ratio)
    there, found = np.bincount(labels, minlength=2), np.bincount(labels[kept], minlength=2)
    expected = there if per_class is None else np.minimum(there, per_class)
    expected = expected if ratio is None else np.minimum(expected, int(ratio * expected.min()))
    assert found.tolist() == expected.tolist()
    for value in (0, 1):  # of a class, those with the smallest draws
        own = drawn[labels == value]
        assert sorted(drawn[kept & (labels == value)]) == sorted(own)[: found[value]]


def test_a_reservoir_keeps_most_of_what_it_had() -> None:
    """More windows push rows out one by one, as in Vitter's reservoir: nothing that left comes back."""
    labels = (np.arange(4000) % 3 == 0).astype(np.int8)
    drawn = draws(np.arange(4000), seed=7)
    kept = [set(np.flatnonzero(chosen(labels[:n], drawn[:n], per_class=200)).tolist()) for n in (1000, 2000, 4000)]
    assert [len(rows) for rows in kept] == [400, 400, 400]
    assert {row for row in kept[2] if row < 2000} <= kept[1]
    assert {row for row in kept[1] if row < 1000} <= kept[0]


def test_a_reservoir_is_drawn_from_all_of_the_stream_alike() -> None:
    """Each quarter of the stream gives about a quarter of the sample."""
    labels = (np.arange(40_000) % 2).astype(np.int8)
    places = np.flatnonzero(chosen(labels, draws(np.arange(40_000), seed=7), per_class=2000))
    assert np.abs(np.bincount(places // 10_000) - 1000).max() < 100


@pytest.mark.parametrize(
    ("train", "options"), [("reservoir-60", {"per_class": 60}), ("last(9,ratio=1.5)", {"ratio": 1.5})]
)
def test_the_rows_kept_are_the_rows_fitted_on(play, tiny_lines, train: str, options) -> None:
    """In the order of the stream, chosen by their sequence numbers and the run's seed."""
    played = play(tiny_lines(SIZE * 6, 3), f"a:policy=periodic-5,train={train},gate=none")
    ((_, event),) = played.events("a", "retrain")
    parts = [played.learnable(window) for window in range(5)]
    features, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    seqs = np.concatenate([entry.window.seqs for entry in played.entries[:5]])
    kept = chosen(labels, draws(seqs, seed=7), **options)
    rows = Training(features[kept], labels[kept], records=lambda: None)  # type: ignore[arg-type,return-value]
    seed = played.model(event["model"]).info["seed"]
    by_hand = ScikitLearn().fit(rows, like=played.start, seed=seed)
    scores = Scorer(by_hand.estimator).score(played.learnable(5)[0])
    np.testing.assert_array_equal(played.scores("a")[5], scores)
    assert event["rows"] == kept.sum()


def test_the_minimum_counts_what_is_left(play, tiny_lines) -> None:
    """A set that falls below it after undersampling is refused with an event, and the duel goes on."""
    lines = [
        line.rsplit(b",", 1)[0] + (b",attack" if n % 50 == 0 else b",benign")
        for n, line in enumerate(tiny_lines(SIZE * 3, 3))
    ]
    played = play(lines, "a:policy=always,train=last(1,ratio=2),gate=none", "b:policy=always,train=last-1,gate=none")
    assert {event["reason"] for _, event in played.events("a")} == {"only 6 rows, 20 are needed"}
    assert played.in_force("a") == ["start"] * 3
    assert [event["rows"] for _, event in played.events("b", "retrain")] == [100] * 3


@pytest.mark.parametrize("gate", ["none", "shadow", "crossfit"])
def test_one_class_is_refused_by_every_gate(play, tiny_lines, gate: str) -> None:
    """Nothing is fitted, nothing is judged, and each refusal is an event."""
    lines = [line.rsplit(b",", 1)[0] + b",attack" for line in tiny_lines(SIZE * 3, 3)]
    played = play(lines, f"a:policy=always,train=last-1,gate={gate}")
    assert [(window, e["event"], e["reason"]) for window, e in played.events("a")] == [
        (window, "refused", "all 100 rows are of class 1") for window in range(3)
    ]


def test_a_fold_that_cannot_be_fitted_on_is_lost(scripted) -> None:
    """It counts as if the challenger had erred on all of it, and costs nothing."""
    memo = scripted.ScriptedMemo(lambda model, window: range(0), refused=("3-3 without 1",))
    found = scripted.scene([3], memo, windows=5, training_sets=(Last(windows=1),), gate=Crossfit())
    assert found.having("rejected", "gain") == [(3, -0.5)]
    assert found.having("retrain", "fits") == [(3, 2)]


@pytest.mark.parametrize(
    ("limits", "made", "reason"),
    [
        ({"most_fits": 1}, ["2-3"], "the budget leaves 0 fits"),
        ({"most_rows": 2500}, ["2-3"], "the budget leaves 500 rows, 1,000 are needed"),
        ({"most_rows": 1500}, ["3-3"], "the budget leaves 1,500 rows, 2,000 are needed"),
        ({"most_fits": 2, "most_rows": 3000}, ["2-3", "3-3"], None),
    ],
)
def test_what_a_budget_does_not_leave_is_refused(scripted, limits, made: list[str], reason: str | None) -> None:
    """Sets named first are served first; each refusal says what is left."""
    sets = (Last(windows=2), Last(windows=1))
    found = scripted.scene(
        {3: Attempt("", **limits)}, scripted.ScriptedMemo(), windows=5, training_sets=sets, gate=Shadow()
    )
    assert [model for _, model in found.having("retrain")] == made
    assert [text for _, text in found.having("refused", "reason")] == ([reason] if reason else [])


def test_an_attempt_before_any_label_is_known_is_refused(scripted) -> None:
    """Static rows alone are no answer to a change: there must be something of the stream."""
    arm = parse_arm("a:policy=always,train=static-last-2,gate=crossfit")
    trainer = Trainer(arm).train(Attempt("asked"), -1, "start", scripted.ScriptedMemo())
    assert [event["reason"] for event in trainer] == ["no label is known yet"]


def test_a_ratio_beyond_all_numbers_keeps_all():
    """A huge ratio asks for more rows than there are, not for an infinity of them."""
    labels = np.array([0, 0, 0, 1, 1], np.int8)
    assert chosen(labels, np.arange(5) / 5, ratio=1e308).tolist() == [True] * 5
