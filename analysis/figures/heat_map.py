"""What heat maps over windows share: the axis, the planted truth, and the scale of shades."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from analysis.runs import Run

from .over_windows import inches, planted, windows_axis
from .style import INK, NARROW

PLANTED = "#D55E00"
NO_RECORD = "#CFE3F1"
"""Where there is nothing to shade."""


def finish_map(ax: Axes, run: Run) -> None:
    """The axis of windows, and lines where planted drifts start and end, with their names above."""
    windows_axis(ax, run.windows)
    ax.grid(visible=False)
    named: set[str] = set()
    above, last = ax.get_xaxis_transform(), ax.get_xlim()[1]
    for span in planted(run):
        for edge in {span.start, span.end}:
            ax.axvline(edge, color="white", linewidth=2.0, zorder=3)
            ax.axvline(edge, color=PLANTED, linewidth=1.0, linestyle=(0, (4, 2)), zorder=3)
        ax.plot([span.start, span.end], [1.008] * 2, color=PLANTED, linewidth=2.0, transform=above, clip_on=False)
        if span.words not in named:  # told once where it recurs
            at, side = (span.end, "right") if span.start > 0.75 * last else (span.start, "left")
            words = "planted: " * (not named) + span.words
            ax.annotate(words, (at, 1.0), (0, 6), above, "offset points", fontsize="x-small", color=INK, ha=side)
        named.add(span.words)


def add_scale(ax: Axes, colours: ScalarMappable, words: str, **options: Any) -> None:
    """A scale of shades beside a heat map, below it in a narrow figure."""
    narrow = inches(ax) < NARROW
    place: dict[str, Any] = {"location": "bottom", "aspect": 40} if narrow else {"aspect": 25}
    bar = ax.figure.colorbar(colours, ax=ax, pad=0.02, **place, **options)
    bar.ax.tick_params(labelsize="x-small")
    bar.set_label(words, fontsize="x-small")
