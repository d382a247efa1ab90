"""What figures over windows share: the axis, the planted truth, and the marks of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.runs import Run

from .looks import MANY
from .style import NARROW, clean_axes

MARKS = {
    "drift": ("alarm", "v", 34),
    "retrain": ("retrained", "o", 22),
    "promoted": ("promoted", "*", 64),
    "rejected": ("rejected", "x", 12),
}
"""The events that are shown: the word, the marker and its area in square points."""
TRUTH = "#B0B0B0"


@dataclass(frozen=True, slots=True)
class Span:
    """A planted drift: where it starts and ends, in windows, and what it is in words."""

    start: float
    end: float
    words: str


def planted(run: Run) -> list[Span]:
    """The planted drifts that the run reaches; window k reaches from k - 0.5 to k + 0.5."""
    windows = run.windows.drop_duplicates("window")
    seqs = [*windows["first_seq"], int(windows["last_seq"].iloc[-1]) + 1]
    edges = [*(windows["window"] - 0.5), float(windows["window"].iloc[-1]) + 0.5]
    return [
        Span(
            float(np.interp(drift["start"], seqs, edges)),
            float(np.interp(drift["end"], seqs, edges)),
            f"{drift['kind']} ({drift['shape']})" if "shape" in drift else str(drift["kind"]),
        )
        for drift in (run.truth["drifts"] if run.truth else [])
        if drift["start"] <= seqs[-1]
    ]


def windows_of(run: Run, arm: str, kind: str) -> list[int]:
    """The windows in which such an event befell the arm."""
    return [event["window"] for event in run.events if event["arm"] == arm and event["event"] == kind]


def shade(ax: Axes, spans: Sequence[Span]) -> None:
    """The planted drifts, behind the data."""
    for span in spans:
        ax.axvspan(span.start, span.end, facecolor=TRUTH, alpha=0.4, linewidth=0, zorder=0)
        for edge in {span.start, span.end}:  # an abrupt change has no width to be shaded
            ax.axvline(edge, color=TRUTH, linewidth=1.6, zorder=0)


def truth_handle() -> Artist:
    """The planted drift in a legend."""
    return Patch(facecolor="#DFDFDF", edgecolor=TRUTH, linewidth=1.6, label="planted drift")


def event_handles(kinds: Sequence[str], color: str) -> list[Artist]:
    """Events in a legend."""
    return [
        Line2D([], [], color=color, linestyle="", marker=MARKS[kind][1], markersize=4, label=MARKS[kind][0])
        for kind in kinds
    ]


def mark(ax: Axes, x: Sequence[float], y: Sequence[float], kind: str, color: str, *, small: bool = False) -> None:
    """Marks of one kind of event."""
    _, marker, size = MARKS[kind]
    edges: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.4} if marker != "x" else {"linewidths": 1.0}
    area = size * (0.6 if small else 1.0)
    ax.scatter(x, y, s=area, color=color, marker=marker, zorder=4, clip_on=False, **edges)


def windows_axis(ax: Axes, windows: pd.DataFrame) -> None:
    """Windows from left to right, all of them, and what one is."""
    clean_axes(ax)
    last = float(windows["window"].max())
    ax.set_xlim(-0.5, last + 0.5)
    bins = 12 if inches(ax) >= NARROW else 6
    ax.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, nbins=bins, steps=[1, 2, 5, 10]))
    ax.set_xlabel(f"window of {window_size(windows):,} records")


def records_axis(ax: Axes, windows: pd.DataFrame) -> None:
    """The same in records, above the axes; a narrow figure has no room for it."""
    if inches(ax) < NARROW:
        return
    size = window_size(windows)
    top = ax.secondary_xaxis("top", functions=(partial(_to_record, size=size), partial(_to_window, size=size)))
    top.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    top.set_xlabel("record", fontsize="small")
    top.tick_params(labelsize="x-small")


def window_size(windows: pd.DataFrame) -> int:
    """How many sequence numbers the first window has."""
    first = windows.iloc[0]
    return max(1, int(first["last_seq"]) - int(first["first_seq"]) + 1)


def fine(windows: pd.DataFrame) -> bool:
    """Whether there are so many windows that marks are drawn smaller."""
    return int(windows["window"].max()) > MANY


def rests_on(run: Run) -> str:
    """What a caption says that a figure over windows rests on."""
    rows = run.windows[run.windows["arm"] == run.arms[0]]
    arms = f"{len(run.arms)} arms" if len(run.arms) > 1 else f"the arm '{run.arms[0]}'"
    return f"{arms} in {len(rows):,} windows with {int(rows['labelled'].sum()):,} labelled records"


def told(run: Run, *, marks: bool = True) -> str:
    """What the marks of events and of the truth are, for a caption; a space before each sentence."""
    words = ""
    if marks and any(event["event"] in MARKS for event in run.events):
        words += " Marks are events of the arm: alarms, fits, and what the gate said."
    if planted(run):
        words += " Grey is where drift was planted; no arm knew of it."
    return words


def inches(ax: Axes) -> float:
    """The width of the figure that they are part of."""
    figure = ax.get_figure(root=True)
    return float(figure.get_figwidth()) if figure is not None else NARROW


def _to_record(window: Any, *, size: int) -> Any:
    return (window + 0.5) * size


def _to_window(record: Any, *, size: int) -> Any:
    return record / size - 0.5
