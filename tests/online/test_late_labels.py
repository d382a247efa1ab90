"""Labels that are late, or never known: nothing knows them earlier, and the tracker knows them all."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa
import pytest

from online.labels import Labels
from online.windows import Window
from producer.errors import UsageError

SIZE, WINDOWS = 100, 16
CLASSICAL = "classical:policy=threshold,below=0.9,train=last-2,gate=none"
ARMS = (
    "dynamic",
    CLASSICAL,
    "folds:policy=always,train=last-3,gate=crossfit",
    "river:learner=river(logistic-regression,warm_up=false)",
)


def inverted(window: Window, rows: np.ndarray) -> Window:
    """The window with the labels of these rows inverted."""
    labels = window.records.column("y").to_numpy()
    columns = [
        pa.array(np.where(rows, 1 - labels, labels), pa.int8()) if name == "y" else column
        for name, column in zip(window.records.schema.names, window.records.columns, strict=True)
    ]
    poisoned = pa.RecordBatch.from_arrays(columns, schema=window.records.schema)
    return Window(**{f.name: getattr(window, f.name) for f in fields(window)} | {"records": poisoned})


@pytest.mark.parametrize("delay", [0, 50, 100, 230])
def test_no_label_is_used_before_it_is_revealed(play, tiny_lines, delay: int) -> None:
    """Inverting all labels from window 9 on changes nothing before the window that reveals the last of them."""
    first, late = 9, -(-delay // SIZE)

    def poison(window: Window) -> Window:
        return inverted(window, np.full(SIZE, window.index >= first))

    lines = tiny_lines(SIZE * WINDOWS, 3, 500)
    labels = Labels(delay=delay, size=SIZE)
    arms = ARMS if delay else ARMS[:3]  # with every label known at once, the last arm learns within the window
    clean, poisoned = play(lines, *arms, labels=labels), play(lines, *arms, labels=labels, tamper=poison)
    revealed = first + late
    for before, after in zip(clean.entries[:revealed], poisoned.entries[:revealed], strict=True):
        assert before.arms == after.arms
    for before, after in zip(clean.entries[: revealed + 1], poisoned.entries[: revealed + 1], strict=True):
        assert before.scores.keys() == after.scores.keys()
        for model, scores in before.scores.items():
            np.testing.assert_array_equal(after.scores[model], scores)
    assert clean.entries[revealed].arms != poisoned.entries[revealed].arms


def test_labels_that_are_never_known_change_nothing_that_an_arm_does(play, tiny_lines) -> None:
    """With a labelling budget of a third, the other labels may be anything: scores and events stay as they are."""
    labels = Labels(share=1 / 3, seed=7, size=SIZE)

    def poison(window: Window) -> Window:
        return inverted(window, ~labels.known(window, window.records.column("y")))

    lines = tiny_lines(SIZE * WINDOWS, 3, 500)
    clean, poisoned = play(lines, *ARMS, labels=labels), play(lines, *ARMS, labels=labels, tamper=poison)
    for before, after in zip(clean.entries, poisoned.entries, strict=True):
        assert before.arms == after.arms
        for model, scores in before.scores.items():
            np.testing.assert_array_equal(after.scores[model], scores)
    trained = [event for _, event in clean.events("classical", "retrain")]
    known = [int(labels.known(e.window, e.window.records.column("y")).sum()) for e in clean.entries]
    assert [event["rows"] for event in trained] == [
        sum(known[event["first_window"] : event["last_window"] + 1]) for event in trained
    ]
    assert 0.28 < sum(known) / (SIZE * WINDOWS) < 0.38


def test_the_tracker_knows_all_labels(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path) -> None:
    """A labelling budget of a tenth and a delay change nothing in the static arm's rows."""
    asked = {
        "model": tiny_model(tmp_path / "model"),
        "file": tiny_file(tmp_path / "stream.csv", tiny_lines(1250, 3, 600)),
        "window": SIZE,
        "arms": ("static",),
    }
    run_asked(run=tmp_path / "all", **asked)
    run_asked(run=tmp_path / "few", label_share=0.1, label_delay=150, **asked)
    assert (tmp_path / "few/windows.csv").read_bytes() == (tmp_path / "all/windows.csv").read_bytes()


@pytest.mark.parametrize("delay", [0, 130])
def test_the_short_last_window_leads_to_no_decision(play, tiny_lines, delay: int) -> None:
    """It is scored and reveals nothing, neither its own labels nor late ones of earlier windows."""
    played = play(
        tiny_lines(SIZE * 5 + 50, 3), "a:policy=always,train=last-1,gate=none", labels=Labels(delay=delay, size=SIZE)
    )
    assert len(played.scores("a")[-1]) == 50
    assert played.entries[-1].arms["a"].events == ()
    late = -(-delay // SIZE)
    assert [event["last_window"] for _, event in played.events("a", "retrain")] == list(range(5 - late))


def test_in_the_short_last_window_no_training_becomes_ready(play, tiny_lines) -> None:
    """What would have been ready at its end is neither promoted nor rejected."""
    played = play(tiny_lines(SIZE * 5 + 50, 3), "a:policy=periodic-5,train=last-1,gate=none,latency=1")
    assert [(window, event["event"]) for window, event in played.events("a")] == [(4, "retrain")]


def test_the_detector_skips_windows_that_a_former_champion_predicted(play, tiny_lines) -> None:
    """With labels three windows late, the bad windows still to be revealed after a promotion raise no alarm."""
    labels = Labels(delay=3 * SIZE, size=SIZE)
    arm = "a:policy=drift,train=last-1,gate=none"
    played = play(tiny_lines(SIZE * 40, 3, 1000), arm, labels=labels)
    ((alarm, drift),) = played.events("a", "drift")
    assert (alarm, drift["since"]) == (10 + 3, 10)


def test_late_labels_are_due_with_the_window_that_holds_them() -> None:
    """Record i is revealed by the window of i + delay: a window by that of its last record, none by a short one."""

    def window(index: int, *, complete: bool = True) -> Window:
        return Window(index, index * SIZE, index * SIZE + SIZE - 1, complete, np.empty(0, np.int64), None)  # type: ignore[arg-type]

    for delay in (0, 1, 99, 100, 101, 230, 10_000):
        due = [Labels(delay=delay, size=SIZE).due(window(index)) for index in range(6)]
        holders = [(index * SIZE + SIZE - 1 + delay) // SIZE for index in range(6)]
        assert due == [tuple(w for w in range(6) if holders[w] == index) for index in range(6)]
        assert Labels(delay=delay, size=SIZE).due(window(5, complete=False)) == ()


@pytest.mark.parametrize("share", [float("nan"), 0.0, 1.5])
def test_a_share_of_labels_that_is_none_is_refused(share: float) -> None:
    """A share of nan would make a run that can't be resumed, as nan equals nothing."""
    with pytest.raises(UsageError, match=rf"a label share of {share} is no share of records; use one above 0, up to 1"):
        Labels(share=share)
