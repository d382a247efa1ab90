"""The policy of the static model."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from online.interfaces import Pool, Situation


class Never(BaseModel):
    """Never retrains: an arm with this policy is the static model."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = False

    kind: Literal["never"] = "never"

    def begin(self, pool: Pool) -> Never:
        """Itself: it keeps no state."""
        return self

    def step(self, seen: Situation) -> None:
        """Nothing, whatever happens."""
