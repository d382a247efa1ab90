"""HDDM_W, as river has it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .by_record import ByRecord


class HddmW(ByRecord):
    """McDiarmid's bound on weighted means before and after a cut (Frias-Blanco et al., TKDE 27, 2015).

    `lambda_val` is the weight of the latest record: with the default the memory is about 20 records long. The trap: at
    an error rate of 2 % rises of less than 20 points are not found, at 18 % there are 38 false alarms per 1,000
    drift-free windows of 1,000 records.

    Eats losses of 0 and 1. Cost: 3,200 us per window of 1,000 records. State: ten numbers.
    """

    kind: Literal["hddm-w"] = "hddm-w"
    drift_confidence: float = Field(default=0.001, gt=0, lt=1)
    warning_confidence: float = Field(default=0.005, gt=0, lt=1)
    lambda_val: float = Field(default=0.05, gt=0, le=1)
    two_sided_test: bool = False

    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""
        from river.drift.binary import HDDMW

        return HDDMW(**self.model_dump(exclude={"kind"}))
