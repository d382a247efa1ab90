"""ADWIN, as river has it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .by_record import ByRecord


class Adwin(ByRecord):
    """An adaptive window, cut where the means of its two parts differ (Bifet and Gavalda, SDM 2007).

    Two-sided: an improvement is an alarm, too. Gives no warnings. `delta` bounds the false alarms of one cut, not of
    a stream; with the default there are 0.1 per 1,000 drift-free windows of 1,000 records at error rates of 2 and 18 %.

    Eats losses of any size. Cost: 190 us per window of 1,000 records. State: buckets, O(log n).
    """

    kind: Literal["adwin"] = "adwin"
    delta: float = Field(default=0.002, gt=0, lt=1)
    clock: int = Field(default=32, ge=1, le=10**9)
    max_buckets: int = Field(default=5, ge=1, le=10**9)
    min_window_length: int = Field(default=5, ge=1, le=10**9)
    grace_period: int = Field(default=10, ge=1, le=10**9)

    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""
        from river.drift import ADWIN

        return ADWIN(**self.model_dump(exclude={"kind"}))
