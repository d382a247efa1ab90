"""Everything since the detector's warning: the classical rule of DDM (Gama et al. 2004)."""

from __future__ import annotations

from typing import ClassVar, Literal

from online.interfaces import Attempt, Rows
from online.sets import SetOfRows


class SinceWarning(SetOfRows):
    """The windows from the first of the warnings that led to the alarm; from the change where there was none.

    Warnings come after a change, not at it: what this leaves out is often the change itself.
    """

    kind: Literal["since-warning"] = "since-warning"
    needs_date: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """'since-warning'."""
        return self.kind

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """The windows from the warning to `window`."""
        first = attempt.since if attempt.warned is None else attempt.warned
        assert first is not None, "arms.py refuses it without a policy that dates changes"
        return self.chosen(first, window)
