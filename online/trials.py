"""What waits inside an arm: challengers not ready yet, challengers on trial, and a former champion on probation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .interfaces import Judgement, Losses


class Losing(Protocol):
    """What knows the losses of a model on a labelled window."""

    def losses(self, model: str, window: int) -> Losses:
        """float64[n]."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Challengers that were trained, and when they are ready; judged already where the gate did so by folds."""

    at: int
    models: tuple[str, ...]
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Trial:
    """Challengers that predict beside the champion, to be judged on the first labelled window from `first` on."""

    first: int
    models: tuple[str, ...]


@dataclass(slots=True)
class Reigns:
    """Which model was in force when: of each, the first window that it predicted as champion."""

    began: list[tuple[int, str]]

    @property
    def champion(self) -> str:
        """The model in force from the next window on."""
        return self.began[-1][1]

    def at(self, window: int) -> str:
        """The model in force when that window began."""
        return next(model for first, model in reversed(self.began) if first <= window)

    def begin(self, model: str, *, first: int) -> None:
        """Put a model in force."""
        self.began.append((first, model))


@dataclass(slots=True)
class OnProbation:
    """A former champion that predicts on, and the losses of both since the promotion."""

    former: str
    first: int
    windows: int
    champion_losses: list[Losses] = field(default_factory=list)
    former_losses: list[Losses] = field(default_factory=list)

    def add(self, champion: str, window: int, memo: Losing) -> tuple[Losses, Losses]:
        """Take in one more window; the losses of champion and former so far, float64[n] each."""
        self.champion_losses.append(memo.losses(champion, window))
        self.former_losses.append(memo.losses(self.former, window))
        return np.concatenate(self.champion_losses), np.concatenate(self.former_losses)

    @property
    def over(self) -> bool:
        """Whether the former champion has lost its right to come back."""
        return len(self.champion_losses) >= self.windows
