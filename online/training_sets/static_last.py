"""The static training rows and the latest windows of the stream."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from online.interfaces import Attempt, Rows
from online.sets import HowMany, SetOfRows


class StaticLast(SetOfRows):
    """The rows that the starting model was trained on, and the last `windows` labelled windows.

    For a new sub-population beside the old one. A changed concept is outvoted by the static rows, unless `static`
    takes a sample of that many of them instead of all. Needs the training file (`--training`).
    """

    kind: Literal["static-last"] = "static-last"
    windows: int = Field(ge=1)
    static: HowMany = "all"

    @property
    def title(self) -> str:
        """Such as 'static + last 20'."""
        return (
            f"static + last {self.windows}" if self.static == "all" else f"{self.static} static + last {self.windows}"
        )

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """The static rows, then the windows that end with `window`."""
        return self.chosen(window - self.windows + 1, window, static=self.static)
