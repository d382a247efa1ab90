"""Pictures of a run, without matplotlib's global state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib.ticker
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.runs import metric_table
from online.files import replace_file
from static_model.card import SHOWN
from static_model.metrics import RATES

from .style import LOOKS

LIMITS = {"mcc": (-1.0, 1.0), "log_loss": (0.0, np.inf)}

MARKS = {
    "drift": ("alarm", "v", 34),
    "retrain": ("retrained", "o", 22),
    "promoted": ("promoted", "*", 64),
    "rejected": ("rejected", "x", 12),
}
TRUTH = "#B0B0B0"
MANY = 150
"""From so many windows on, lines and marks are drawn finer."""


def plot_metric(
    frame: pd.DataFrame,
    metric: str,
    events: Sequence[Mapping[str, Any]],
    truth: Mapping[str, Any] | None,
    *,
    path: Path,
) -> None:
    """Draw one metric of all arms over the windows, and write its numbers beside it.

    Writes `path` (PNG, 150 dpi, the same bytes for the same run on one machine) and the same name with
    `.csv`, each by temporary file and rename.

    Args:
        frame: the tracker, as in `runs.Run.windows`.
        metric: one of `static_model.metrics.METRICS`. Rates get 95 % Wilson bands on their own denominators.
        events: the run's events; a strip below the curves shows them, one row for each arm that has any.
        truth: the planted truth, shaded where known.
        path: the PNG to write.
    """
    numbers = metric_table(frame, metric)
    looks = dict(zip(_in_order(numbers["arm"].unique()), cycle(LOOKS)))
    spans = _spans(truth["drifts"] if truth else [], frame)
    rows = [(arm, kind) for arm in looks for kind in MARKS if _windows_of(events, arm, kind)]
    figure, curves, strip = _canvas(bool(spans) + len(rows))
    for ax in filter(None, (curves, strip)):
        _shade(ax, spans)
    for arm, look in looks.items():
        _draw_arm(curves, numbers[numbers["arm"] == arm], metric, look, on_top=arm != "static")
    _set_axes(curves, numbers, metric)
    if strip:
        _draw_strip(strip, rows, spans, events, looks)
        curves.tick_params(labelbottom=False)
    (strip or curves).set_xlabel(f"window of {_window_size(frame):,} records")
    _legend(curves, looks, planted=bool(spans), bands=metric in RATES)
    with replace_file(path) as file:
        # A version number in the file would change its bytes with every release of matplotlib.
        figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
    with replace_file(path.with_suffix(".csv")) as file:
        file.write(numbers.to_csv(index=False, lineterminator="\n").encode())


def _in_order(arms: Iterable[str]) -> list[str]:
    """Static and dynamic first, so that they look the same in every figure."""
    return sorted(arms, key=lambda arm: (arm != "static", arm != "dynamic", arm))


def _windows_of(events: Sequence[Mapping[str, Any]], arm: str, kind: str) -> list[int]:
    return [event["window"] for event in events if event["arm"] == arm and event["event"] == kind]


def _canvas(rows: int) -> tuple[Figure, Axes, Axes | None]:
    """A figure with room for the curves and, below, a strip of that many rows."""
    below = 0.17 * rows + 0.12
    figure = Figure(figsize=(9.0, 4.2 + (below if rows else 0.0)), layout="constrained")
    FigureCanvasAgg(figure)
    if not rows:
        return figure, figure.add_subplot(), None
    grid = figure.add_gridspec(2, 1, height_ratios=[3.2, below], hspace=0.02)
    curves = figure.add_subplot(grid[0])
    return figure, curves, figure.add_subplot(grid[1], sharex=curves)


def _spans(drifts: Sequence[Mapping[str, Any]], frame: pd.DataFrame) -> list[tuple[float, float, str]]:
    """Where each planted drift starts and ends, in windows; window k reaches from k - 0.5 to k + 0.5."""
    windows = frame.drop_duplicates("window")
    seqs = [*windows["first_seq"], int(windows["last_seq"].iloc[-1]) + 1]
    edges = [*(windows["window"] - 0.5), float(windows["window"].iloc[-1]) + 0.5]
    return [
        (
            float(np.interp(drift["start"], seqs, edges)),
            float(np.interp(drift["end"], seqs, edges)),
            f"{drift['kind']} ({drift['shape']})",
        )
        for drift in drifts
        if drift["start"] <= seqs[-1]
    ]


def _shade(ax: Axes, spans: Sequence[tuple[float, float, str]]) -> None:
    for start, end, _ in spans:
        ax.axvspan(start, end, facecolor=TRUTH, alpha=0.4, linewidth=0, zorder=0)
        for edge in {start, end}:  # an abrupt change has no width to be shaded
            ax.axvline(edge, color=TRUTH, linewidth=1.6, zorder=0)


def _draw_arm(ax: Axes, numbers: pd.DataFrame, metric: str, look: tuple[str, Any], *, on_top: bool) -> None:
    color, style = look
    windows = numbers["window"].to_numpy()
    width = 1.5 if len(windows) <= MANY else 1.0
    ax.plot(
        windows,
        numbers[metric].to_numpy(),
        color=color,
        linestyle=style,
        linewidth=width if on_top else width + 0.3,
        marker="" if len(windows) > 1 else "o",
        zorder=3 if on_top else 2,
    )
    low, high = numbers["low"].to_numpy(), numbers["high"].to_numpy()
    ax.fill_between(windows, low, high, color=color, alpha=0.16, linewidth=0, zorder=1)


def _set_axes(ax: Axes, numbers: pd.DataFrame, metric: str) -> None:
    name = SHOWN.get(metric, metric)
    ax.set_title(f"{name[0].upper()}{name[1:]} per window, each record predicted before it is learned from", loc="left")
    ax.set_ylabel(name)
    ax.set_ylim(*_y_limits(numbers[[metric, "low", "high"]].to_numpy(), metric))
    ax.set_xlim(-0.5, float(numbers["window"].max()) + 0.5)
    ax.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, nbins=12, steps=[1, 2, 5, 10]))
    ax.grid(axis="y", color="#E4E4E4", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines["right"].set_visible(False)
    if numbers[metric].isna().all():
        ax.text(0.5, 0.5, f"{name} is undefined in every window", transform=ax.transAxes, ha="center")
    size = _window_size(numbers)
    top = ax.secondary_xaxis("top", functions=(partial(_to_record, size=size), partial(_to_window, size=size)))
    top.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    top.set_xlabel("record", fontsize="small")
    top.tick_params(labelsize="small")


def _to_record(window: Any, *, size: int) -> Any:
    return (window + 0.5) * size


def _to_window(record: Any, *, size: int) -> Any:
    return record / size - 0.5


def _y_limits(values: npt.NDArray[np.float64], metric: str) -> tuple[float, float]:
    """As tight as the curves and bands allow, within what the metric can be."""
    least, most = LIMITS.get(metric, (0.0, 1.0))
    if np.isnan(values).all():
        return 0.0, 1.0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = max(0.05 * (high - low), 0.005)
    # Half the room beyond the possible keeps a curve at 1.0 from being cut by the frame.
    return max(low - room, least - room / 2), min(high + room, most + room / 2)


def _draw_strip(
    ax: Axes,
    rows: Sequence[tuple[str, str]],
    spans: Sequence[tuple[float, float, str]],
    events: Sequence[Mapping[str, Any]],
    looks: Mapping[str, tuple[str, Any]],
) -> None:
    """A row for the planted drifts, and one for each arm and kind of event, from the top down."""
    last = ax.get_xlim()[1]
    first = {words: start for start, _, words in reversed(spans)}
    for start, end, words in spans:
        if words.endswith("(recurring)") and start != first[words]:
            continue  # told once, at its first turn
        at, side = (start, "right") if end > 0.82 * last else (end, "left")
        shift = (-4 if side == "right" else 4, 0)
        ax.annotate(words, (at, 0), shift, textcoords="offset points", ha=side, va="center", fontsize="small")
    labels = ["planted drift"] if spans else []
    for y, (arm, kind) in enumerate(rows, start=len(labels)):
        _mark(ax, _windows_of(events, arm, kind), y, kind, looks[arm][0], small=last > MANY)
        labels.append(f"{arm}: {MARKS[kind][0]}")
    ax.set_ylim(len(labels) - 0.3, -0.7)
    ax.set_yticks(range(len(labels)), labels, fontsize="small")
    ax.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def _mark(ax: Axes, windows: Sequence[int], y: int, kind: str, color: str, *, small: bool) -> None:
    _, marker, size = MARKS[kind]
    edges: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.4} if marker != "x" else {"linewidths": 1.0}
    area = size * (0.6 if small else 1.0)
    ax.scatter(windows, [y] * len(windows), s=area, color=color, marker=marker, zorder=3, clip_on=False, **edges)


def _legend(ax: Axes, looks: Mapping[str, tuple[str, Any]], *, planted: bool, bands: bool) -> None:
    """One legend to the right of the data; the rows of the strip bear their own names."""
    handles: list[Any] = [
        Line2D([], [], color=color, linestyle=style, linewidth=1.6, label=arm) for arm, (color, style) in looks.items()
    ]
    if bands:
        handles.append(Patch(color="#000000", alpha=0.16, linewidth=0, label="95 % Wilson band"))
    if planted:
        handles.append(Patch(facecolor="#DFDFDF", edgecolor=TRUTH, linewidth=1.6, label="planted drift"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")


def _window_size(frame: pd.DataFrame) -> int:
    first = frame.iloc[0]
    return max(1, int(first["last_seq"]) - int(first["first_seq"]) + 1)
