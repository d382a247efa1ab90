"""The shadow gate: challengers predict the next window beside the champion, unseen by both."""

from __future__ import annotations

from typing import ClassVar, Literal

from online.judging import MarginGate


class Shadow(MarginGate):
    """Judges on the first window that the challengers predict. Honest (nobody has seen it) and one window late."""

    kind: Literal["shadow"] = "shadow"
    trial: ClassVar[Literal["next"]] = "next"
