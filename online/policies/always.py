"""The most expensive policy: retrain after every window."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from online.interfaces import Attempt, Pool, Situation


class Always(BaseModel):
    """Asks for retraining after every window whose labels are known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = False

    kind: Literal["always"] = "always"

    def begin(self, pool: Pool) -> Always:
        """Itself: it keeps no state."""
        return self

    def step(self, seen: Situation) -> Attempt:
        """An attempt, whatever happens."""
        return Attempt("every window")
