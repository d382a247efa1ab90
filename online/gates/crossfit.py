"""The crossfit gate: challengers are judged on folds of the latest window, and in force one window earlier."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from online.judging import MarginGate


class Crossfit(MarginGate):
    """Fits once without each of `parts` interleaved folds of the latest window, and judges these fits on their folds.

    What is promoted is fitted on all rows. The folds are interleaved, as a change may lie inside the window. Each
    fold's fit is charged: an attempt costs `parts + 1` fits for each training set.
    """

    kind: Literal["crossfit"] = "crossfit"
    parts: int = Field(default=2, ge=2, le=10)
    trial: ClassVar[Literal["folds"]] = "folds"

    @property
    def folds(self) -> int:
        """The parts."""
        return self.parts
