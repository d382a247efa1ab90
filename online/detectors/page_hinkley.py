"""The Page-Hinkley test, as river has it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .by_record import ByRecord


class PageHinkley(ByRecord):
    """A CUSUM of the losses about their running mean (Page, Biometrika 1954).

    Two-sided unless `mode` is "up". Gives no warnings. The trap: the default `threshold` of 50 is for values of a
    smaller variance: at error rates of 2 and 18 % there are 3 and 55 false alarms per 1,000 drift-free windows of
    1,000 records.

    Eats losses of any size. Cost: 480 us per window of 1,000 records. State: six numbers.
    """

    kind: Literal["page-hinkley"] = "page-hinkley"
    min_instances: int = Field(default=30, ge=1)
    delta: float = Field(default=0.005, ge=0)
    threshold: float = Field(default=50.0, gt=0)
    alpha: float = Field(default=0.9999, gt=0, le=1)
    mode: Literal["up", "down", "both"] = "both"

    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""
        from river.drift import PageHinkley

        return PageHinkley(**self.model_dump(exclude={"kind"}))
