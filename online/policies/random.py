"""The control of every clever policy: retrain at times that mean nothing."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from online.interfaces import Attempt, Pool, Situation


class Random(BaseModel):
    """Asks for retraining after each window with probability `rate`.

    The draw depends on the seed and the window's index only: it is the same in every arm, after a restart, and
    however late labels are. A policy that isn't better than this one at its own number of fits has found nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = False

    kind: Literal["random"] = "random"
    rate: float = Field(ge=0, le=1)
    seed: int = Field(default=0, ge=0)

    def begin(self, pool: Pool) -> Random:
        """Itself: it keeps no state."""
        return self

    def step(self, seen: Situation) -> Attempt | None:
        """An attempt if the window's draw says so."""
        drawn = np.random.default_rng([self.seed, seen.outcome.window]).random()
        return Attempt("drawn by lot") if drawn < self.rate else None
