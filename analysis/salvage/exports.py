"""windows.csv, events.jsonl and dead_letters.jsonl: exports of the segments, held against them or read instead."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from operator import eq
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, field_validator, model_validator

from online.task import COLUMNS
from online.tracker import FIXED
from static_model.metrics import Counts, metrics_from_counts

from .events import Event
from .reading import Number, Unreadable, checked, each_line, read_lines, read_text
from .segments import Held

KEYS = (*FIXED, "tp", "fp", "tn", "fn")
ANEW = "The same 'driftduel evaluate' again writes it anew."


class Row(BaseModel):
    """A row of windows.csv; metrics that follow from the counts are computed anew."""

    window: Number
    arm: str
    first_seq: Number
    last_seq: int = Field(ge=-1, lt=2**53)
    records: Number
    labelled: Number
    dead: Number = 0
    set_aside: Number = 0
    missing: Number = 0
    complete: bool = True
    model: str
    tp: Number
    fp: Number
    tn: Number
    fn: Number
    roc_auc: float | None = Field(default=None, ge=0, le=1)
    log_loss: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @field_validator("roc_auc", "log_loss", mode="before")
    @classmethod
    def _undefined(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _sums(self) -> Row:
        if self.tp + self.fp + self.tn + self.fn != self.labelled or self.labelled > self.records:
            raise ValueError("its counts don't add up")
        return self

    def plain(self) -> dict[str, Any]:
        """As the tracker makes it."""
        metrics = metrics_from_counts(Counts(self.tp, self.fp, self.tn, self.fn))
        values = {**self.model_dump(), **metrics}
        return {name: values[name] for name in (*FIXED, *COLUMNS)}


def read_tracker(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The rows of windows.csv that are whole, the first of equal ones, and how many others there are.

    Raises:
        Unreadable: it isn't there, or is no tracker.
    """
    rows = _csv(read_text(path))
    header = rows[0] if rows else []
    if lacking := [name for name in KEYS if name not in header and name not in ("dead", "set_aside", "missing")]:
        raise Unreadable(f"is damaged (it has no column {lacking[0]})")
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for row in rows[1:]:
        try:
            one = Row.model_validate(dict(zip(header, row, strict=True))).plain()
        except ValueError:
            continue
        found.setdefault((one["window"], one["arm"]), one)
    return list(found.values()), len(rows) - 1 - len(found)


def _csv(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise Unreadable(f"is damaged ({error})") from None


def check_tracker(path: Path, rows: Sequence[Mapping[str, Any]], *, finished: bool) -> str | None:
    """What is wrong with windows.csv, held against the rows that the segments give; None if nothing is.

    A run that goes on has it only up to where it was stopped last.
    """
    windows = {row["window"] for row in rows}
    try:
        lines = _csv(read_text(path))
    except Unreadable as why:
        return _words("windows.csv", str(why)) if finished or str(why) != "is missing" else None
    if [*lines[:1]] != [[*FIXED, *COLUMNS]]:
        return _words("windows.csv", "is damaged or foreign (its columns are others)")
    width = len(KEYS)
    told = [
        (*line[:width], *map(_rounded, line[width:]))
        for line in lines[1:]
        if not line or _int(line[0]) in windows or not line[0].isdecimal()
    ]
    names = (*FIXED, *COLUMNS)
    own = [(*(_shown(row[name]) for name in KEYS), *(_rounded(row[name]) for name in names[width:])) for row in rows]
    return _compared("windows.csv", told, own, finished=finished)


def _int(word: str) -> int:
    return int(word) if word.isdecimal() and len(word) < 19 else -1


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rounded(value: object) -> str:
    """A metric to as many digits as every machine's arithmetic gives."""
    try:
        return "" if value in (None, "") else format(float(str(value)), ".8g")
    except ValueError:
        return str(value)


def _compared(
    name: str,
    told: Iterable[object],
    own: Iterable[object],
    *,
    finished: bool,
    alike: Callable[[Any, Any], bool] = eq,
) -> str | None:
    differ = lacking = 0
    for one, other in zip_longest(told, own):
        differ += one is not None and not (other is not None and alike(one, other))
        lacking += one is None
    if differ or finished:
        differ += lacking
    lines = "line differs" if differ == 1 else "lines differ"
    return _words(name, f"isn't what the segments say ({differ:,} {lines})") if differ else None


def _words(name: str, why: str) -> str:
    return f"{name} {why}: what it would say was made from the segments instead. {ANEW}"


def check_events(path: Path, held: Held, *, finished: bool) -> str | None:
    """What is wrong with events.jsonl, held against the segments; None if nothing is."""
    own = [checked(Event, one) for one in held.events]
    return _check_lines(path, Event, own, lambda told: told["window"] in held.files, finished=finished)


def check_dead_letters(path: Path, held: Held, *, finished: bool) -> str | None:
    """What is wrong with dead_letters.jsonl, held against the segments; None if nothing is.

    Where a letter came from stands elsewhere (positions, manifest): it is compared as far as that is known.
    """
    size = max(held.size, 1)
    return _check_lines(
        path, _Told, held.letters(), lambda told: told["seq"] // size in held.files, finished=finished, alike=_as_known
    )


def _as_known(told: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    return all(told.get(key) == value for key, value in own.items() if value is not None)


def _check_lines(
    path: Path,
    kind: type[BaseModel],
    own: Iterable[Mapping[str, Any]],
    reported: Callable[[Mapping[str, Any]], bool],
    *,
    finished: bool,
    alike: Callable[[Any, Any], bool] = eq,
) -> str | None:
    bad: list[None] = []

    def told() -> Iterator[Mapping[str, Any]]:
        for one in each_line(path, kind):
            if one is None:
                bad.append(one)
            elif reported(one):
                yield one

    try:
        said = _compared(path.name, told(), own, finished=finished, alike=alike)
    except Unreadable as why:
        return _words(path.name, str(why)) if finished or str(why) != "is missing" else None
    if bad:
        many = len(bad)
        return _words(path.name, f"is damaged ({many:,} {'lines hold' if many > 1 else 'line holds'} something else)")
    return said


class DeadLetter(BaseModel):
    """A line of dead_letters.jsonl."""

    seq: Number
    reason: str
    bytes: str
    topic: str | None = None
    file: str | None = None
    partition: Number | None = None
    offset: Number | None = None

    @field_validator("bytes")
    @classmethod
    def _base64(cls, value: str) -> str:
        base64.b64decode(value)
        return value


class _Told(DeadLetter, extra="forbid"):
    """The same, with nothing else in it."""


def read_events(path: Path, missing: list[str]) -> list[dict[str, Any]]:
    """The events of events.jsonl that are whole, in its order: all that a run without segments has."""
    return _read(path, Event, "the costs of the arms are incomplete", missing)


def read_dead_letters(path: Path, missing: list[str]) -> list[dict[str, Any]]:
    """The dead letters of dead_letters.jsonl that are whole."""
    return _read(path, DeadLetter, "the tracker says how many there were", missing)


def _read(path: Path, kind: type[BaseModel], means: str, missing: list[str]) -> list[dict[str, Any]]:
    try:
        found, bad = read_lines(path, kind)
    except Unreadable as why:
        missing.append(f"{path.name} {why}: {means}. Copy it from where the run was made.")
        return []
    if bad:
        lines = "lines hold" if bad > 1 else "line holds"
        missing.append(f"{path.name} is damaged: {bad:,} {lines} something else, and {means}.")
    return found
