"""The seams of an arm: policy, detector, training set, learner and gate, and the values they exchange.

Each kind is one frozen pydantic class in one file of its folder, told apart by its `kind`. Policies and
detectors that keep state hand out a fresh object from `begin`, so that a specification can be shared and saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from static_model.artifact import Model

if TYPE_CHECKING:
    from .memo import Memo
    from .windows import Window

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


class Detector(Protocol):
    """Has the stream changed? At work in one arm; its specification hands it out from `begin`."""

    @property
    def drift(self) -> bool:
        """Whether the latest window raised an alarm."""

    @property
    def warning(self) -> bool:
        """Whether the latest window gave a warning (an alarm is one, too)."""

    @property
    def reason(self) -> str:
        """What the latest window showed, in words."""

    def update(self, values: npt.NDArray[np.float64]) -> None:
        """Take in one window: losses, float64[n], or features, float64[n, d], whichever its kind eats."""

    def reset(self, pool: Pool) -> None:
        """Start anew; `pool` holds records that the model in force had not been trained on, and its errors."""


class DetectorKind(Protocol):
    """The specification of a detector."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    @property
    def eats(self) -> Eats:
        """Losses, which need labels, or features, which don't."""

    def begin(self, pool: Pool) -> Detector:
        """A fresh detector; `pool` holds the starting model's held-out records (0 of them is allowed)."""


class RunningPolicy(Protocol):
    """A policy at work in one arm."""

    def step(self, seen: Situation) -> Attempt | None:
        """Look at one window whose labels are known, and say whether to retrain now."""


class Watchful(RunningPolicy, Protocol):
    """A policy at work that also looks at each window's features before its labels are known."""

    def look(self, window: int, features: Features) -> Attempt | None:
        """Look at the window that has just been predicted, after `step` saw what was labelled with it."""


class Policy(Protocol):
    """When to retrain."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    @property
    def dates(self) -> bool:
        """Whether its attempts date the change."""

    @property
    def needs_labels(self) -> bool:
        """Whether it looks at labels, so that all that are known are used."""

    def begin(self, pool: Pool) -> RunningPolicy:
        """A fresh policy; `pool` holds the starting model's held-out records."""


class TrainingSet(Protocol):
    """On what to retrain."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    @property
    def title(self) -> str:
        """How it is called in events, such as 'last 20'."""

    @property
    def minimum(self) -> int:
        """Below this many rows there is no fit."""

    @property
    def needs_date(self) -> bool:
        """Whether it needs a policy that dates changes."""

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """The rows to train on when `window` is the latest whose labels are known."""


class Learner(Protocol):
    """How to retrain, from rows at once."""

    @property
    def by(self) -> Literal["rows"]:
        """What it learns from at a time."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    @property
    def needs_spark(self) -> bool:
        """Whether `fit` wants a Spark that runs in this process: one for a whole run is faster than one for each."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """All that specifies it, in plain values; two learners with equal values make equal fits."""

    def fit(self, rows: Training, *, like: Model, seed: int) -> Model:
        """The starting model with its estimator (and its steps, if the learner fits these) fitted anew on rows.

        Of `like` the family and hyper-parameters are kept. The `info` of what is returned says the engine, and what
        the engine has to say of the fit; that of the rows is added by whoever asked, who also overwrites the hold-out.
        """


class RecordLearner(Protocol):
    """How to learn, record by record: such an arm has no policy, training set or gate."""

    @property
    def by(self) -> Literal["record"]:
        """What it learns from at a time."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    @property
    def warm_up(self) -> bool:
        """Whether it learns the static training rows before the stream."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """All that specifies it, in plain values; two learners with equal values learn the same."""

    def begin(self, *, like: Model, seed: int) -> RunningLearner:
        """A fresh learner at work."""


class RunningLearner(Protocol):
    """A learner at work that takes one record at a time."""

    def score(self, row: npt.NDArray[np.float64]) -> float:
        """The probability of class 1, from one record's features, float64[d]; learns nothing."""

    def learn(self, row: npt.NDArray[np.float64], label: int) -> None:
        """Learn one record."""


class Gate(Protocol):
    """The rule that lets a challenger replace the champion."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    @property
    def trial(self) -> Literal["none", "next", "folds"]:
        """Where challengers are judged: nowhere, on the next window, or on folds of the latest one."""

    @property
    def folds(self) -> int:
        """How many folds, where these are the trial."""

    @property
    def probation(self) -> int:
        """For how many windows the former champion still predicts after a promotion, in case it has to come back."""

    def judge(self, champion: Losses, challengers: Mapping[str, Losses]) -> Judgement:
        """Compare paired losses on records that no challenger has seen; order of `challengers` breaks ties."""

    def relapse(self, champion: Losses, former: Losses) -> tuple[float, float]:
        """Mean gain of going back to the former champion, and its lower bound, from paired losses of the probation."""


class Contender(Protocol):
    """One arm of the duel at work."""

    @property
    def name(self) -> str:
        """The arm's name."""

    @property
    def champion(self) -> str:
        """Id of the model in force from the next window on."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models that predict the next window, the champion first."""

    def learn(self, now: Window, windows: Iterable[int], memo: Memo) -> Iterator[Event]:
        """Window `now` has been predicted, and all labels of `windows` are known."""
