"""The seams of an arm: policy, detector, training set, learner and gate; `values` holds what they exchange.

Each kind is one frozen pydantic class in one file of its folder, told apart by its `kind`. Policies and
detectors that keep state hand out a fresh object from `begin`, so that a specification can be shared and saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from static_model.artifact import Model

from .values import (
    Attempt,
    Eats,
    Event,
    Features,
    Fold,
    Judgement,
    Losses,
    Outcome,
    Pool,
    Rows,
    Situation,
    Span,
    Spent,
    Training,
)

__all__ = [
    "Attempt",
    "Detector",
    "DetectorKind",
    "Eats",
    "Event",
    "Features",
    "Fold",
    "Gate",
    "Judgement",
    "Learner",
    "Losses",
    "Outcome",
    "Policy",
    "Pool",
    "RecordLearner",
    "Rows",
    "RunningLearner",
    "RunningPolicy",
    "Situation",
    "Span",
    "Spent",
    "Training",
    "TrainingSet",
    "Watchful",
]


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

    def __hash__(self) -> int:
        """Equal specifications begin equal detectors, so that a report scores them once."""


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
