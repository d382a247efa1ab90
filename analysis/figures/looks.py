"""How an arm looks: the same in every figure of a run, told apart in grey print and by the colour-blind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .style import LOOKS

_COLORS = tuple(color for color, _ in LOOKS[1:])
_LINES = (*(line for _, line in LOOKS[2:5]), "-", (0, (4, 1)), (0, (8, 2)), (0, (2, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
HATCHES = ("", "////", "....", r"\\\\", "xxxx")
"""For areas that lie side by side: neighbours differ in grey print too."""
MANY = 150
"""From so many points on, lines and marks are drawn finer."""
_MARKS = 8
"""So many markers on a line: enough to follow it by, few enough to see the line."""


@dataclass(frozen=True, slots=True)
class Look:
    """The look of one arm.

    Attributes:
        color: of Okabe and Ito's palette, as `#RRGGBB`.
        line: matplotlib's line style.
        marker: drawn on the line at intervals; empty for none.
        place: which arm it is, counted from 0; markers of different arms stand at different windows.
    """

    color: str
    line: Any
    marker: str
    place: int

    def drawn(self, points: int, *, width: float = 1.5) -> dict[str, Any]:
        """What `Axes.plot` takes to draw a line of so many points; finer where they are many.

        >>> looks_of(["static"])["static"].drawn(3)["linewidth"]
        1.5
        """
        step = max(1, points // _MARKS)
        return {
            "color": self.color,
            "linestyle": self.line,
            "linewidth": width * (1.0 if points <= MANY else 2 / 3),
            "marker": self.marker or ("o" if points == 1 else ""),
            "markersize": 4.0,
            "markeredgewidth": 0.0,
            "markevery": ((self.place * step) // 3 % step, step),
        }


def arms_in_order(arms: Iterable[str]) -> list[str]:
    """Static, then dynamic, then the rest by name.

    >>> arms_in_order(["b", "dynamic", "a", "static"])
    ['static', 'dynamic', 'a', 'b']
    """
    return sorted(arms, key=lambda arm: (arm != "static", arm != "dynamic", arm))


def looks_of(arms: Iterable[str]) -> dict[str, Look]:
    """The look of every arm, in the order in which they are drawn and named.

    Static is black and dynamic vermilion in every run; the others differ in line style and marker, up to seventy of
    them. Give it all arms of a run, also where a figure shows some of them only.

    >>> [(arm, look.color, look.marker) for arm, look in looks_of(["rare", "static", "dynamic"]).items()]
    [('static', '#000000', ''), ('dynamic', '#D55E00', ''), ('rare', '#0072B2', 'o')]
    """
    names = arms_in_order(arms)
    known = {name: Look(*LOOKS[place], "", place) for place, name in enumerate(("static", "dynamic")) if name in names}
    others = [name for name in names if name not in known]
    return known | {name: _other(number) for number, name in enumerate(others)}


def _other(number: int) -> Look:
    color = _COLORS[(number + 1) % len(_COLORS)]
    return Look(color, _LINES[number % len(_LINES)], _MARKERS[number % len(_MARKERS)], number + 2)
