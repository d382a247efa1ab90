"""Everything since the change, and nothing from before it."""

from __future__ import annotations

from typing import ClassVar, Literal

from online.interfaces import Attempt, Rows
from online.sets import SetOfRows


class SinceChange(SetOfRows):
    """The windows from the one that the change is dated to: for a changed concept."""

    kind: Literal["since-change"] = "since-change"
    needs_date: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """'since-change'."""
        return self.kind

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """The windows from the change to `window`."""
        assert attempt.since is not None, "arms.py refuses it without a policy that dates changes"
        return self.chosen(attempt.since, window)
