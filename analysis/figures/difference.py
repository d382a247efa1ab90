"""What each arm saves against static: in every window, and summed up so far."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from analysis.measures.differences import outside, paired_windows, saved_so_far, window_differences

from .chart import Chart
from .labelled import spread
from .lanes import Lane, Lanes, axes_height, lanes_height
from .looks import looks_of
from .over_windows import inches, planted, rests_on, shade, told, truth_handle, windows_axis
from .style import INK, NARROW, legend, plain, short_number

if TYPE_CHECKING:
    from analysis.loaded import LoadedRun

_PEEKING = (
    "The interval holds at one window that was chosen beforehand: whoever watches the curve and stops where it looks "
    "best will find a difference where there is none."
)
NAME = 0.13
"""Inches that a name at a line's end needs."""
ROOM = 0.25
"""Beyond the differences themselves a lane shows so much of their range; longer intervals are cut."""


class _Paired(Chart):
    """What is held against the run's first arm, record by record."""

    per_record = True

    def __init__(self, loaded: LoadedRun) -> None:
        super().__init__(loaded)
        self._looks = looks_of(loaded.run.arms)
        self._reference = loaded.run.arms[0]
        self._arms = [arm for arm in self._looks if arm != self._reference]

    @property
    def refusal(self) -> str | None:
        """Where there is one arm only, or no label."""
        if not self._arms:
            return f"the run has no arm beside '{self._reference}' to compare"
        return None if self.loaded.run.windows["labelled"].sum() else "no record is labelled"

    @cached_property
    def _paired(self) -> pd.DataFrame:
        windows = self.loaded.run.windows["window"].unique().tolist()
        return paired_windows(self.loaded.outcomes.wrong, reference=self._reference, windows=windows)


class DifferenceChart(_Paired):
    """Errors saved per 100 records in each window, a lane for each arm."""

    name = "difference"
    title = "Errors saved against static, per window"

    @property
    def height(self) -> float:
        """Inches."""
        return lanes_height(len(self._arms), room=0.9)

    @cached_property
    def _numbers(self) -> pd.DataFrame:
        return window_differences(self._paired)

    def table(self) -> pd.DataFrame:
        """As from `analysis.measures.differences.window_differences`."""
        return self._numbers

    def caption(self) -> str:
        """What the interval is, how many exclude 0, and what one must not conclude."""
        shares = {arm: outside(self._numbers[self._numbers["arm"] == arm]) for arm in self._arms}
        most = max(shares, key=lambda arm: -1.0 if np.isnan(shares[arm]) else shares[arm])
        return (
            f"Errors of '{self._reference}' minus errors of each other arm, per 100 labelled records, in each window: "
            f"{rests_on(self.loaded.run)}. Above 0 the arm is better. Bands are 95 % normal intervals of the paired "
            "difference; their variance is that of the records around their window's mean, robust to dependence "
            f"between neighbours. At most {shares[most]:.0%} of an arm's windows ('{most}') exclude 0; chance alone "
            "gives about 5 %, so single windows prove nothing. With a handful of records that two arms judge "
            f"differently the band is too narrow, and without any it has no width.{told(self.loaded.run, marks=False)}"
        )

    def _draw(self, ax: Axes) -> None:
        limits = _limits(self._numbers["difference"].to_numpy())
        lanes = Lanes(ax, [Lane(arm, *limits) for arm in self._arms])
        shade(ax, planted(self.loaded.run))
        for number, arm in enumerate(self._arms):
            rows, look = self._numbers[self._numbers["arm"] == arm], self._looks[arm]
            low, high = (lanes.to_axis(number, rows[end]) for end in ("low", "high"))
            ax.axhline(float(lanes.to_axis(number, 0.0)), color=INK, linewidth=0.6, zorder=2)
            ax.fill_between(rows["window"], low, high, color=look.color, alpha=0.3, linewidth=0, zorder=2)
            ax.plot(
                rows["window"], lanes.to_axis(number, rows["difference"]), color=look.color, linewidth=1.0, zorder=3
            )
        windows_axis(ax, self.loaded.run.windows)
        ax.set_ylabel("errors saved per 100 records")
        handles: list[Artist] = [Line2D([], [], color=INK, linewidth=0.6, label=f"as {self._reference}")]
        handles += [Patch(color="#000000", alpha=0.3, linewidth=0, label="95 % interval")]
        legend(ax, [*handles, truth_handle()] if planted(self.loaded.run) else handles)


class SavedChart(_Paired):
    """Errors saved so far, all arms on the same axes, each named at its end."""

    name = "saved"
    title = "Errors saved against static so far"

    @cached_property
    def _numbers(self) -> pd.DataFrame:
        return saved_so_far(self._paired)

    def table(self) -> pd.DataFrame:
        """As from `analysis.measures.differences.saved_so_far`."""
        return self._numbers

    def caption(self) -> str:
        """What adds up, how sure it is, and why one must not stop where it looks best."""
        last = self._numbers.groupby("arm", sort=False).last()
        best = last["saved"].idxmax()
        return (
            f"Errors of '{self._reference}' minus errors of each other arm, summed up from the first window on: "
            f"{rests_on(self.loaded.run)}. A line that rises says that the arm is better just then, a level one that "
            f"it is as good. In the end '{best}' has saved the most: {int(last.loc[best, 'saved']):,} errors (95 % "
            f"interval {last.loc[best, 'low']:,.0f} to {last.loc[best, 'high']:,.0f}), on this stream with these "
            "models. Bands are pointwise 95 % intervals of the paired difference, its variance as in the verdict. "
            f"{_PEEKING} The best of several arms looks better than it is.{told(self.loaded.run, marks=False)}"
        )

    def _draw(self, ax: Axes) -> None:
        shade(ax, planted(self.loaded.run))
        ax.axhline(0.0, color=INK, linewidth=0.6, zorder=2)
        ends = {}
        for arm in self._arms:
            rows, look = self._numbers[self._numbers["arm"] == arm], self._looks[arm]
            ax.fill_between(
                rows["window"], rows["low"], rows["high"], color=look.color, alpha=0.14, linewidth=0, zorder=1
            )
            ax.plot(rows["window"], rows["saved"], **look.drawn(len(rows)), zorder=3)
            ends[arm] = float(rows["saved"].iloc[-1])
        windows_axis(ax, self.loaded.run.windows)
        ax.yaxis.set_major_formatter(FuncFormatter(short_number))
        ax.set_ylabel("errors saved so far")
        ax.margins(y=0.03)
        self._name_ends(ax, ends)

    def _name_ends(self, ax: Axes, ends: dict[str, float]) -> None:
        """The arms' names to the right of the axes, each as near to its line's end as the others leave room."""
        low, high = ax.get_ylim()
        ends = {arm: (end - low) / (high - low) for arm, end in ends.items()}
        heights = spread(list(ends.values()), gap=NAME / axes_height(ax))
        for arm, height in zip(ends, heights, strict=True):
            color = self._looks[arm].color
            ax.annotate(
                plain(arm, most=40 if inches(ax) >= NARROW else 24),
                (1.0, ends[arm]),
                (1.035, height),
                xycoords="axes fraction",
                textcoords="axes fraction",
                fontsize="x-small",
                va="center",
                annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-",
                    "color": color,
                    "linewidth": 0.7,
                    "shrinkA": 1,
                    "shrinkB": 0,
                    "relpos": (0, 0.5),
                },
            )


def _limits(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    low, high = min(float(np.nanmin(values)), 0.0), max(float(np.nanmax(values)), 0.0)
    room = max(ROOM * (high - low), 0.5)
    return low - room, high + room
