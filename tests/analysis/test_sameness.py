"""Two runs held against each other: every kind of difference is found, and said where and by how much."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis.sameness.difference import Difference
from analysis.sameness.files import model_differences
from analysis.sameness.runs import hold_together
from online.ledger import Entry, Ledger
from online.run import read_contract
from online.segment import write_segment
from online.windows import DeadLetter

LABELS = [np.tile(np.array([0, 1], dtype=np.int8), 50) for _ in range(4)]
EVENTS = {(2, "dynamic"): [{"event": "drift", "reason": "alarm", "since": 2}]}

Pair = tuple[Path, Path]


@pytest.fixture
def pair(make_run: Callable[..., Path]) -> Pair:
    """A run of four windows of 100, and its repeat."""
    then, now = (
        make_run(LABELS, {"static": LABELS, "dynamic": LABELS}, events=EVENTS, name=name) for name in ("then", "now")
    )
    for run in (then, now):
        (run / "models/model-of-dynamic").mkdir(exist_ok=True)
        (run / "models/model-of-dynamic/model.json").write_text("{}")
    return then, now


def rewrite(run: Path, window: int, change: Callable[[Entry], Entry]) -> None:
    """Tamper with a segment so that its checksum holds."""
    entry = change(Ledger(run / "segments", read_contract(run)).read(window))
    with (run / f"segments/{window:06d}.arrow").open("wb") as sink:
        write_segment(sink, entry, with_records=True)


def other_scores(entry: Entry) -> Entry:
    scores = {model: values.copy() for model, values in entry.scores.items()}
    scores["model-of-dynamic"][[3, 4]] = (0.7500001, 0.6)
    return replace(entry, scores=scores)


def other_event(entry: Entry) -> Entry:
    part = replace(entry.arms["dynamic"], events=({"event": "drift", "reason": "alarm", "since": 1},))
    return replace(entry, arms={**entry.arms, "dynamic": part})


def no_event(entry: Entry) -> Entry:
    return replace(entry, arms={**entry.arms, "dynamic": replace(entry.arms["dynamic"], events=())})


def other_model(entry: Entry) -> Entry:
    return replace(entry, arms={**entry.arms, "dynamic": replace(entry.arms["dynamic"], model="model-of-static")})


def other_record(entry: Entry) -> Entry:
    columns = dict(zip(entry.window.records.schema.names, entry.window.records.columns, strict=True))
    columns["x"] = pa.array([0, 0, 7] + [0] * 97, "int64")
    records = pa.RecordBatch.from_arrays(list(columns.values()), schema=entry.window.records.schema)
    return replace(entry, window=replace(entry.window, records=records))


def other_label(entry: Entry) -> Entry:
    columns = dict(zip(entry.window.records.schema.names, entry.window.records.columns, strict=True))
    columns["y"] = pa.array([None, None, *LABELS[0][2:]], "int8")
    records = pa.RecordBatch.from_arrays(list(columns.values()), schema=entry.window.records.schema)
    return replace(entry, window=replace(entry.window, records=records))


def other_numbers(entry: Entry) -> Entry:
    seqs = entry.window.seqs.copy()
    seqs[-1] += 1
    return replace(entry, window=replace(entry.window, seqs=seqs))


def a_dead_letter(entry: Entry) -> Entry:
    return replace(entry, window=replace(entry.window, dead=(DeadLetter(250, "no record", b"x"),)))


def a_lost_arm(entry: Entry) -> Entry:
    return replace(entry, arms={"static": entry.arms["static"]})


SEGMENTS = [
    (
        other_scores,
        {
            "what": "scores",
            "arm": "dynamic",
            "count": 2,
            "unit": "score",
            "was": "0.7500001",
            "now": "0.75",
            "most": pytest.approx(0.35),
            "flips": 1,
        },
    ),
    (other_event, {"what": "events", "arm": "dynamic", "was": "drift with since 1", "now": "2"}),
    (no_event, {"what": "events", "arm": "dynamic", "was": "none", "now": "drift"}),
    (other_model, {"what": "model in force", "arm": "dynamic", "was": "model-of-static", "now": "model-of-dynamic"}),
    (other_record, {"what": "column 'x'", "unit": "record", "was": "7 in record 202", "now": "0"}),
    (other_label, {"what": "labels", "unit": "record", "count": 2, "was": "None in record 200", "now": "0"}),
    (other_numbers, {"what": "sequence numbers", "was": "100 records", "now": "100 records"}),
    (a_dead_letter, {"what": "dead letters", "was": "1 of them", "now": "0"}),
    (a_lost_arm, {"what": "arm", "arm": "dynamic", "was": "missing", "now": "there"}),
]


def test_the_same_is_found_the_same(pair: Pair) -> None:
    """Nothing differs, and what was compared is counted."""
    found = hold_together(*pair)
    assert () == found.differences
    assert (4, 400, 800, 1, 2) == (found.windows, found.numbers, found.scores, found.events, found.models)


@pytest.mark.parametrize(("change", "expected"), SEGMENTS, ids=[change.__name__ for change, _ in SEGMENTS])
def test_a_tampered_segment_is_found(pair: Pair, change: Callable[[Entry], Entry], expected: dict) -> None:
    """With its window, its arm, how many differ, and both values."""
    rewrite(pair[0], 2, change)
    assert hold_together(*pair).differences == (Difference(**{"window": 2, **expected}),)


def test_differences_of_many_windows_are_added_up(pair: Pair) -> None:
    """One line for the scores of an arm: the first window, all of them, and the largest."""
    for window in (1, 3):
        rewrite(pair[0], window, other_scores)
    (found,) = hold_together(*pair).differences
    assert (1, 4, 2) == (found.window, found.count, found.flips)


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        (
            "windows.csv",
            lambda t: t.replace(",model-of-dynamic,50,", ",model-of-dynamic,49,", 1),
            {"window": 0, "arm": "dynamic", "was": "tp '49'", "now": "'50'"},
        ),
        ("windows.csv", lambda t: t.replace("window,arm", "window,leg"), {"count": 9, "window": None}),
        ("windows.csv", lambda t: t[: t.rindex("3,dynamic")], {"window": 3, "arm": "dynamic", "was": "no row"}),
        ("windows.csv", lambda t: t + "9,dynamic,0\n", {"window": 9, "arm": "dynamic", "was": "a row of its own"}),
        ("events.jsonl", lambda t: t.replace("alarm", "none"), {"window": 2, "arm": "dynamic", "was": "reason 'none'"}),
        ("events.jsonl", lambda t: t + "{cut\n", {"window": None, "was": "a row of its own", "now": "none"}),
        ("dead_letters.jsonl", lambda t: '{"seq": 3}\n', {"window": None, "was": "a row of its own"}),
    ],
)
def test_a_tampered_export_is_found(pair: Pair, file: str, change: Callable[[str], str], expected: dict) -> None:
    """What is exported from the ledger must be what the repeat exports."""
    path = pair[0] / file
    path.write_text(change(path.read_text()))
    (found,) = hold_together(*pair).differences
    shown = dataclasses.asdict(found)
    assert {"what": file, "unit": "row", "count": 1, **expected} == {
        k: shown[k] for k in ("what", "unit", "count", *expected)
    }


def test_rows_in_another_order_are_found(pair: Pair) -> None:
    """An export is compared row by row, in order."""
    path = pair[0] / "windows.csv"
    head, first, second, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([head, second, first, *rest]))
    assert ["in another order"] == [one.was for one in hold_together(*pair).differences]


def test_a_lost_export_is_found(pair: Pair) -> None:
    """A finished run has all of them."""
    (pair[0] / "events.jsonl").unlink()
    assert [("events.jsonl", "missing", "there")] == [(d.what, d.was, d.now) for d in hold_together(*pair).differences]


@pytest.mark.parametrize(
    ("tamper", "was", "now"),
    [
        (lambda file: file.write_text("{ }"), "model-of-dynamic/model.json", ""),
        (lambda file: file.unlink(), "model-of-dynamic/model.json missing", "there"),
        (lambda file: file.with_name("more").write_text(""), "model-of-dynamic/more there", "missing"),
    ],
)
def test_a_tampered_model_is_found(pair: Pair, tamper: Callable[[Path], object], was: str, now: str) -> None:
    """With the file, and where the model is first heard of."""
    tamper(pair[0] / "models/model-of-dynamic/model.json")
    (found,) = hold_together(*pair).differences
    assert Difference(what="models", window=0, arm="dynamic", unit="model", was=was, now=now) == found


@pytest.mark.parametrize(("whole", "found"), [(True, 1), (False, 0)])
def test_recipes_are_compared_of_finished_runs(tmp_path: Path, whole: bool, found: int) -> None:
    """A model that learns by record is a recipe, which an interruption may leave older than the last window."""
    for run, content in (("then", "{}"), ("now", '{"rows": 1}')):
        (tmp_path / run / "models" / "m").mkdir(parents=True)
        (tmp_path / run / "models" / "m" / "recipe.json").write_text(content)
    differing = list(model_differences(tmp_path / "then", tmp_path / "now", {"m": (3, "arm")}, whole=whole))
    assert [("models", 3, "arm", "m/recipe.json")] * found == [(d.what, d.window, d.arm, d.was) for d in differing]


def test_lost_windows_are_found(pair: Pair) -> None:
    """A finished run must have as many windows as the repeat."""
    (pair[0] / "segments/000003.arrow").unlink()
    (found,) = hold_together(*pair).differences
    assert ("windows", 3, 1, "3 of them", "4") == (found.what, found.window, found.count, found.was, found.now)


def test_another_threshold_is_found(pair: Pair) -> None:
    """It decides what a report counts as an error."""
    path = pair[0] / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "threshold": 0.6}))
    assert ["manifest.json: threshold"] == [one.what for one in hold_together(*pair).differences]


def unfinished(run: Path) -> None:
    path = run / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": "running"}))


def test_of_an_unfinished_run_what_is_there_is_compared(pair: Pair) -> None:
    """It may lack windows, arms and exported rows, but what it has must be the same."""
    then, now = pair
    unfinished(then)
    rewrite(
        then, 2, lambda entry: a_lost_arm(replace(entry, scores={"model-of-static": entry.scores["model-of-static"]}))
    )
    (then / "segments/000003.arrow").unlink()
    (then / "events.jsonl").unlink()
    lines = (then / "windows.csv").read_text().splitlines(keepends=True)
    (then / "windows.csv").write_text("".join(lines[:4]))
    assert () == hold_together(then, now).differences
    rewrite(then, 1, other_scores)
    (then / "windows.csv").write_text("".join(lines[:3]) + lines[3].replace("50", "51", 1))
    assert ["scores", "windows.csv"] == [one.what for one in hold_together(then, now).differences]
