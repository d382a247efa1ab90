"""What hindsight shows: regret to the oracle, over time and over the price of a retrain, and the three causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .chart import Chart
from .labelled import count_axis, name_points
from .looks import arms_in_order, looks_of
from .over_windows import planted, shade, windows_axis
from .style import FAINT, INK, clean_axes, names

CAUSES = {"engine": "another engine", "size": "number of rows", "freshness": "freshness", "total": "in all"}
MARKS = {"engine": "s", "size": "^", "freshness": "o", "total": "D"}
NOT_COMPUTED = "No baselines were computed for this run: 'driftduel experiment' computes them."


class HindsightChart(Chart):
    """A figure of what baselines show; refused where there are none."""

    per_record = True

    @property
    def found(self) -> Mapping[str, Any]:
        """The summary's part on baselines."""
        found: Mapping[str, Any] = self.loaded.summary.get("hindsight", {})
        return found

    @property
    def refusal(self) -> str | None:
        """Without baselines, or with those of a shorter run, there is nothing to draw."""
        if not self.found:
            return NOT_COMPUTED
        if "stale" in self.found:
            return str(self.found["stale"])
        return None if len(self.table()) else self._nothing()

    def _nothing(self) -> str:
        """Why there are baselines, but nothing to draw."""
        reasons = [f"{arm}: {found['reason']}" for arm, found in self.found["arms"].items() if "reason" in found]
        return f"No arm can be set beside an oracle ({'; '.join(reasons) or 'no arm but static'})."

    @property
    def compared(self) -> dict[str, Mapping[str, Any]]:
        """The arms that have an oracle."""
        arms = self.found["arms"]
        return {arm: arms[arm] for arm in arms_in_order(arms) if "regret" in arms[arm]}

    def _beside(self) -> str:
        """Which oracles the arms stand beside, and who isn't bound by them, in words."""
        beats = [arm for arm, found in self.compared.items() if found["beats"]]
        left = [arm for arm, found in self.found["arms"].items() if "reason" in found]
        sets = ", ".join(dict.fromkeys(found["beside"] for found in self.compared.values()))
        every = f" It may retrain after every {self.found['every']} windows." if self.found["every"] > 1 else ""
        return (
            f"The oracle knows the whole stream and chooses when to train on {sets}, on every other record; it is "
            f"scored on the rest, so that it can't fit noise.{every}"
            + (f" {', '.join(beats)} may beat it, for want of a nearer one." if beats else "")
            + (f" Not comparable: {', '.join(left)}." if left else "")
        )


class RegretChart(HindsightChart):
    """Errors more than the oracle's, added up window by window, where retrains are free."""

    name = "regret"
    title = "Regret to the oracle, where retrains are free"

    def table(self) -> pd.DataFrame:
        """A row per arm and window: `regret`, in errors, up to the end of that window."""
        windows = sorted(self.loaded.run.windows["window"].unique())
        rows = [
            (arm, window, behind)
            for arm, found in self.compared.items()
            for window, behind in zip(windows, found["over_time"], strict=False)
        ]
        return pd.DataFrame(rows, columns=["arm", "window", "regret"])

    def caption(self) -> str:
        """What rises and falls, and that nobody could have had the oracle's path."""
        ends = ", ".join(f"{arm} {found['regret'][0]['regret']:,.0f}" for arm, found in self.compared.items())
        return (
            f"How many errors more than the oracle each arm made up to each of {self._windows:,} windows; at the end: "
            f"{ends}. A line rises where the arm was worse than hindsight, and falls where it was better. "
            f"{self._beside()} No policy can know what the oracle knows: regret is no promise that another policy "
            "could have saved as much, and has no interval here; small steps may be luck."
        )

    @property
    def _windows(self) -> int:
        return int(self.loaded.run.windows["window"].nunique())

    def _draw(self, ax: Axes) -> None:
        table, looks = self.table(), looks_of(self.loaded.run.arms)
        shade(ax, planted(self.loaded.run))
        ax.axhline(0, color=INK, linewidth=0.8)
        _lines(ax, table, "window", looks)
        windows_axis(ax, self.loaded.run.windows)
        ax.set_ylabel("errors more than the oracle", fontsize="small")
        ends = table.groupby("arm", sort=False).tail(1)
        points = zip(ends["window"], ends["regret"], ends["arm"], strict=True)
        name_points(ax, [(float(x), y, arm) for x, y, arm in points], height=self.height)


