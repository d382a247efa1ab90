"""The static training rows alone: the control that separates fresh data from another engine and fewer rows."""

from __future__ import annotations

from typing import Literal

from online.interfaces import Attempt, Rows
from online.sets import HowMany, SetOfRows


class Static(SetOfRows):
    """The rows that the starting model was trained on, or a seeded sample of that many; none of the stream.

    A control, never a remedy: an arm with it shows what the learner and the number of rows do without fresh data.
    Needs the training file (`--training`).
    """

    kind: Literal["static"] = "static"
    static: HowMany = "all"

    @property
    def title(self) -> str:
        """Such as '20000 static'."""
        return "static" if self.static == "all" else f"{self.static} static"

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """Rows of the training file, whatever the stream brings."""
        return Rows(None, static=self.static, ratio=self.ratio)
