"""No gate: the classical exercise, in which whatever was trained replaces what was there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from online.interfaces import Judgement, Losses


class NoGate(BaseModel):
    """Promotes the first challenger as soon as it is trained, unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["none"] = "none"
    waits: ClassVar[bool] = False

    def judge(self, champion: Losses, challengers: Mapping[str, Losses]) -> Judgement:
        """The first challenger, whatever its losses."""
        first = next(iter(challengers))
        return Judgement(first, {first: (None, None)})
