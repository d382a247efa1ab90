"""EDDM, as river has it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .by_record import ByRecord


class Eddm(ByRecord):
    """The distance between two errors against its largest level so far (Baena-Garcia et al., IWKDDS 2006).

    Made for gradual change. The trap: the ratio with the largest level falls below `beta` by chance alone, sooner
    or later: 36 and 28 times in 1,000 drift-free windows of 1,000 records, at error rates of 2 and 18 %.

    Eats losses of 0 and 1. Cost: 280 us per window of 1,000 records. State: seven numbers.
    """

    kind: Literal["eddm"] = "eddm"
    warm_start: int = Field(default=30, ge=0)
    alpha: float = Field(default=0.95, gt=0, le=1)
    beta: float = Field(default=0.9, gt=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.alpha < self.beta:
            raise ValueError(
                f"alpha={self.alpha:g} (warning) is less than beta={self.beta:g} (drift); give at least that"
            )
        return self

    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""
        from river.drift.binary import EDDM

        return EDDM(**self.model_dump(exclude={"kind"}))