class RegretOverPricesChart(HindsightChart):
    """Cost above the oracle's over the price of a retrain."""

    name = "regret-over-prices"
    title = "Regret to the oracle at each price of a retrain"

    def table(self) -> pd.DataFrame:
        """A row per arm and price: `alpha`, `regret`, the oracle's `gain` over static and the arm's `share` of it."""
        rows = [{"arm": arm, **row} for arm, found in self.compared.items() for row in found["regret"]]
        return pd.DataFrame(rows, columns=["arm", "alpha", "regret", "gain", "share"]).astype({"share": "float64"})

    def caption(self) -> str:
        """What the price is, how many fits are charged, and what isn't said."""
        table = self.table()
        charged = ", ".join(f"{arm} {found['fits']:,}" for arm, found in self.compared.items())
        unsure = table["share"].isna().sum()
        return (
            f"What each arm cost more than the oracle (errors, and the price of a retrain for each of its fits: "
            f"{charged}) if a retrain is worth 0 to {table['alpha'].max():,.0f} errors. {self._beside()} At each price "
            f"the oracle is another one, which retrains less the dearer it is. At {unsure} of {len(table)} points it "
            "isn't sure that the oracle gained anything over static: regret is said there too, a share of the gain "
            "isn't. What a retrain costs in errors is for the reader to say: the figure doesn't know, and a low regret "
            "at one price is none at another."
        )

    def _draw(self, ax: Axes) -> None:
        table, looks = self.table(), looks_of(self.loaded.run.arms)
        clean_axes(ax, grid="both")
        count_axis(ax, float(table["alpha"].max()))
        ax.axhline(0, color=INK, linewidth=0.8)
        _lines(ax, table, "alpha", looks)
        ax.set_yscale("symlog", linthresh=max(10.0, float(table["regret"].abs().max()) / 1000))
        ax.set_xlim(0, float(table["alpha"].max()))
        ax.set_xlabel("price of a retrain, in errors", fontsize="small")
        ax.set_ylabel("cost above the oracle's, in errors", fontsize="small")
        ends = table.groupby("arm", sort=False).tail(1)
        points = zip(ends["alpha"], ends["regret"], ends["arm"], strict=True)
        name_points(ax, [(float(x), y, arm) for x, y, arm in points], height=self.height)


class CausesChart(HindsightChart):
    """Why an arm differs from static: its engine, its number of rows, its freshness; each with its interval."""

    name = "causes"
    title = "Why arms differ from static"

    @property
    def height(self) -> float:
        """Inches: the more arms, the more."""
        return 1.4 + 0.62 * max(1, len(self._known))

    def _nothing(self) -> str:
        causes = self.found["causes"]
        reasons = [f"{arm}: {found.get('reason') or '; '.join(found['reasons'])}" for arm, found in causes.items()]
        return f"The causes of no arm are known ({'; '.join(reasons) or 'no arm but static'})."

    def table(self) -> pd.DataFrame:
        """A row per arm and cause: errors saved per 100 records with the ends of the 95 % interval."""
        rows = [
            (arm, cause, found[cause]["difference"], found[cause]["low"], found[cause]["high"], found["windows"])
            for arm, found in self._known.items()
            for cause in CAUSES
        ]
        return pd.DataFrame(rows, columns=["arm", "cause", "difference", "low", "high", "windows"])

    @property
    def _known(self) -> dict[str, Mapping[str, Any]]:
        causes = self.found["causes"]
        return {arm: causes[arm] for arm in arms_in_order(causes) if causes[arm].get("freshness")}

    def caption(self) -> str:
        """What each cause is measured by, and that it holds where it was measured only."""
        said = "; ".join(
            f"{arm} {found['freshness']['difference']:+.2f} ({found['freshness']['low']:.2f} to "
            f"{found['freshness']['high']:.2f}) in {found['windows']:,} windows"
            for arm, found in self._known.items()
        )
        unknown = [arm for arm in self.found["causes"] if arm not in self._known]
        return (
            "What each arm saved of static's errors, per 100 records, taken apart: another engine (static's rows, the "
            "arm's learner), the number of rows (as many static rows as the arm trained on) and freshness (rows of the "
            f"stream). The three add up to the difference in all. Freshness: {said}. The bars are 95 % intervals for "
            "this stream; right of the line the arm errs less. Compared are only windows in which the arm ran another "
            "model than static, so the sums are not those of the whole stream, and one stream says nothing about "
            f"others.{' Not known: ' + ', '.join(unknown) + '.' if unknown else ''}"
        )

    def _draw(self, ax: Axes) -> None:
        table = self.table()
        arms = list(dict.fromkeys(table["arm"]))
        clean_axes(ax, grid="x")
        ax.axvline(0, color=INK, linewidth=0.8)
        for cause, shift in zip(CAUSES, (-0.27, -0.09, 0.09, 0.27), strict=True):
            rows = table[table["cause"] == cause]
            at = np.array([arms.index(arm) for arm in rows["arm"]]) + shift
            bars = np.abs(rows[["low", "high"]].to_numpy() - rows[["difference"]].to_numpy()).T
            colour = "#000000" if cause == "total" else INK if cause == "freshness" else "#777777"
            fill = colour if cause in ("freshness", "total") else "white"
            ax.errorbar(
                rows["difference"].to_numpy(),
                at,
                xerr=bars,
                fmt=MARKS[cause],
                color=colour,
                markerfacecolor=fill,
                markersize=5,
                elinewidth=1.1,
                capsize=2,
            )
        for place in range(1, len(arms)):
            ax.axhline(place - 0.5, color=FAINT, linewidth=0.6)
        ax.set_yticks(range(len(arms)), names(arms, most=22), fontsize="x-small")
        ax.set_ylim(len(arms) - 0.5, -0.5)
        ax.set_xlabel("errors saved per 100 records", fontsize="small")
        _name_causes(ax)


def _name_causes(ax: Axes) -> None:
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=MARKS[cause],
            markersize=5,
            label=words,
            color="#777777" if cause in ("engine", "size") else INK,
            markerfacecolor="white" if cause in ("engine", "size") else INK,
        )
        for cause, words in CAUSES.items()
    ]
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=4,
        frameon=False,
        fontsize="x-small",
        borderpad=0.1,
        handletextpad=0.1,
        columnspacing=0.9,
    )


def _lines(ax: Axes, table: pd.DataFrame, x: str, looks: Mapping[str, Any]) -> None:
    for arm, rows in table.groupby("arm", sort=False):
        ax.plot(rows[x].to_numpy(), rows["regret"].to_numpy(), **looks[str(arm)].drawn(len(rows)), zorder=3)
