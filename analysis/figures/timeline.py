"""What figures over the windows of a run share: the axis of windows, and the planted truth on heat maps."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.ticker import MaxNLocator

from analysis.runs import Run

from .over_windows import inches, planted, shade
from .style import INK, NARROW

PLANTED = "#D55E00"


def window_axis(ax: Axes, run: Run) -> None:
    """The windows of a run from left to right; window k reaches from k - 0.5 to k + 0.5."""
    windows = run.windows["window"]
    ax.set_xlim(float(windows.min()) - 0.5, float(windows.max()) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12, steps=[1, 2, 5, 10]))
    first = run.windows.iloc[0]
    ax.set_xlabel(f"window of {int(first['last_seq']) - int(first['first_seq']) + 1:,} records", fontsize="small")


def mark_truth(ax: Axes, run: Run) -> None:
    """Lines through a heat map where planted drifts start and end, and their names above it."""
    named: set[str] = set()
    above, last = ax.get_xaxis_transform(), ax.get_xlim()[1]
    for span in planted(run):
        start, end, words = span.start, span.end, span.words
        for edge in {start, end}:
            ax.axvline(edge, color="white", linewidth=2.0, zorder=3)
            ax.axvline(edge, color=PLANTED, linewidth=1.0, linestyle=(0, (4, 2)), zorder=3)
        ax.plot([start, end], [1.008] * 2, color=PLANTED, linewidth=2.0, transform=above, clip_on=False)
        if words not in named:  # told once where it recurs
            at, side = (end, "right") if start > 0.75 * last else (start, "left")
            ax.annotate(words, (at, 1.0), (0, 6), above, "offset points", fontsize="x-small", color=INK, ha=side)
        named.add(words)


def shade_truth(ax: Axes, run: Run) -> None:
    """Grey behind curves where planted drifts are."""
    shade(ax, planted(run))


def add_scale(ax: Axes, colours: ScalarMappable, words: str, **options: Any) -> Any:
    """A scale of colours beside a heat map, below it in a narrow figure; matplotlib's colour bar."""
    narrow = inches(ax) < NARROW
    place: dict[str, Any] = {"location": "bottom", "aspect": 40} if narrow else {"aspect": 25}
    bar = ax.figure.colorbar(colours, ax=ax, pad=0.02, **place, **options)
    bar.ax.tick_params(labelsize="x-small")
    bar.set_label(words, fontsize="x-small")
    return bar
