"""The tracker: windows.csv, events and dead letters of a ledger that fits on a page, computed by hand."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from online.ledger import Entry, Ledger, Part
from online.task import BinaryTask
from online.tracker import ArmTotal, Cost, export, track
from online.windows import DeadLetter, Position, Window
from producer.dataset import Dataset

TASK = BinaryTask(threshold=0.5)
HEADER = (
    "window,arm,first_seq,last_seq,records,labelled,dead,set_aside,missing,complete,model,tp,fp,tn,fn,"
    "accuracy,balanced_accuracy,precision,recall,f1,mcc,roc_auc,log_loss"
)


@pytest.fixture
def ledger(tiny: Dataset, tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(tmp_path / "segments", tiny)


def window(index: int, labels: Sequence[int], dead: Sequence[bytes] = (), **lost: tuple[int, ...]) -> Window:
    """Four numbers, of which the first hold records, the next ones dead letters."""
    n, first = len(labels), 4 * index
    columns = [[0] * n, [0.0] * n, ["w"] * n, list(labels)]
    types = [pa.int64(), pa.float64(), pa.string(), pa.int8()]
    schema = pa.schema([pa.field(x, t, nullable=False) for x, t in zip(("a", "b", "word", "y"), types, strict=True)])
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    length = n + len(dead) + sum(len(numbers) for numbers in lost.values())
    return Window(
        index=index,
        first_seq=first,
        last_seq=first + length - 1,
        complete=length == 4,
        seqs=np.arange(first, first + n),
        records=pa.RecordBatch.from_arrays(arrays, schema=schema),
        dead=tuple(DeadLetter(first + n + at, "no record: 'ü'", raw) for at, raw in enumerate(dead)),
        **lost,
    )


def entry(window: Window, events: Sequence[Mapping[str, Any]] = (), **scores: Sequence[float]) -> Entry:
    """Each arm predicts with a model of its own, called as the arm in capitals; `events` are the dynamic arm's."""
    arms = {arm: Part(arm.upper(), tuple(map(dict, events)) if arm == "dynamic" else ()) for arm in scores}
    return Entry(window, {arm.upper(): np.array(values, dtype=float) for arm, values in scores.items()}, arms)


def table(run: Path) -> list[str]:
    """The lines of windows.csv."""
    text = (run / "windows.csv").read_bytes().decode()
    assert text.endswith("\n")
    assert "\r" not in text
    return text.splitlines()


