"""What the live page is told, as JSON; numbers are those of the run's own files."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

State = Literal["waiting", "running", "interrupted", "stopped", "finished"]
"""waiting: the run isn't begun; stopped: it has as many windows as were asked for, and its stream has more;
interrupted: it isn't finished, and no process works on it."""


class Value(BaseModel):
    """A frozen value."""

    model_config = ConfigDict(frozen=True)


class Row(Value):
    """A row of the tracker, as in windows.csv: one arm in one window.

    `values` holds the task's columns (counts and metrics, null where undefined), `bands` the 95 % Wilson interval of
    each metric that is a share of something counted.
    """

    window: int
    arm: str
    first_seq: int
    last_seq: int
    records: int
    labelled: int
    dead: int
    set_aside: int
    missing: int
    complete: bool
    model: str
    values: dict[str, float | None]
    bands: dict[str, tuple[float, float]]


class RunEvent(BaseModel):
    """A line of events.jsonl: what happened to an arm at the end of a window, with its reason and numbers."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    window: int
    arm: str
    event: str


class DeadLetter(Value):
    """A message that was no record. `text` is its bytes as UTF-8, shortened; what is none is written as escapes."""

    window: int
    seq: int
    reason: str
    text: str
    partition: int | None
    offset: int | None


class Committed(Value):
    """What was found of one window: the rows and events of arms not told of before, its dead letters the first time."""

    window: int
    rows: tuple[Row, ...]
    events: tuple[RunEvent, ...]
    dead_letters: tuple[DeadLetter, ...]


class ArmStatus(Value):
    """An arm so far: its share of right answers over all windows, what it did, and the model in force.

    `version` counts the models in force so far, the starting model being 1; `since` is the window from which on the
    present one predicted.
    """

    name: str
    policy: str
    windows: int
    accuracy: float | None
    alarms: int
    fits: int
    promoted: int
    model: str | None
    version: int
    since: int | None


class Planted(Value):
    """A planted drift; `start` and `end` in windows, where window k reaches from k - 0.5 to k + 0.5, as in figures."""

    kind: str
    start: float
    end: float


class Status(Value):
    """How the run stands.

    Attributes:
        run: its directory, as it was named.
        state: see `State`.
        source: where the stream comes from.
        windows: how many are committed.
        numbers: sequence numbers in them; scored + dead + set_aside + missing.
        messages: how many messages the stream holds in all; null where that isn't known.
        rate: messages per second over the latest windows; null where nobody knows.
        lag: messages of the topic that are not in a committed window yet; null for a file.
        expected_end: seconds since 1970; null where it can't be told.
        again: which window a resumed run goes through again; null if it does new ones.
        arms: static first, then dynamic, then by name.
        planted: the planted truth, where it is known.
        troubles: what can't be read, in words.
    """

    run: str
    state: State
    source: str
    windows: int
    numbers: int
    scored: int
    dead: int
    set_aside: int
    missing: int
    messages: int | None
    rate: float | None
    lag: int | None
    expected_end: float | None
    again: int | None
    arms: tuple[ArmStatus, ...]
    planted: tuple[Planted, ...]
    troubles: tuple[str, ...]
