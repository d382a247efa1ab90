"""The latest windows of the stream."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from online.interfaces import Attempt, Rows
from online.sets import SetOfRows


class Last(SetOfRows):
    """The last `windows` labelled windows of the stream (fewer near its start); never static rows."""

    kind: Literal["last"] = "last"
    windows: int = Field(ge=1)

    @property
    def title(self) -> str:
        """Such as 'last 20'."""
        return f"last {self.windows}"

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """The windows that end with `window`."""
        return self.chosen(window - self.windows + 1, window)
