"""The latest windows of the stream."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from online.interfaces import Span


class Last(BaseModel):
    """The last `windows` windows of the stream (fewer near its start); never static rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["last"] = "last"
    windows: int = Field(ge=1)
    minimum: int = Field(default=20, ge=2)

    @property
    def title(self) -> str:
        """Such as 'last 20'."""
        return f"last {self.windows}"

    def span(self, window: int, *, since: int | None) -> Span:
        """The windows that end with `window`."""
        return Span(max(0, window - self.windows + 1), window)
