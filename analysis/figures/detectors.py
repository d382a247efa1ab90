"""How late detectors saw the planted drift, against how often they cried wolf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.measures.episodes import ALWAYS, NEVER
from analysis.measures.measured import TOLERANCE

from .chart import Chart
from .labelled import count_axis, name_points
from .looks import Look, looks_of
from .style import FAINT, INK, clean_axes

LANE = 0.11
"""Of the axes' height, the strip for detectors without a hit."""


class DetectorsChart(Chart):
    """A point for each detector: false alarms to the right, delay upwards; those without a hit above a line."""

    name = "detectors"
    title = "Delay against false alarms"
    per_record = True

    @property
    def _scores(self) -> Sequence[Mapping[str, Any]]:
        scores: Sequence[Mapping[str, Any]] = self.loaded.summary.get("detectors", ())
        return scores

    @property
    def refusal(self) -> str | None:
        """Detectors are scored where the planted drift is known, and where there are any."""
        if self.loaded.run.truth is None:
            return (
                "Detectors aren't scored: it isn't known where this stream drifts. Give the planted drift with "
                "--truth FILE.truth.json, as 'driftduel inject' wrote it."
            )
        if all(score["detector"] in (NEVER, ALWAYS) for score in self._scores):
            return "Detectors aren't scored: no arm of this run follows one."
        return None

    def table(self) -> pd.DataFrame:
        """A row per detector: drifts found and missed, the median delay in windows, false alarms per 1,000 windows.

        `low` and `high` are the ends of the exact 95 % Poisson interval of the latter.
        """
        names = {"false_rate": "false_per_1000", "false_rate_low": "low", "false_rate_high": "high"}
        kept = ["detector", "hits", "missed", "harmless", "delay", "false_episodes", "watched", *names]
        table = pd.DataFrame([{name: score[name] for name in kept} for score in self._scores], columns=kept)
        return table.astype(dict.fromkeys(("delay", *names), "float64")).rename(columns=names)

    def caption(self) -> str:
        """What is to the left and below, and on how little it rests."""
        table = self.table()
        own = table[~table["detector"].isin([NEVER, ALWAYS])]
        said = "; ".join(
            f"{row.detector} found {row.hits} of {row.hits + row.missed}"
            + (f" after {row.delay:g} windows" if row.hits else "")
            + f", {row.false_episodes} false"
            for row in own.itertuples()
        )
        first = table.iloc[0]
        drifts, harmless = first["hits"] + first["missed"], first["harmless"]
        spared = f" {harmless} more did static no harm and count for nothing." if harmless else ""
        plural = "" if drifts == 1 else "s"
        return (
            f"The median delay of the planted drifts that a detector found, in windows, against its false alarms per "
            f"1,000 windows: left and low is good. {said}. It rests on {drifts} drift{plural} that harmed "
            f"static and {first['watched']:,} windows in which an alarm would have been false; an alarm up to {TOLERANCE} "
            f"windows after a drift is complete is a hit.{spared} The bars are exact 95 % intervals. '{NEVER}' and '{ALWAYS}' "
            "look at nothing. Detectors of losses watch the static model here, so that what an arm did about an alarm "
            "plays no part; a detector isn't good because its arm was accurate, and a few drifts of these kinds and "
            "sizes say little about others."
        )

    def _draw(self, ax: Axes) -> None:
        table = self.table().fillna({"false_per_1000": 0.0, "low": 0.0, "high": 0.0})
        clean_axes(ax, grid="both")
        count_axis(ax, 1000)
        ax.set_xlim(-0.15, 1300)
        most = max(4.0, float(table["delay"].max() if table["delay"].notna().any() else 0.0)) * 1.12
        top = most / (1 - LANE)
        ax.set_ylim(-0.04 * top, top)
        ax.axhline(most, color=FAINT, linewidth=1.0)
        ax.text(
            0.99,
            1 - LANE / 2,
            "found none",
            transform=ax.transAxes,
            fontsize="x-small",
            color=INK,
            va="center",
            ha="right",
        )
        ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick < most])
        points, looks = [], self._looks(table["detector"])
        for row, look in zip(table.itertuples(), looks, strict=True):
            height = most + (top - most) / 2 if pd.isna(row.delay) else row.delay
            bars = [[row.false_per_1000 - row.low], [row.high - row.false_per_1000]]
            ax.errorbar(
                row.false_per_1000,
                height,
                xerr=bars,
                color=look.color,
                marker=look.marker or "o",
                markerfacecolor="white" if row.missed else look.color,
                markersize=6,
                elinewidth=1.0,
                zorder=3,
            )
            points.append((row.false_per_1000, height, f"{row.detector}: {row.hits} of {row.hits + row.missed}"))
        ax.set_xlabel("false alarms per 1,000 windows", fontsize="small")
        ax.set_ylabel("median delay, in windows", fontsize="small")
        name_points(ax, points, height=self.height)

    def _looks(self, detectors: Sequence[str]) -> list[Look]:
        """An arm's look for its detector; grey squares for those that look at nothing."""
        arms = looks_of(self.loaded.run.arms)
        blind = Look("#777777", "-", "s", 0)
        return [arms.get(str(name).rpartition(" (")[0], blind) for name in detectors]
