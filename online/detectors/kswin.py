"""KSWIN, as river has it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .by_record import ByRecord


class Kswin(ByRecord):
    """Kolmogorov-Smirnov between the latest losses and a sample of those before (Raab et al., Neurocomputing 2020).

    Gives no warnings. Two-sided. The trap: it compares 30 losses with 30, so that rises of the error rate by 10 points
    are seldom found, however long they last. The sample is drawn by `seed`, so that a run can be repeated.

    Eats losses of any size. Cost: 320 ms per window of 1,000 records, dearer than all else in the
    loop. State: `window_size` losses.
    """

    kind: Literal["kswin"] = "kswin"
    alpha: float = Field(default=0.005, gt=0, lt=1)
    window_size: int = Field(default=100, ge=1)
    stat_size: int = Field(default=30, ge=1)
    seed: int = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if 2 * self.stat_size > self.window_size:
            raise ValueError(
                f"window_size={self.window_size} is too small for two samples of stat_size={self.stat_size}"
            )
        return self

    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""
        from river.drift import KSWIN

        return KSWIN(**self.model_dump(exclude={"kind"}))
