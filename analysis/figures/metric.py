"""A metric of every arm in every window, with its band, events and planted truth."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.measures.bands import COUNTED, RESAMPLES
from analysis.measures.per_window import metric_table, scored_windows
from analysis.runs import Run
from static_model.card import SHOWN
from static_model.metrics import METRICS, RATES

from .chart import Chart
from .lanes import Lane, Lanes, lanes_height
from .looks import Look, looks_of
from .over_windows import (
    MARKS,
    event_handles,
    fine,
    mark,
    planted,
    records_axis,
    rests_on,
    shade,
    told,
    truth_handle,
    windows_axis,
    windows_of,
)
from .strip import ROW, draw_strip, strip_rows
from .style import INK, legend, plain

LIMITS = {"mcc": (-1.0, 1.0), "log_loss": (0.0, np.inf)}
FEW = 4
"""Up to so many arms are curves on the same axes; more have a lane each, with static behind."""
_EACH = ", each record predicted before it is learned from"
_NO_BANDS = "There are no bands here: they take each record's predictions, and those are lost."
_ROWS = {"drift": 0, "retrain": 1, "promoted": 2, "rejected": 2}


class MetricChart(Chart):
    """One metric of all arms over the windows. A subclass for each metric is in `METRIC_CHARTS`.

    Attributes:
        metric: one of `static_model.metrics.METRICS`.
    """

    metric: str

    @cached_property
    def _numbers(self) -> pd.DataFrame:
        loaded = self.loaded
        return metric_table(
            loaded.run.windows,
            self.metric,
            scored=None if loaded.counts_only else lambda: scored_windows(loaded.entries(), loaded.dataset.label_name),
        )

    @property
    def _shown(self) -> str:
        return SHOWN.get(self.metric, self.metric)

    @cached_property
    def _looks(self) -> dict[str, Look]:
        return looks_of(self.loaded.run.arms)

    @property
    def refusal(self) -> str | None:
        """Where no window has the metric."""
        if self.loaded.run.windows[self.metric].isna().all():
            return f"{self._shown} is undefined in every window"
        return None

    @property
    def height(self) -> float:
        """Inches: of the curves and the strip, or of the lanes."""
        return 4.2 + self._below if len(self._looks) <= FEW else lanes_height(len(self._looks) - 1, room=1.1)

    @property
    def _below(self) -> float:
        rows = strip_rows(self.loaded.run, self._looks)
        return ROW * rows + 0.12 if rows else 0.0

    def table(self) -> pd.DataFrame:
        """As from `analysis.measures.per_window.metric_table`."""
        return self._numbers

    def caption(self) -> str:
        """What is drawn, what the band rests on, and what one must not conclude."""
        table, run = self._numbers, self.loaded.run
        undefined = int(table[self.metric].isna().sum())
        gaps = f" It is undefined, and empty, in {undefined:,} of {len(table):,} windows of arms." * bool(undefined)
        return (
            f"{_capital(self._shown)} of {rests_on(run)}, each record predicted before it is learned from.{gaps} "
            f"{_band_words(self.metric) if self._banded else _NO_BANDS}{told(run)} Bands that overlap don't make two "
            "arms equal, as both read the same records: the paired difference judges that. With many windows some "
            "stand out by chance, so pick none of them by eye."
        )

    def _draw(self, ax: Axes) -> None:
        if len(self._looks) <= FEW:
            self._curves(ax)
            for arm, look in self._looks.items():
                values = self._of(arm).set_index("window")[self.metric].dropna()
                for kind in MARKS:
                    at = [window for window in windows_of(self.loaded.run, arm, kind) if window in values.index]
                    if at:
                        mark(ax, at, values[at].tolist(), kind, look.color, small=fine(self._numbers))
            self._legend(ax, events=True)
        else:
            self._lanes(ax)

    def _fill(self, figure: Figure) -> Axes:
        """With few arms, events have a strip of their own below the curves."""
        if len(self._looks) > FEW or not self._below:
            ax: Axes = figure.subplots()
            self._draw(ax)
            return ax
        curves: Axes
        strip: Axes
        curves, strip = figure.subplots(
            2, 1, sharex=True, height_ratios=[4.0, self._below], gridspec_kw={"hspace": 0.02}
        )
        self._curves(curves)
        draw_strip(strip, self.loaded.run, self._looks)
        strip.set_xlabel(curves.get_xlabel())
        curves.set_xlabel("")
        curves.tick_params(labelbottom=False)
        self._legend(curves, events=False)
        return curves

    def _of(self, arm: str) -> pd.DataFrame:
        return self._numbers[self._numbers["arm"] == arm]

    def _curves(self, ax: Axes) -> None:
        shade(ax, planted(self.loaded.run))
        for arm, look in self._looks.items():
            rows = self._of(arm)
            windows = rows["window"].to_numpy()
            ax.fill_between(windows, rows["low"], rows["high"], color=look.color, alpha=0.16, linewidth=0, zorder=1)
            top = arm != "static"
            ax.plot(windows, rows[self.metric], **look.drawn(len(rows), width=1.5 if top else 1.8), zorder=2 + top)
        if self.refusal is not None:
            ax.text(0.5, 0.5, self.refusal, transform=ax.transAxes, ha="center")
        windows_axis(ax, self._numbers)
        records_axis(ax, self._numbers)
        ax.set_ylabel(self._shown)
        ax.set_ylim(*_y_limits(self._numbers[[self.metric, "low", "high"]].to_numpy(), self.metric))

    @property
    def _banded(self) -> bool:
        return bool(self._numbers["low"].notna().any())

    def _band_handle(self, color: str, alpha: float) -> list[Artist]:
        return [Patch(color=color, alpha=alpha, linewidth=0, label=_band_name(self.metric))] * self._banded

    def _legend(self, ax: Axes, *, events: bool) -> None:
        """Beside the data; the rows of a strip bear their own names."""
        handles: list[Artist] = [Line2D([], [], **look.drawn(2), label=plain(arm)) for arm, look in self._looks.items()]
        handles += self._band_handle("#000000", 0.16)
        run = self.loaded.run
        if events:
            handles += event_handles([kind for kind in MARKS if any(e["event"] == kind for e in run.events)], INK)
        legend(ax, [*handles, truth_handle()] if planted(run) else handles)

    def _lanes(self, ax: Axes) -> None:
        run, arms = self.loaded.run, [arm for arm in self._looks if arm != self.loaded.run.arms[0]]
        limits = _y_limits(self._numbers[[self.metric, "low", "high"]].to_numpy(), self.metric)
        lanes = Lanes(ax, [Lane(arm, *limits) for arm in arms], foot=any(e["event"] in MARKS for e in run.events))
        shade(ax, planted(run))
        reference = self._of(run.arms[0])
        for number, arm in enumerate(arms):
            rows, look = self._of(arm), self._looks[arm]
            low, high = (lanes.to_axis(number, rows[end]) for end in ("low", "high"))
            ax.fill_between(rows["window"], low, high, color=look.color, alpha=0.3, linewidth=0, zorder=2)
            ax.plot(
                reference["window"], lanes.to_axis(number, reference[self.metric]), color=INK, linewidth=0.6, zorder=2
            )
            ax.plot(rows["window"], lanes.to_axis(number, rows[self.metric]), color=look.color, linewidth=1.0, zorder=3)
        for kind, row in _ROWS.items():
            found = [(at, lanes.foot(n, row)) for n, arm in enumerate(arms) for at in windows_of(run, arm, kind)]
            if found:
                x, y = zip(*found, strict=True)
                ax.scatter(x, y, s=7, color=INK, marker=MARKS[kind][1], linewidths=0.4, zorder=4)
        windows_axis(ax, self._numbers)
        ax.set_ylabel(self._shown)
        legend(ax, _lane_handles(run, self._band_handle("#0072B2", 0.3)))


def _lane_handles(run: Run, band: list[Artist]) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=INK, linewidth=0.8, label=run.arms[0]),
        Line2D([], [], color="#0072B2", linewidth=1.4, label="the arm"),
        *band,
        *event_handles([kind for kind in MARKS if any(e["event"] == kind for e in run.events)], INK),
    ]
    return [*handles, truth_handle()] if planted(run) else handles


def _y_limits(values: npt.NDArray[np.float64], metric: str) -> tuple[float, float]:
    """As tight as the curves and bands allow, within what the metric can be."""
    least, most = LIMITS.get(metric, (0.0, 1.0))
    if np.isnan(values).all():
        return 0.0, 1.0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = max(0.05 * (high - low), 0.005)
    # Half the room beyond the possible keeps a curve at 1.0 from being cut by the frame.
    return max(low - room, least - room / 2), min(high + room, most + room / 2)


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _band_name(metric: str) -> str:
    return f"95 % {'Wilson' if metric in RATES else 'bootstrap'} band"


def _band_words(metric: str) -> str:
    if metric in RATES:
        return "The bands are Wilson's 95 % intervals on the metric's own denominator."
    what = "counts" if metric in COUNTED else "records"
    return f"The bands are 95 % percentile intervals of {RESAMPLES} bootstrap resamples of the window's {what}."


METRIC_CHARTS: Mapping[str, type[MetricChart]] = {
    metric: type(
        f"MetricChart[{metric}]",
        (MetricChart,),
        {
            "__doc__": f"`{metric}` of all arms over the windows.",
            "name": metric,
            "title": f"{_capital(SHOWN.get(metric, metric))} per window{_EACH}",
            "metric": metric,
        },
    )
    for metric in METRICS
}
"""The chart of each metric."""
