"""From an entry of the ledger to what the page is told of it; the numbers are made by the tracker itself."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from online.ledger import Entry
from online.task import COLUMNS, BinaryTask
from online.tracker import FIXED, event_rows, tracker_rows
from online.windows import Position
from static_model.metrics import RATES, Counts, wilson

from .values import Committed, DeadLetter, Row, RunEvent

MOST_TEXT = 300
"""Letters shown of a dead letter."""


def tell(
    entry: Entry, task: BinaryTask, label: str, *, known: Container[str], position: Position | None, first: bool
) -> Committed:
    """What is to be told of a window.

    Args:
        entry: the window.
        task: turns scores into the task's columns.
        label: name of the column with the labels.
        known: arms that were told of before; they are left out.
        position: where the window's messages came from, if that is known.
        first: whether nothing of the window was told before; only then its dead letters are.
    """
    return Committed(
        window=entry.window.index,
        rows=tuple(_row(row) for row in tracker_rows(entry, task, label) if row["arm"] not in known),
        events=tuple(RunEvent(**event) for event in event_rows(entry) if event["arm"] not in known),
        dead_letters=tuple(_dead(entry, position)) if first else (),
    )


def _row(row: Mapping[str, Any]) -> Row:
    values = {name: row[name] for name in COLUMNS}
    counts = Counts(*(row[name] for name in ("tp", "fp", "tn", "fn")))
    bands = {name: wilson(*share(counts)) for name, share in RATES.items() if row[name] is not None}
    return Row(**{name: row[name] for name in FIXED}, values=values, bands=bands)


def _dead(entry: Entry, position: Position | None) -> Iterator[DeadLetter]:
    letters = entry.window.dead
    places = position.dead if position and len(position.dead) == len(letters) else ((None, None),) * len(letters)
    for letter, (partition, offset) in zip(letters, places, strict=True):
        yield DeadLetter(
            window=entry.window.index,
            seq=letter.seq,
            reason=letter.reason,
            text=_text(letter.raw),
            partition=partition,
            offset=offset,
        )


def _text(raw: bytes) -> str:
    text = raw[: 4 * MOST_TEXT].decode("utf-8", "backslashreplace")
    return text if len(text) <= MOST_TEXT and len(raw) <= 4 * MOST_TEXT else f"{text[:MOST_TEXT]}…"
