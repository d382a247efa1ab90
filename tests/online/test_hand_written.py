"""Arms against loops written by hand: predict a window, then learn from what is known by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from online.interfaces import Training
from online.labels import Labels
from online.learners.batch import ScikitLearn
from online.static_rows import StaticRows
from producer.codec import decode
from producer.dataset import Dataset
from static_model.artifact import Model
from static_model.scorer import Scorer

SIZE, WINDOWS = 100, 14
Rows = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def static_rows(tiny: Dataset, tiny_lines, tiny_start: Model) -> StaticRows:
    """300 lines as if they were what the starting model was trained on."""
    records = decode(tiny_lines(300, seed=0), tiny, wire="csv").records
    return StaticRows(records, records.column("y").to_numpy(), "a digest", tiny_start.steps)


def fitted(rows: Rows, *, like: Model, seed: int) -> Model:
    """The scikit-learn learner's model of these rows."""
    return ScikitLearn().fit(Training(*rows, records=lambda: None), like=like, seed=seed)  # type: ignore[arg-type]


def joined(parts: list[Rows]) -> Rows:
    """Rows one after the other."""
    return np.concatenate([features for features, _ in parts]), np.concatenate([labels for _, labels in parts])


def by_hand(played, arm: str, wants: Callable[[int], bool], rows: Callable[[int], Rows], *, latency=0, late=0):
    """The scores of an arm without a gate, window by window, and the windows in which it trained."""
    seeds = iter([played.model(event["model"]).info["seed"] for _, event in played.events(arm, "retrain")])
    model, ready, scores, trained = played.start, {}, [], []
    for now in range(WINDOWS):
        model = ready.get(now, model)
        scores.append(Scorer(model.estimator).score(played.learnable(now)[0]))
        known = now - late
        if known >= 0 and wants(known):
            trained.append(now)
            ready[now + latency + 1] = fitted(rows(known), like=played.start, seed=next(seeds))
    return scores, trained


def assert_same(played, arm: str, expected: tuple[list[np.ndarray], list[int]]) -> None:
    """The arm trained in these windows, and predicted these scores."""
    scores, trained = expected
    assert trained == [window for window, _ in played.events(arm, "retrain")]
    for mine, its in zip(scores, played.scores(arm), strict=True):
        np.testing.assert_array_equal(its, mine)


@pytest.mark.parametrize("latency", [0, 1, 3])
@pytest.mark.parametrize(("delay", "late"), [(0, 0), (50, 1), (100, 1), (230, 3)])
def test_always_with_latency_and_late_labels(play, tiny_lines, latency: int, delay: int, late: int) -> None:
    """Labels half a window, one or 2.3 windows late, models up to three windows late: as in a plain loop."""
    arm = f"a:policy=always,train=last-2,gate=none,latency={latency}"
    played = play(tiny_lines(SIZE * WINDOWS, 3, 600), arm, labels=Labels(delay=delay, size=SIZE))

    def last_two(known: int) -> Rows:
        return joined([played.learnable(k) for k in range(max(0, known - 1), known + 1)])

    assert_same(played, "a", by_hand(played, "a", lambda known: True, last_two, latency=latency, late=late))


@pytest.mark.parametrize("late", [0, 2])
def test_periodic_counts_windows_whose_labels_are_known(play, tiny_lines, late: int) -> None:
    """`periodic(4)` trains when the labels of windows 3, 7 and 11 are known."""
    labels = Labels(delay=late * SIZE, size=SIZE)
    played = play(tiny_lines(SIZE * WINDOWS, 3, 600), "a:policy=periodic(4),train=cumulative,gate=none", labels=labels)

    def everything(known: int) -> Rows:
        return joined([played.learnable(k) for k in range(known + 1)])

    assert_same(played, "a", by_hand(played, "a", lambda known: known % 4 == 3, everything, late=late))


def static_then(played, static: StaticRows, first: int, known: int) -> Rows:
    """The static rows, then the windows."""
    return joined([(static.features, static.labels), *(played.learnable(k) for k in range(max(0, first), known + 1))])


