"""A sample of the stream so far with as many rows of either class."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from online.interfaces import Attempt, Rows
from online.sets import SetOfRows


class Reservoir(SetOfRows):
    """A class-balanced reservoir: at most `per_class` rows of each class, a uniform sample of all labelled ones.

    Each record has a priority, a hash of its number; the sample is the rows of lowest priority. That is Vitter's
    reservoir (1985) in another form, which needs no state and so repeats exactly.
    """

    kind: Literal["reservoir"] = "reservoir"
    per_class: int = Field(default=5_000, ge=1)

    @property
    def title(self) -> str:
        """Such as 'reservoir of 5,000 per class'."""
        return f"reservoir of {self.per_class:,} per class"

    def rows(self, window: int, attempt: Attempt) -> Rows:
        """A sample of the windows from the first to `window`."""
        return self.chosen(0, window, per_class=self.per_class)
