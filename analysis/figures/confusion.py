"""Confusion counts over time: how the classes were judged, and which errors every arm made."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from .chart import Chart
from .lanes import Lane, Lanes, lanes_height
from .looks import looks_of
from .over_windows import planted, rests_on, shade, told, truth_handle, windows_axis
from .style import INK, legend

Floats = npt.NDArray[np.float64]

STACKED = 2
"""So many arms are stacked whole; the errors of the others fit into lower lanes."""
AREAS: dict[str, dict[str, Any]] = {
    "tp": {"facecolor": "#9AD0F0", "label": "true positives"},
    "fn": {"facecolor": "#0072B2", "label": "false negatives (missed)"},
    "fp": {"facecolor": "#E69F00", "label": "false positives (false alarms)"},
    "tn": {"facecolor": "#F2F2F2", "label": "true negatives"},
}
"""From the bottom up: class 1, then class 0, with the errors in the middle; neighbours differ in grey print too."""


class ConfusionChart(Chart):
    """The four counts of the first two arms as stacks, and the errors of every arm: false alarms up, misses down."""

    name = "confusion"
    title = "Confusion counts per window"

    @cached_property
    def _arms(self) -> list[str]:
        return list(looks_of(self.loaded.run.arms))

    @property
    def refusal(self) -> str | None:
        """Where no record is labelled."""
        return None if self.loaded.run.windows["labelled"].sum() else "no record is labelled"

    @property
    def height(self) -> float:
        """Inches."""
        return lanes_height(len(self._arms) + 2 * len(self._arms[:STACKED]), least=0.5, most=0.9, room=0.9)

    def table(self) -> pd.DataFrame:
        """`window`, `arm`, `labelled`, `tp`, `fp`, `tn` and `fn`, as they stand in the tracker."""
        return self.loaded.run.windows[["window", "arm", "labelled", "tp", "fp", "tn", "fn"]]

    def caption(self) -> str:
        """What is stacked, what the lower lanes are, and what the counts don't say."""
        run = self.loaded.run
        stacked = " and ".join(f"'{arm}'" for arm in self._arms[:STACKED])
        sums = self.table().loc[lambda rows: rows["arm"] == run.arms[0], ["tp", "fp", "tn", "fn"]].sum()
        share = (sums["tp"] + sums["fn"]) / max(int(sums.sum()), 1)
        return (
            f"Counts of {rests_on(run)}. Above, all records of {stacked}, stacked: class 1 below, class 0 on top, and "
            "the errors in the middle. Below, the errors of every arm on one scale: false alarms upwards, misses "
            f"downwards. In all, {share:.1%} of the records are of class 1. Counts follow how many records of a class "
            "come: where there are few attacks few can be missed, so a thinner band is no better model. What an error "
            f"costs they don't say.{told(run, marks=False)}"
        )

    def _draw(self, ax: Axes) -> None:
        counts = [self._counts(arm) for arm in self._arms]
        whole = self._arms[:STACKED]
        most = float(self.loaded.run.windows["labelled"].max())
        up, down = (max(1.0, *(float(found[kind].max()) for found in counts)) for kind in ("fp", "fn"))
        stacks = [Lane(f"{arm}: all records", 0.0, most, share=2.0) for arm in whole]
        lanes = Lanes(ax, [*stacks, *(Lane(f"{arm}: errors", -down, up, absolute=True) for arm in self._arms)])
        shade(ax, planted(self.loaded.run))
        windows = self.loaded.run.windows["window"].unique()
        for kind, (low, high) in _stack(counts[: len(whole)]).items():
            _fill(ax, lanes.areas(windows, low, high), kind)
        zero = [np.zeros(len(windows))] * len(counts)
        _fill(ax, lanes.areas(windows, zero, [found["fp"] for found in counts], first=len(whole)), "fp")
        _fill(ax, lanes.areas(windows, [-found["fn"] for found in counts], zero, first=len(whole)), "fn")
        for number in range(len(counts)):
            ax.axhline(float(lanes.to_axis(len(whole) + number, 0.0)), color=INK, linewidth=0.4, zorder=3)
        windows_axis(ax, self.loaded.run.windows)
        ax.set_ylabel("records of a window")
        handles = [Patch(**look, edgecolor=INK, linewidth=0.3) for look in AREAS.values()][::-1]
        legend(ax, [*handles, truth_handle()] if planted(self.loaded.run) else handles, below=2)

    def _counts(self, arm: str) -> dict[str, Floats]:
        rows = self.loaded.run.windows[self.loaded.run.windows["arm"] == arm]
        return {kind: rows[kind].to_numpy(dtype=np.float64) for kind in AREAS}


def _stack(counts: list[dict[str, Floats]]) -> dict[str, tuple[list[Floats], list[Floats]]]:
    """The lower and the upper edges of each area, for each arm."""
    edges = [np.cumsum([np.zeros(len(found["tp"])), *(found[kind] for kind in AREAS)], axis=0) for found in counts]
    return {kind: ([e[at] for e in edges], [e[at + 1] for e in edges]) for at, kind in enumerate(AREAS)}


def _fill(ax: Axes, area: tuple[Floats, Floats, Floats], kind: str) -> None:
    look = {key: value for key, value in AREAS[kind].items() if key != "label"}
    ax.fill_between(*area, **look, linewidth=0.0, zorder=-1 if kind == "tn" else 2)
