"""DDM, as river has it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .by_record import ByRecord


class Ddm(ByRecord):
    """The error rate against its lowest level so far (Gama, Medas, Castillo and Rodrigues, SBIA 2004).

    The trap: after more than `warm_start` records without an error the lowest level is 0 with deviation 0, and the
    first error is a drift. Per 1,000 drift-free windows of 1,000 records there are 5 false alarms at an error rate of
    2 %, and 0.2 at 18 %.

    Eats losses of 0 and 1. Cost: 500 us per window of 1,000 records. State: four numbers.
    """

    kind: Literal["ddm"] = "ddm"
    warm_start: int = Field(default=30, ge=0)
    warning_threshold: float = Field(default=2.0, ge=0)
    drift_threshold: float = Field(default=3.0, ge=0)

    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""
        from river.drift.binary import DDM

        return DDM(**self.model_dump(exclude={"kind"}))
