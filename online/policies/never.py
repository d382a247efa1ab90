"""The policy of the static model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from online.interfaces import Losses, Outcome, Pool


class Never(BaseModel):
    """Never retrains: an arm with this policy is the static model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["never"] = "never"

    def begin(self, pool: Pool) -> Never:
        """Itself: it keeps no state."""
        return self

    def step(self, outcome: Outcome, *, judged: bool | None, current: Callable[[int], Losses]) -> None:
        """Nothing, whatever happens."""