@pytest.mark.parametrize(("words", "back"), [("static-last-3", 3), ("static-cumulative", WINDOWS)])
def test_static_rows_stand_before_those_of_the_stream(play, tiny_lines, static_rows, words: str, back: int) -> None:
    """All of them, in the order of their file, whatever the number of windows behind them."""
    played = play(
        tiny_lines(SIZE * WINDOWS, 3, 600), f"a:policy=periodic-3,train={words},gate=none", static_rows=static_rows
    )

    def rows(known: int) -> Rows:
        return static_then(played, static_rows, known - back + 1, known)

    assert_same(played, "a", by_hand(played, "a", lambda known: known % 3 == 2, rows))


def test_a_sample_of_the_static_rows_is_the_same_in_every_fit(play, tiny_lines, static_rows) -> None:
    """`static=120` takes 120 of them, in their order, by the run's seed."""
    arm = "a:policy=periodic-3,train=static-last(3,static=120),gate=none"
    played = play(tiny_lines(SIZE * WINDOWS, 3, 600), arm, static_rows=static_rows)
    places = static_rows.sample(120, seed=7)
    assert (len(set(places.tolist())), places.tolist()) == (120, sorted(places.tolist()))

    def rows(known: int) -> Rows:
        windows = [played.learnable(k) for k in range(known - 2, known + 1)]
        return joined([(static_rows.features[places], static_rows.labels[places]), *windows])

    assert_same(played, "a", by_hand(played, "a", lambda known: known % 3 == 2, rows))


def test_folds_are_judged_by_models_that_did_not_see_them(play, tiny_lines) -> None:
    """The crossfit gate's gain is that of a crossfit written by hand; what is promoted was fitted on all rows."""
    played = play(tiny_lines(SIZE * WINDOWS, 3, 650), "a:policy=always,train=last-3,gate=crossfit(3)")
    judged = dict(played.events("a", "promoted", "rejected"))
    for window, gain in gains_by_hand(played):
        assert judged[window]["gain"] == gain
        assert (judged[window]["event"] == "promoted") == (judged[window]["lower"] > 0)
    trained = dict(played.events("a", "retrain"))
    assert {"promoted", "rejected"} == {event["event"] for event in judged.values()}
    assert [(event["fits"], event["rows"]) for event in trained.values()][2:] == [(4, 1200 - 100)] * (WINDOWS - 2)
    changes = [w for w in range(1, WINDOWS) if played.in_force("a")[w] != played.in_force("a")[w - 1]]
    assert changes == [w + 1 for w, event in judged.items() if event["event"] == "promoted" and w + 1 < WINDOWS]


def gains_by_hand(played) -> Iterator[tuple[int, float]]:
    """Of each window: the champion's losses less those of three fits, each on its third, in the mean."""
    for window, event in played.events("a", "retrain"):
        assert event["last_window"] == window
        before = [played.learnable(k) for k in range(event["first_window"], window)]
        features, labels = played.learnable(window)
        unseen = np.zeros(SIZE)
        for fold in range(3):
            out = np.arange(SIZE) % 3 == fold
            rows = joined([*before, (features[~out], labels[~out])])
            seed = next(seed for seed in fold_seeds(played, window, fold, event["first_window"]))
            scores = Scorer(fitted(rows, like=played.start, seed=seed).estimator).score(features[out])
            unseen[out] = (scores > 0.5) != labels[out]
        yield window, float((((played.scores("a")[window] > 0.5) != labels) - unseen).mean())


def fold_seeds(played, window: int, fold: int, first: int) -> Iterator[int]:
    """The seed that the fold's model was fitted with, as it says itself."""
    for path in played.models.iterdir():
        info = played.model(path.name).info
        rows = info.get("trained_on", {})
        if rows.get("without") == {"window": window, "part": fold, "of": 3} and rows["span"]["first"] == first:
            yield info["seed"]
