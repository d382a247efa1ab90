"""All of the stream so far."""

from __future__ import annotations

from typing import Literal

from online.interfaces import Attempt, Rows
from online.sets import SetOfRows


class Cumulative(SetOfRows):
    """Every labelled window of the stream from its start; never static rows. Its cost grows with the stream."""

    kind: Literal["cumulative"] = "cumulative"

    @property
    def title(self) -> str:
        """'cumulative'."""
        return self.kind

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """The windows from the first to `window`."""
        return self.chosen(0, window)
