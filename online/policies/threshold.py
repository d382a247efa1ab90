"""The classical rule: retrain when a window's metric falls below a fixed number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from online.interfaces import Attempt, Outcome, Pool, Situation
from static_model.metrics import METRICS, binary_metrics, count, metrics_from_counts


class Threshold(BaseModel):
    """Asks for one fit per window whose metric is below `below`. It opens no episode.

    The trap: a threshold near the model's usual level fires on noise alone. Two things calm it: with `recovered` it
    fires once, and again only after the metric has been at least `recovered` (the trap there: a first fit that
    doesn't help is the last); with `cooldown` so many windows after a firing are left out.
    A window where the metric is undefined, or that a former champion predicted, fires nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = True

    kind: Literal["threshold"] = "threshold"
    metric: str = "accuracy"
    below: float
    recovered: float | None = None
    cooldown: int = Field(default=0, ge=0)

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in METRICS or metric == "log_loss":
            known = ", ".join(name for name in METRICS if name != "log_loss")
            raise ValueError(f"'{metric}' is no metric that is better when higher; known: {known}")
        return metric

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.recovered is not None and self.recovered < self.below:
            raise ValueError(f"recovered={self.recovered:g} is less than below={self.below:g}; give at least that")
        return self

    def begin(self, pool: Pool) -> Trigger:
        """A trigger that is armed."""
        return Trigger(self)


@dataclass(slots=True)
class Trigger:
    """The policy at work.

    Attributes:
        armed: whether a metric below the threshold fires.
        wait: how many windows are left out before the next look.
    """

    rule: Threshold
    armed: bool = True
    wait: int = 0

    def step(self, seen: Situation) -> Attempt | None:
        """An attempt if the window's metric is defined and below the threshold, and the trigger is armed."""
        value = None if seen.stale else metric_of(seen.outcome, self.rule.metric)
        if value is not None and self.rule.recovered is not None and value >= self.rule.recovered:
            self.armed = True
        if self.wait:
            self.wait -= 1
            return None
        if value is None or value >= self.rule.below or not self.armed:
            return None
        self.armed, self.wait = self.rule.recovered is None, self.rule.cooldown
        return Attempt(f"{self.rule.metric} {value:.4f} is below {self.rule.below:g}")


def metric_of(outcome: Outcome, metric: str) -> float | None:
    """One metric of a window; those that sort the scores are computed only where they are asked for.

    >>> import numpy as np
    >>> scores = np.array([0.1, 0.9, 0.8])
    >>> metric_of(Outcome(0, np.array([0, 1, 0], np.int8), scores, np.array([0.0, 0.0, 1.0]), 0.5), "recall")
    1.0
    """
    counted = metrics_from_counts(count(outcome.labels, outcome.scores > outcome.threshold))
    if metric in counted:
        return counted[metric]
    return binary_metrics(outcome.labels, outcome.scores, threshold=outcome.threshold)[metric]
