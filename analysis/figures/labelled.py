"""Many points with a name each, that don't write over one another: names stand in a column, lines lead to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from .over_windows import inches
from .style import FAINT, INK, NARROW, plain, short_number

FEW = 20
LINE = 0.15
"""Inches from one name to the next."""


def spread(places: Sequence[float], *, gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Places at least `gap` apart between `low` and `high`, as near as can be to those asked for, in their order.

    The sum of squared moves is least (pool adjacent violators). Where there is no room for all, they stand equally far
    apart over the whole span.

    >>> [round(place, 2) for place in spread([0.5, 0.5, 0.9], gap=0.2)]
    [0.4, 0.6, 0.9]
    >>> spread([0.1, 0.1, 0.1], gap=9.0)
    [0.0, 0.5, 1.0]
    """
    if len(places) > 1:
        gap = min(gap, (high - low) / (len(places) - 1))
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    pooled: list[tuple[float, int]] = []
    for place in np.asarray(places, dtype=np.float64)[order] - steps:
        mean, count = float(place), 1
        while pooled and pooled[-1][0] >= mean:
            before, number = pooled.pop()
            mean, count = (before * number + mean * count) / (number + count), number + count
        pooled.append((mean, count))
    flat = np.concatenate([[mean] * count for mean, count in pooled]) if pooled else np.empty(0)
    room = high - low - (steps[-1] if len(steps) else 0.0)
    out = np.empty(len(places))
    out[order] = low + np.clip(flat - low, 0.0, max(0.0, room)) + steps
    return [float(place) for place in out]


def name_points(ax: Axes, points: Sequence[tuple[float, float, str]], *, height: float) -> None:
    """Write names into a column on the right, each with a line to its point; to be called when the limits are set.

    Args:
        ax: drawn already.
        points: x, y and name, in data's units.
        height: of the figure in inches.
    """
    to_axes = ax.transData + ax.transAxes.inverted()
    at: npt.NDArray[np.float64] = np.array([to_axes.transform((x, y))[1] for x, y, _ in points])
    places = spread(at.tolist(), gap=LINE / max(1.0, height - 1.0), low=0.02, high=0.98)
    for (x, y, name), place in zip(points, places, strict=True):
        ax.annotate(
            plain(name, most=46),
            (x, y),
            (1.03, place),
            textcoords="axes fraction",
            annotation_clip=False,
            va="center",
            fontsize="x-small",
            color=INK,
            arrowprops={
                "arrowstyle": "-",
                "color": FAINT,
                "linewidth": 0.7,
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
            zorder=1,
        )


def count_axis(ax: Axes, most: float) -> None:
    """Counts from 0 to the right, on a scale that is logarithmic above 1 where they reach beyond 20."""
    axis = ax.xaxis
    if most <= FEW:
        axis.set_major_locator(MaxNLocator(8, integer=True))
        return
    ax.set_xscale("symlog", linthresh=1.0, linscale=0.5)
    steps = (1, 2, 5) if inches(ax) >= NARROW or most < 100 else (1,)
    axis.set_major_locator(FixedLocator([0, *(step * 10**power for power in range(7) for step in steps)]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(short_number))
