"""When labels become known."""

from __future__ import annotations

from dataclasses import dataclass

from .windows import Window


@dataclass(frozen=True, slots=True)
class Labels:
    """Every label is known as soon as its window has been predicted."""

    def due(self, window: Window) -> tuple[int, ...]:
        """The windows whose last label is revealed when `window` ends, in order.

        The short last window is scored, but no decision follows it; a window without records reveals nothing.
        """
        return (window.index,) if window.complete and len(window.seqs) else ()


IMMEDIATE = Labels()
