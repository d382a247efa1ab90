"""No gate: the classical exercise, in which whatever was trained replaces what was there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from online.interfaces import Judgement, Losses
from online.judging import Judge


class NoGate(Judge):
    """Promotes the first challenger as soon as it is trained, unseen."""

    kind: Literal["none"] = "none"
    trial: ClassVar[Literal["none"]] = "none"

    def judge(self, champion: Losses, challengers: Mapping[str, Losses]) -> Judgement:
        """The first challenger, whatever its losses."""
        first = next(iter(challengers))
        return Judgement(first, {first: (None, None)})
