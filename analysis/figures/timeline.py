"""What figures over the windows of a run share: the axis of windows, and the planted truth on heat maps."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.runs import Run

from .style import INK
from .tracker import _spans

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
    for start, end, words in _spans(run.truth["drifts"] if run.truth else [], run.windows):
        for edge in {start, end}:
            ax.axvline(edge, color="white", linewidth=2.0, zorder=3)
            ax.axvline(edge, color=PLANTED, linewidth=1.0, linestyle=(0, (4, 2)), zorder=3)
        ax.plot(
            [start, end],
            [1.008, 1.008],
            color=PLANTED,
            linewidth=2.0,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
        )
        if words not in named:
            ax.annotate(
                words,
                (start, 1.0),
                (0, 6),
                xycoords=ax.get_xaxis_transform(),
                textcoords="offset points",
                fontsize="x-small",
                color=INK,
                ha="left",
            )
        named.add(words)
