"""The values that the parts of an arm exchange: what is seen, asked for, trained on and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Losses = npt.NDArray[np.float64]
"""One loss per record, float64[n]; 0 or 1 in the binary task."""
Features = npt.NDArray[np.float64]
"""One row per record, float64[n, d], as the starting model's steps compute them."""

Event = dict[str, Any]
"""What happened to an arm: `event` is one of warning, drift, retrain, promoted, rejected, rolled back, refused; the
rest are its numbers."""

Eats: TypeAlias = Literal["losses", "features"]


@dataclass(frozen=True, slots=True)
class Pool:
    """Labelled records that the model in force had not seen, and how many of them it got wrong."""

    records: int
    errors: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The labelled records of one window, as the model in force when it began had predicted them.

    Attributes:
        window: index of the window.
        labels: int8[n], 0 or 1.
        scores: float64[n], the probability of class 1.
        losses: float64[n].
        threshold: a record is predicted positive if its score is greater.
    """

    window: int
    labels: npt.NDArray[np.int8]
    scores: npt.NDArray[np.float64]
    losses: Losses
    threshold: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What an arm has paid so far: fits (those of folds and rejected ones, too) and the sum of their rows."""

    fits: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy is shown when a window's labels are known.

    Attributes:
        outcome: the window, as the model in force when it began predicted it.
        stale: whether that model has been replaced since (only where labels are late).
        judged: whether the previous attempt led to a promotion; None if nothing was judged with this window.
        current: losses on a window since the judgement, of the model in force from the next window on.
        spent: what the arm has paid so far.
    """

    outcome: Outcome
    stale: bool = False
    judged: bool | None = None
    current: Callable[[int], Losses] = lambda window: np.empty(0)
    spent: Spent = Spent()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A policy's wish to retrain now.

    Attributes:
        reason: in words, for the event.
        since: the window that the change is dated to, or None where the policy dates none.
        warned: the first window of the warnings that led to the alarm, or None where none was given.
        alarm: whether this attempt opens an episode (an alarm is counted then, and only then).
        most_fits: at most so many fits; None is as many as there are training sets.
        most_rows: at most so many rows in all of them; None is any number.
    """

    reason: str
    since: int | None = None
    warned: int | None = None
    alarm: bool = False
    most_fits: int | None = None
    most_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive windows, both ends included; empty if `last` is before `first`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Fold:
    """Every `of`-th labelled record of a window, counted from record `part`."""

    window: int
    part: int
    of: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Which labelled rows to train on. Equal values name equal rows, so that an equal fit is made once.

    Attributes:
        span: windows of the stream, or None for no rows of it.
        static: how many of the rows that the starting model was trained on: a seeded sample, all of them, or none.
        per_class: keep at most so many rows of each class, chosen by a hash of their numbers; None keeps all.
        ratio: keep at most so many rows of the larger class for each of the smaller one; None keeps all.
        without: a fold that is left out, so that it stays unseen.
    """

    span: Span | None
    static: int | Literal["all", "none"] = "none"
    per_class: int | None = None
    ratio: float | None = None
    without: Fold | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Rows to fit on, in the order of the stream, static rows first.

    Attributes:
        features: float64[n, d], as the starting model's steps compute them.
        labels: int8[n], both classes among them.
        records: gives the rows themselves as one batch of the contract, in the same order.
    """

    features: Features
    labels: npt.NDArray[np.int8]
    records: Callable[[], pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a gate found about challengers: the winner (None if the champion stays), and per challenger its gain.

    `gains` maps a model's id to (mean gain, lower bound) in loss per record; both are None where nothing was measured.
    """

    winner: str | None
    gains: Mapping[str, tuple[float | None, float | None]]
