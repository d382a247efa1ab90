"""The seams of an arm: policy, detector, training set, learner and gate, and the values they exchange.

Each kind is one frozen pydantic class in one file of its folder, told apart by its `kind`. Policies and
detectors that keep state hand out a fresh object from `begin`, so that a specification can be shared and saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from static_model.artifact import Estimator

Losses = npt.NDArray[np.float64]
"""One loss per record, float64[n]; 0 or 1 in the binary task."""

Event = dict[str, Any]
"""What happened to an arm: `event` is one of drift, retrain, promoted, rejected, refused; the rest are its numbers."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Labelled records that the model in force had not seen, and how many of them it got wrong."""

    records: int
    errors: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One labelled window as the model in force when it began had predicted it.

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
class Attempt:
    """A policy's wish to retrain now.

    Attributes:
        reason: in words, for the event.
        since: the window that the change is dated to, or None where the policy dates none.
        alarm: whether this attempt opens an episode (an alarm is counted then, and only then).
    """

    reason: str
    since: int | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive windows, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a gate found about challengers: the winner (None if the champion stays), and per challenger its gain.

    `gains` maps a model's id to (mean gain, lower bound) in loss per record; both are None where nothing was measured.
    """

    winner: str | None
    gains: Mapping[str, tuple[float | None, float | None]]


class Detector(Protocol):
    """Has the loss changed? At work in one arm; its specification hands it out from `begin`."""

    @property
    def pool(self) -> Pool:
        """Everything that it compares with, the latest window included."""

    @property
    def drift(self) -> bool:
        """Whether the latest window raised an alarm."""

    @property
    def reason(self) -> str:
        """What the latest window showed, in words."""

    def update(self, losses: Losses) -> None:
        """Take in one window's losses, float64[n]."""

    def reset(self, pool: Pool) -> None:
        """Start anew from records that the model in force had not been trained on."""


class RunningPolicy(Protocol):
    """A policy at work in one arm."""

    def step(self, outcome: Outcome, *, judged: bool | None, current: Callable[[int], Losses]) -> Attempt | None:
        """Look at one labelled window and say whether to retrain now.

        Args:
            outcome: the window, as the model in force when it began predicted it.
            judged: whether the previous attempt led to a promotion; None if nothing was judged with this window.
            current: losses on a window since the judgement, of the model in force from the next window on.
        """


class Policy(Protocol):
    """When to retrain."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

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

    def span(self, window: int, *, since: int | None) -> Span:
        """The windows to train on at the end of `window`."""


class Learner(Protocol):
    """How to retrain."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """All that specifies it, in plain values; two learners with equal values make equal fits."""

    def fit(
        self, features: npt.NDArray[np.float64], labels: npt.NDArray[np.int8], *, like: Estimator, seed: int
    ) -> Estimator:
        """A new estimator of the family and hyper-parameters of `like`, from float64[n, d] and int8[n]."""


class Gate(Protocol):
    """The rule that lets a challenger replace the champion."""

    @property
    def kind(self) -> str:
        """The word that names it in a specification."""

    @property
    def waits(self) -> bool:
        """Whether challengers are judged on the next window; if not, the first is promoted at once."""

    def judge(self, champion: Losses, challengers: Mapping[str, Losses]) -> Judgement:
        """Compare paired losses on records that no challenger has seen; order of `challengers` breaks ties."""
