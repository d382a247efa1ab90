"""One pair of axes cut into lanes, one above the other: many arms stay readable, and are drawn in few strokes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .style import FAINT, GRID, plain, short_number

Floats = npt.NDArray[np.float64]

_HEAD, _FOOT, _ROOM = 0.12, 0.14, 0.02
"""Inches of a lane that belong to its name, to marks of events, and to nothing."""
_LABEL = 0.15
"""Inches that a number on the axis needs."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane.

    Attributes:
        name: stands above the data, to the left.
        low: the least value that is shown.
        high: the greatest.
        share: its height, as a multiple of the others'.
        absolute: whether values are shown without their sign.
    """

    name: str
    low: float
    high: float
    share: float = 1.0
    absolute: bool = False


class Lanes:
    """Lanes on these axes, the first at the top. Values go onto them by `to_axis`.

    Args:
        ax: empty axes; they get their vertical axis here, and none of the values may be drawn without `to_axis`.
        lanes: at least one.
        foot: whether each has room for marks below its data.
    """

    def __init__(self, ax: Axes, lanes: Sequence[Lane], *, foot: bool = False) -> None:
        self._lanes = tuple(lanes)
        shares = [lane.share for lane in lanes]
        inch = sum(shares) / axes_height(ax)
        most = 0.3 * min(shares)  # on axes that are too low for them, the data keep some of each lane
        self._head, self._foot = min(_HEAD * inch, most), min(_FOOT * inch, most) if foot else 0.0
        self._tops = [-below for below in accumulate(shares, initial=0.0)]
        self._room = min(_ROOM * inch, most / 2)
        ax.set_ylim(self._tops[-1], 0.0)
        self._number(ax, most=[int((share / inch - _HEAD) / _LABEL) for share in shares])
        for top, lane in zip(self._tops, lanes, strict=False):
            ax.axhline(top, color=FAINT, linewidth=0.6, zorder=1.5)
            ax.annotate(
                plain(lane.name, most=40),
                (0.0, top),
                (3, -1.5),
                xycoords=ax.get_yaxis_transform(),
                textcoords="offset points",
                fontsize="x-small",
                va="top",
                zorder=5,
                annotation_clip=False,
            )

    def _number(self, ax: Axes, *, most: Sequence[int]) -> None:
        at: list[float] = []
        words: list[str] = []
        for number, lane in enumerate(self._lanes):
            bins = min(max(most[number], 1), 5)
            ticks = np.array(MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]).tick_values(lane.low, lane.high)).round(10)
            shown = ticks[(ticks >= lane.low - 1e-9) & (ticks <= lane.high + 1e-9)]
            at += self.to_axis(number, shown).tolist()
            words += [short_number(abs(tick) if lane.absolute else tick) for tick in shown.tolist()]
        ax.set_yticks(at, words, fontsize="x-small")
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", color=GRID, linewidth=0.6)
        ax.set_axisbelow(True)

    def to_axis(self, lane: int, values: npt.ArrayLike) -> Floats:
        """Where values lie on the axis; those that the lane doesn't reach lie on its edge."""
        this = self._lanes[lane]
        bottom = self._tops[lane + 1] + self._foot + self._room
        height = this.share - self._head - self._foot - 2 * self._room
        inside = np.clip(np.asarray(values, dtype=np.float64), this.low, this.high)
        return bottom + (inside - this.low) / (this.high - this.low) * height

    def foot(self, lane: int, row: int, *, rows: int = 3) -> float:
        """The height of a row of marks below the data, the first at the top."""
        return self._tops[lane + 1] + self._foot * (rows - row - 0.3) / rows

    def areas(
        self, x: npt.ArrayLike, low: Sequence[Floats], high: Sequence[Floats], *, first: int = 0
    ) -> tuple[Floats, Floats, Floats]:
        """One area in each of several lanes, as `fill_between` takes it: it draws all of them in one stroke.

        Args:
            x: float64[n], the same for all.
            low: for each lane float64[n], in its values.
            high: likewise.
            first: the lane that the first of them belongs to.
        """
        one = np.append(np.asarray(x, dtype=np.float64), np.nan)
        ends = [
            np.concatenate([np.append(self.to_axis(first + n, values), np.nan) for n, values in enumerate(side)])
            for side in (low, high)
        ]
        return np.tile(one, len(low)), ends[0], ends[1]


def axes_height(ax: Axes) -> float:
    """Inches, from their lower to their upper edge; before the layout it is a guess that is good enough for room."""
    figure = ax.get_figure(root=True)
    return float(ax.get_position().height * figure.get_figheight()) if figure is not None else 1.0


def lanes_height(lanes: float, *, least: float = 0.66, most: float = 2.6, room: float = 0.7) -> float:
    """Inches for a figure with so many lanes, `room` for its axis included: a page of a paper holds twelve.

    >>> [round(lanes_height(lanes), 2) for lanes in (1, 3, 12)]
    [3.3, 5.2, 8.62]
    """
    return lanes * float(np.clip(4.5 / lanes, least, most)) + room
