"""HDDM_A, as river has it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .by_record import ByRecord


class HddmA(ByRecord):
    """Hoeffding's bound on the mean since a cut against the mean before it (Frias-Blanco et al., TKDE 27, 2015).

    Per 1,000 drift-free windows of 1,000 records there are 1.5 false alarms at an error rate of 18 % (0 at 2 %).

    Eats losses of 0 and 1. Cost: 2,500 us per window of 1,000 records. State: six numbers.
    """

    kind: Literal["hddm-a"] = "hddm-a"
    drift_confidence: float = Field(default=0.001, gt=0, lt=1)
    warning_confidence: float = Field(default=0.005, gt=0, lt=1)
    two_sided_test: bool = False

    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""
        from river.drift.binary import HDDMA

        return HDDMA(**self.model_dump(exclude={"kind"}))
