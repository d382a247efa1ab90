"""What all gates share: a paired comparison of losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from .interfaces import Judgement, Losses

LEVEL = 0.05
"""Of the bound, one-sided: a gate only asks whether the challenger is better."""


class Judge(BaseModel):
    """A gate without a probation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trial: ClassVar[Literal["none", "next", "folds"]]

    @property
    def folds(self) -> int:
        """No folds, unless they are the trial."""
        return 0

    @property
    def probation(self) -> int:
        """None."""
        return 0

    def relapse(self, champion: Losses, former: Losses) -> tuple[float, float]:
        """Never: without a probation nothing brings the former champion back."""
        return 0.0, -math.inf


class MarginGate(Judge):
    """A gate that promotes the challenger with the largest mean gain whose lower bound is above `margin`.

    Gains are in loss per record. The bound is a normal one: right in about 95 % of judgements, generous where hardly
    a record tells the two apart (3 of 1,000 may do).
    """

    margin: float = Field(default=0.0, ge=0.0)

    def judge(self, champion: Losses, challengers: Mapping[str, Losses]) -> Judgement:
        """Compare paired losses, float64[n] each; ties go to the challenger named first."""
        gains = {model: paired_gain(champion, losses) for model, losses in challengers.items()}
        good = [model for model, (_, lower) in gains.items() if lower > self.margin]
        return Judgement(max(good, key=lambda model: gains[model][0], default=None), dict(gains))


def paired_gain(champion: Losses, challenger: Losses, *, level: float = LEVEL) -> tuple[float, float]:
    """Mean gain of the challenger and its lower confidence bound (one-sided, at 1 - level), from paired losses.

    >>> import numpy as np
    >>> gain, lower = paired_gain(np.repeat([1.0, 0.0], [50, 950]), np.repeat([0.0, 1.0], [990, 10]))
    >>> round(gain, 3), round(lower, 3)
    (0.04, 0.027)
    """
    n = len(champion)
    if n < 2:
        return 0.0, -math.inf
    gain = champion - challenger
    z = NormalDist().inv_cdf(1 - level)
    return float(gain.mean()), float(gain.mean() - z * gain.std(ddof=1) / math.sqrt(n))
