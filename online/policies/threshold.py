"""The classical rule: retrain when a window's metric falls below a fixed number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from online.interfaces import Attempt, Losses, Outcome, Pool
from static_model.metrics import METRICS, binary_metrics


class Threshold(BaseModel):
    """Asks for one fit per window whose metric is below `below`. It opens no episode.

    The trap: a threshold near the model's usual level fires on noise alone. A window where the metric is
    undefined fires nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["threshold"] = "threshold"
    metric: str = "accuracy"
    below: float

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in METRICS or metric == "log_loss":
            known = ", ".join(name for name in METRICS if name != "log_loss")
            raise ValueError(f"'{metric}' is no metric that is better when higher; known: {known}")
        return metric

    def begin(self, pool: Pool) -> Threshold:
        """Itself: it keeps no state."""
        return self

    def step(self, outcome: Outcome, *, judged: bool | None, current: Callable[[int], Losses]) -> Attempt | None:
        """An attempt if the window's metric is defined and below the threshold."""
        value = binary_metrics(outcome.labels, outcome.scores, threshold=outcome.threshold)[self.metric]
        if value is None or value >= self.below:
            return None
        return Attempt(f"{self.metric} {value:.4f} is below {self.below:g}")