def lines(path: Path) -> list[dict[str, Any]]:
    """The values of a JSON lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_windows_csv_holds_every_window_and_arm(ledger: Ledger, tmp_path: Path) -> None:
    """Fixed columns, then counts and metrics; the static arm first, the others by name; a score of 0.5 is no attack."""
    first = entry(window(0, [1, 1, 0, 0]), zebra=[0.9] * 4, dynamic=[0.9, 0.6, 0.4, 0.4], static=[0.9, 0.5, 0.6, 0.1])
    ledger.commit(first)
    export(tmp_path, ledger, TASK, positions={}, source={"file": "f"})
    header, *rows = table(tmp_path)
    assert header == HEADER
    fixed = [row.rpartition(",")[0] for row in rows]
    assert fixed == [
        "0,static,0,3,4,4,0,0,0,true,STATIC,1,1,1,1,0.5,0.5,0.5,0.5,0.5,0.0,0.75",
        "0,dynamic,0,3,4,4,0,0,0,true,DYNAMIC,2,0,2,0,1.0,1.0,1.0,1.0,1.0,1.0,1.0",
        "0,zebra,0,3,4,4,0,0,0,true,ZEBRA,2,2,0,0,0.5,0.5,0.5,1.0,0.6666666666666666,,0.5",
    ]
    losses = [-math.log(0.9 * 0.5 * 0.4 * 0.9) / 4, -math.log(0.9 * 0.6 * 0.6 * 0.6) / 4, -math.log(0.9 * 0.1) / 2]
    assert losses == pytest.approx([float(row.rpartition(",")[2]) for row in rows])


def test_a_window_of_one_class_has_accuracy_only(ledger: Ledger, tmp_path: Path) -> None:
    """What is undefined is empty; counts and accuracy are there, and what was lost is counted."""
    ledger.commit(entry(window(0, [1, 1], [b"x"], missing=(3,)), static=[0.7, 0.5]))
    ledger.commit(entry(window(1, [0, 0, 0], set_aside=(7,)), static=[0.7, 0.2, 0.1]))
    export(tmp_path, ledger, TASK, positions={}, source={"file": "f"})
    assert table(tmp_path)[1:] == [
        "0,static,0,3,2,2,1,0,1,true,STATIC,1,0,0,1,0.5,,,,,,,",
        "1,static,4,7,3,3,0,1,0,true,STATIC,0,1,2,0,0.6666666666666666,,,,,,,",
    ]


def test_a_window_without_records_has_no_metric(ledger: Ledger, tmp_path: Path) -> None:
    """A short window that holds dead letters only is a row of zeros, without any metric."""
    ledger.commit(entry(window(0, [], [b"x", b"y"]), static=[]))
    totals = export(tmp_path, ledger, TASK, positions={}, source={"file": "f"})
    assert table(tmp_path)[1:] == ["0,static,0,1,0,0,2,0,0,false,STATIC,0,0,0,0,,,,,,,,"]
    assert totals["static"].accuracy is None


def test_an_empty_ledger_gives_empty_tables(ledger: Ledger, tmp_path: Path) -> None:
    """Before the first window there is the header, and nothing else."""
    assert export(tmp_path, ledger, TASK, positions={}, source={"file": "f"}) == {}
    assert table(tmp_path) == [HEADER]
    assert (tmp_path / "events.jsonl").read_bytes() == (tmp_path / "dead_letters.jsonl").read_bytes() == b""


EVENTS = (
    {"event": "drift", "reason": "höher", "since": 0},
    {"event": "retrain", "reason": "höher", "rows": 300, "model": "m1", "first_window": 0, "last_window": 0},
    {"event": "retrain", "reason": "höher", "rows": 40, "model": "m2", "first_window": 0, "last_window": 0},
    {"event": "refused", "reason": "only 4 rows", "training_set": "last 1"},
)
JUDGED = (
    {"event": "promoted", "reason": "gain", "model": "m1", "gain": 0.25, "lower": 0.1},
    {"event": "rejected", "reason": "gain", "model": "m2", "gain": 0.1, "lower": None},
)


def test_totals_count_records_and_costs(ledger: Ledger, tmp_path: Path) -> None:
    """Per arm over all windows: right predictions of labelled records, alarms, fits and their rows, judgements."""
    ledger.commit(entry(window(0, [1, 1, 0, 0]), EVENTS, static=[0.9, 0.5, 0.6, 0.1], dynamic=[0.9, 0.9, 0.1, 0.9]))
    ledger.commit(entry(window(1, [1], [b"x"]), JUDGED, static=[0.1], dynamic=[0.9]))
    totals = export(tmp_path, ledger, TASK, positions={}, source={"file": "f"})
    assert totals == {
        "static": ArmTotal(2 / 5, Cost()),
        "dynamic": ArmTotal(4 / 5, Cost(alarms=1, fits=2, rows=340, promoted=1, rejected=1, refused=1)),
    }
    assert totals["dynamic"].accuracy == 0.8


def test_events_say_window_and_arm(ledger: Ledger, tmp_path: Path) -> None:
    """Each event is one line, in the order in which it happened, with its window and its arm first."""
    ledger.commit(entry(window(0, [1, 1, 0, 0]), EVENTS, static=[0.1] * 4, dynamic=[0.1] * 4))
    ledger.commit(entry(window(1, [1, 1, 0, 0]), JUDGED, static=[0.1] * 4, dynamic=[0.1] * 4))
    export(tmp_path, ledger, TASK, positions={}, source={"file": "f"})
    expected = [{"window": 0, "arm": "dynamic", **event} for event in EVENTS]
    expected += [{"window": 1, "arm": "dynamic", **event} for event in JUDGED]
    found = lines(tmp_path / "events.jsonl")
    assert [list(event.items()) for event in expected] == [list(event.items()) for event in found]
    assert "höher" in (tmp_path / "events.jsonl").read_text("utf-8")


@pytest.mark.parametrize("source", [{"topic": "dns"}, {"file": "stream.csv"}])
def test_dead_letters_say_what_why_and_where(ledger: Ledger, tmp_path: Path, source: dict[str, str]) -> None:
    """Bytes in base64, the reason, and partition and offset as far as the window's position is known."""
    ledger.commit(entry(window(0, [1], [b"\x00\xff", b""]), static=[0.1]))
    ledger.commit(entry(window(1, [1], [b"z"]), static=[0.1]))
    positions = {0: Position(0, {0: 9, 2: 9}, 0, ((2, 17), (0, 4)))}
    export(tmp_path, ledger, TASK, positions=positions, source=source)
    reason = "no record: 'ü'"
    assert lines(tmp_path / "dead_letters.jsonl") == [
        {"seq": 1, "reason": reason, "bytes": base64.b64encode(b"\x00\xff").decode()}
        | {**source, "partition": 2, "offset": 17},
        {"seq": 2, "reason": reason, "bytes": ""} | {**source, "partition": 0, "offset": 4},
        {"seq": 5, "reason": reason, "bytes": base64.b64encode(b"z").decode()}
        | {**source, "partition": None, "offset": None},
    ]


