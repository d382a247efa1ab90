"""The blind rule: retrain by the calendar."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from online.interfaces import Attempt, Pool, Situation


class Periodic(BaseModel):
    """Asks for retraining when the labels of every `every`-th window are known; looks at nothing.

    Windows are counted by their index, so that arms of one period retrain together and share their fits; a window
    without records is no occasion and isn't made up for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = False

    kind: Literal["periodic"] = "periodic"
    every: int = Field(ge=1)

    def begin(self, pool: Pool) -> Periodic:
        """Itself: it keeps no state."""
        return self

    def step(self, seen: Situation) -> Attempt | None:
        """An attempt after windows every - 1, 2 every - 1, and so on."""
        return Attempt(f"every {self.every} windows") if (seen.outcome.window + 1) % self.every == 0 else None
