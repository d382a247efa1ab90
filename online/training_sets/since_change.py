"""Everything since the change, and nothing from before it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from online.interfaces import Span


class SinceChange(BaseModel):
    """The windows from the one that the change is dated to; needs a policy that dates changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["since-change"] = "since-change"
    minimum: int = Field(default=20, ge=2)

    @property
    def title(self) -> str:
        """'since-change'."""
        return self.kind

    def span(self, window: int, *, since: int | None) -> Span:
        """The windows from the change to `window`."""
        assert since is not None, "arms.py refuses since-change without a policy that dates changes"
        return Span(since, window)
