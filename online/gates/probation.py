"""Promotion on probation: the former champion still predicts for some windows, and comes back if it does better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from online.interfaces import Gate, Judgement, Losses
from online.judging import LEVEL, paired_gain

from .none import NoGate

if TYPE_CHECKING:
    AnyGate: TypeAlias = Gate
else:
    from online.registry import component

    AnyGate = component("gate")


class Probation(BaseModel):
    """Lets another gate promote, and rolls back within `windows` windows if the former champion is surely better.

    After each of these windows the losses of the two are compared over all of them so far, at a level that is shared
    among the looks (Bonferroni), so that a promotion which changes nothing is rolled back in at most 5 % of cases.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["probation"] = "probation"
    gate: AnyGate = NoGate()
    windows: int = Field(default=5, ge=1, le=1000)

    @model_validator(mode="after")
    def _not_nested(self) -> Self:
        if isinstance(self.gate, Probation):
            raise ValueError("a probation within a probation says nothing more; name another gate inside it")
        return self

    @property
    def trial(self) -> Literal["none", "next", "folds"]:
        """As the gate within."""
        return self.gate.trial

    @property
    def folds(self) -> int:
        """As the gate within."""
        return self.gate.folds

    @property
    def probation(self) -> int:
        """The windows."""
        return self.windows

    def judge(self, champion: Losses, challengers: Mapping[str, Losses]) -> Judgement:
        """As the gate within."""
        return self.gate.judge(champion, challengers)

    def relapse(self, champion: Losses, former: Losses) -> tuple[float, float]:
        """Mean gain of going back, and its lower bound, over the windows of the probation so far."""
        return paired_gain(champion, former, level=LEVEL / self.windows)