def test_an_arm_that_came_later_has_rows_where_it_ran(ledger: Ledger, tmp_path: Path) -> None:
    """An arm whose windows aren't done yet stands beside the others in the windows that it has."""
    for index in (0, 1):
        ledger.commit(entry(window(index, [1, 1, 0, 0]), static=[0.1] * 4))
    ledger.commit(entry(window(0, [1, 1, 0, 0]), late=[0.1] * 4))
    export(tmp_path, ledger, TASK, positions={}, source={"file": "f"})
    assert [row.split(",")[:2] for row in table(tmp_path)[1:]] == [["0", "static"], ["0", "late"], ["1", "static"]]


def test_exporting_again_gives_the_same_bytes(ledger: Ledger, tmp_path: Path) -> None:
    """The tables are derived: written anew, whole, each time."""
    ledger.commit(entry(window(0, [1, 1, 0, 0], ()), EVENTS, static=[0.1] * 4, dynamic=[0.3] * 4))
    names = ("windows.csv", "events.jsonl", "dead_letters.jsonl")
    found = []
    for _ in range(2):
        export(tmp_path, Ledger(ledger.folder, ledger.dataset), TASK, positions={}, source={"file": "f"})
        found.append([(tmp_path / name).read_bytes() for name in names])
    assert found[0] == found[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "segments"])


def test_what_was_tracked_is_not_read_again(ledger: Ledger, tmp_path: Path, tiny: Dataset) -> None:
    """Tables and totals are the same; only a window with dead letters is needed, for what these hold."""
    entries = [
        entry(window(0, [1, 1, 0, 0]), EVENTS, static=[0.9, 0.5, 0.6, 0.1], dynamic=[0.9] * 4),
        entry(window(1, [1], [b"x"]), JUDGED, static=[0.1], dynamic=[0.9]),
        entry(window(2, [0, 1, 1, 0]), static=[0.7] * 4, dynamic=[0.2] * 4),
    ]
    for each in entries:
        ledger.commit(each)
    names = ("windows.csv", "events.jsonl", "dead_letters.jsonl")
    totals = export(tmp_path, ledger, TASK, positions={}, source={"file": "f"})
    before = [(tmp_path / name).read_bytes() for name in names]
    again = Ledger(ledger.folder, tiny)
    for index in (0, 2):
        (ledger.folder / f"{index:06d}.arrow").write_bytes(b"unreadable")
    tracked = {each.window.index: track(each, TASK, tiny.label_name) for each in entries}
    assert export(tmp_path, again, TASK, positions={}, source={"file": "f"}, tracked=tracked) == totals
    assert [(tmp_path / name).read_bytes() for name in names] == before
