"""The shadow gate: challengers predict the next window beside the champion, unseen by both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from online.interfaces import Judgement, Losses

Z = 1.6448536269514722
"""A lower confidence bound of 95 %, one-sided: the gate only asks whether the challenger is better."""


class Shadow(BaseModel):
    """Promotes the challenger with the largest mean gain whose lower bound is above `margin`.

    Honest (nobody has seen the window) and one window late. Gains are in loss per record. The bound is a normal
    one: right in about 95 % of judgements, generous where hardly a record tells the two apart (3 of 1,000 may do).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["shadow"] = "shadow"
    margin: float = Field(default=0.0, ge=0.0)
    waits: ClassVar[bool] = True

    def judge(self, champion: Losses, challengers: Mapping[str, Losses]) -> Judgement:
        """Compare paired losses, float64[n] each; ties go to the challenger named first."""
        gains = {model: paired_gain(champion, losses) for model, losses in challengers.items()}
        good = [model for model, (_, lower) in gains.items() if lower > self.margin]
        return Judgement(max(good, key=lambda model: gains[model][0], default=None), dict(gains))


def paired_gain(champion: Losses, challenger: Losses) -> tuple[float, float]:
    """Mean gain of the challenger and its lower 95 % confidence bound, from paired losses.

    >>> import numpy as np
    >>> gain, lower = paired_gain(np.repeat([1.0, 0.0], [50, 950]), np.repeat([0.0, 1.0], [990, 10]))
    >>> round(gain, 3), round(lower, 3)
    (0.04, 0.027)
    """
    n = len(champion)
    if n < 2:
        return 0.0, -math.inf
    gain = champion - challenger
    return float(gain.mean()), float(gain.mean() - Z * gain.std(ddof=1) / math.sqrt(n))
