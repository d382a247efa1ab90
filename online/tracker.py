"""The tracker: the per-window metrics of every arm, derived from the ledger, as files anyone can read."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .files import replace_file
from .labels import label_values
from .ledger import Entry, Ledger
from .task import COLUMNS, BinaryTask
from .windows import DeadLetter, Position, Window

FIXED = (
    *("window", "arm", "first_seq", "last_seq", "records", "labelled"),
    *("dead", "set_aside", "missing", "complete", "model"),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an arm did, counted: alarms are episodes, `fits` and `rows` include rejected fits and those of folds."""

    alarms: int = 0
    fits: int = 0
    rows: int = 0
    promoted: int = 0
    rejected: int = 0
    refused: int = 0
    rolled_back: int = 0


@dataclass(frozen=True, slots=True)
class ArmTotal:
    """One arm over all committed windows: the share of labelled records that it got right, and what it cost."""

    accuracy: float | None
    cost: Cost


def count_cost(events: Iterable[Mapping[str, Any]], arm: str) -> Cost:
    """The cost of one arm, counted from a run's events."""
    mine = [event for event in events if event["arm"] == arm]
    times = Counter(event["event"] for event in mine)
    return Cost(
        alarms=times["drift"],
        fits=sum(int(event.get("fits", 1)) for event in mine if event["event"] == "retrain"),
        rows=sum(int(event["rows"]) for event in mine if event["event"] == "retrain"),
        promoted=times["promoted"],
        rejected=times["rejected"],
        refused=times["refused"],
        rolled_back=times["rolled back"],
    )


@dataclass(frozen=True, slots=True)
class Tracked:
    """What the tracker says of one window.

    Attributes:
        rows: of windows.csv.
        events: of events.jsonl.
        dead: whether it has dead letters; these stay in the ledger until they are written down, as there may be many.
    """

    rows: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    dead: bool


def track(entry: Entry, task: BinaryTask, label: str) -> Tracked:
    """What the tracker says of one window.

    Args:
        entry: the window.
        task: turns scores into the task's columns.
        label: the name of the label's column.
    """
    return Tracked(tuple(tracker_rows(entry, task, label)), tuple(event_rows(entry)), bool(entry.window.dead))


def export(
    run: Path,
    ledger: Ledger,
    task: BinaryTask,
    *,
    positions: Mapping[int, Position],
    source: Mapping[str, str],
    tracked: Mapping[int, Tracked] = MappingProxyType({}),
) -> dict[str, ArmTotal]:
    """Write windows.csv, events.jsonl and dead_letters.jsonl from what is committed.

    Args:
        run: the run directory.
        ledger: its segments.
        task: turns scores into the task's columns.
        positions: where each window's messages came from, as far as known.
        source: `{"topic": name}` or `{"file": name}`; stands in each dead letter.
        tracked: by index, what was tracked while the windows were at hand; others are read from the ledger.

    Returns:
        Per arm, its totals.
    """
    rows: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    with replace_file(run / "dead_letters.jsonl") as letters:  # window by window: there may be millions
        for index in range(len(ledger)):
            now = tracked.get(index) or track(ledger.read(index), task, ledger.dataset.label_name)
            rows += now.rows
            events += now.events
            if now.dead:
                letters.writelines(map(_line, dead_rows(ledger.read(index), positions.get(index), source)))
    with replace_file(run / "events.jsonl") as file:
        file.writelines(map(_line, events))
    with replace_file(run / "windows.csv") as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        writer = csv.DictWriter(text, (*FIXED, *COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return _totals(rows, events)


def _totals(rows: list[dict[str, Any]], events: list[dict[str, Any]]) -> dict[str, ArmTotal]:
    right: Counter[str] = Counter()
    labelled: Counter[str] = Counter()
    for row in rows:
        right[row["arm"]] += row["tp"] + row["tn"]
        labelled[row["arm"]] += row["labelled"]
    return {
        arm: ArmTotal(right[arm] / labelled[arm] if labelled[arm] else None, count_cost(events, arm)) for arm in right
    }


def tracker_rows(entry: Entry, task: BinaryTask, label: str) -> Iterator[dict[str, Any]]:
    """The rows of windows.csv for one window, the static arm's first; undefined metrics are None.

    Args:
        entry: the window.
        task: turns scores into the task's columns.
        label: the name of the label's column.
    """
    window = entry.window
    column = window.records.column(label)
    there = column.is_valid().to_numpy(zero_copy_only=False)
    labels = label_values(column)[there]
    measured: dict[str, tuple[Any, ...]] = {}  # many arms, few models
    for arm, part in sorted(entry.arms.items(), key=lambda item: _order(item[0])):
        fixed = (window.index, arm, window.first_seq, window.last_seq, len(window.seqs), len(labels))
        lost = (len(window.dead), len(window.set_aside), len(window.missing))
        complete = "true" if window.complete else "false"
        if part.model not in measured:
            measured[part.model] = task.row(labels, entry.scores[part.model][there])
        values = (*fixed, *lost, complete, part.model, *measured[part.model])
        yield dict(zip((*FIXED, *COLUMNS), values, strict=True))


def _order(arm: str) -> tuple[bool, str]:
    # The static arm first; the others by name, so that the order in which they were asked for leaves no trace.
    return arm != "static", arm


def event_rows(entry: Entry) -> Iterator[dict[str, Any]]:
    """The lines of events.jsonl for one window."""
    for arm in sorted(entry.arms, key=_order):
        for event in entry.arms[arm].events:
            yield {"window": entry.window.index, "arm": arm, **event}


def located(window: Window, position: Position | None) -> Iterator[tuple[DeadLetter, int | None, int | None]]:
    """The window's dead letters, each with its partition and offset; None where these aren't known (any more)."""
    places = position.dead if position else ()
    known = len(places) == len(window.dead)
    for letter, (partition, offset) in zip(
        window.dead, places if known else [(None, None)] * len(window.dead), strict=True
    ):
        yield letter, partition, offset


def dead_rows(entry: Entry, position: Position | None, source: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The lines of dead_letters.jsonl for one window.

    Args:
        entry: the window.
        position: where its messages came from, or None if that isn't known.
        source: `{"topic": name}` or `{"file": name}`.
    """
    for letter, partition, offset in located(entry.window, position):
        raw = base64.b64encode(letter.raw).decode()
        yield {
            "seq": letter.seq,
            "reason": letter.reason,
            "bytes": raw,
            **source,
            "partition": partition,
            "offset": offset,
        }


_encoded = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` makes one for each line


def _line(value: dict[str, Any]) -> bytes:
    return _encoded(value).encode() + b"\n"
