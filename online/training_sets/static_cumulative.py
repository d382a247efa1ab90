"""The static training rows and all of the stream so far."""

from __future__ import annotations

from typing import Literal

from online.interfaces import Attempt, Rows
from online.sets import HowMany, SetOfRows


class StaticCumulative(SetOfRows):
    """The rows that the starting model was trained on, and every labelled window of the stream.

    Nothing is forgotten. Its cost grows with the stream. Needs the training file (`--training`).
    """

    kind: Literal["static-cumulative"] = "static-cumulative"
    static: HowMany = "all"

    @property
    def title(self) -> str:
        """Such as 'static + cumulative'."""
        return "static + cumulative" if self.static == "all" else f"{self.static} static + cumulative"

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """The static rows, then the windows from the first to `window`."""
        return self.chosen(0, window, static=self.static)
