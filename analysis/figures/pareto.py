"""Quality against cost: what each arm paid, and what it got wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from static_model.metrics import wilson

from .chart import Chart
from .labelled import count_axis, name_points
from .looks import arms_in_order, looks_of
from .style import INK, clean_axes

STEEP = 5.0
"""Where the highest end of an interval is so many times the lowest, errors have a scale of logarithms."""
NEAR = 0.6
"""A baseline is drawn up to so many heights of the arms' range away from it; one farther away is named in words."""


class ParetoChart(Chart):
    """A point for each arm: fits to the right, errors upwards; the best arms are joined."""

    name = "cost-against-quality"
    title = "Errors against fits"
    per_record = True

    def table(self) -> pd.DataFrame:
        """A row per arm and baseline: fits and rows trained, errors per 100 records with their interval, the front.

        `fits` is empty for baselines and for arms that learn record by record, which no number of fits describes.
        """
        summary = self.loaded.summary
        priced, front = summary["price"]["curve"]["totals"], summary["price"]["pareto"]
        rows = []
        for kind, found in (("arm", summary["arms"]), ("baseline", summary["baselines"])):
            for name in arms_in_order(found) if kind == "arm" else found:
                counts, cost = found[name]["counts"], found[name].get("cost", {})
                paid = (cost["fits"], cost["rows"]) if name in priced and kind == "arm" else (None, None)
                errors, records = counts["fp"] + counts["fn"], sum(counts.values())
                low, high = wilson(errors, records) if records else (np.nan, np.nan)
                rate = errors / records if records else np.nan
                on_front = kind == "arm" and name in front
                rows.append((name, kind, *paid, errors, records, 100 * rate, 100 * low, 100 * high, on_front))
        titles = ["name", "kind", "fits", "rows", "errors", "records", "errors_per_100", "low", "high", "front"]
        return pd.DataFrame(rows, columns=titles).astype({"fits": "Int64", "rows": "Int64"})

    @property
    def refusal(self) -> str | None:
        """Without labels nothing is known to be wrong."""
        if self.loaded.summary["labelled"]:
            return None
        return "Errors can't be set against fits: no record of this run has a label yet."

    def caption(self) -> str:
        """What is joined, what the intervals are of, and that a front isn't a price."""
        table = self.table()
        front = table[table["front"]].sort_values("fits", kind="stable")
        stepwise = ", ".join(f"{row.name_} ({row.fits} fits, {row.errors_per_100:.2f})" for row in _named(front))
        others = [f"{row.name_} {row.errors_per_100:.2f}" for row in _named(table[table["kind"] == "baseline"])]
        by_record = table.loc[(table["kind"] == "arm") & table["fits"].isna(), "name"].tolist()
        apart = (
            f" {', '.join(by_record)}: learns record by record and makes no fits, so a dotted line shows its errors."
            if by_record
            else ""
        )
        return (
            f"How many fits each arm paid for, rejected ones too, and how many of 100 records it got wrong, on "
            f"{int(table['records'].max()):,} labelled records. The grey steps join the arms that no other beats in "
            f"both: {stepwise}. Predicting without a model: {', '.join(others)}.{apart} The bars are 95 % Wilson "
            "intervals of each arm by itself. All arms saw the same records, so overlapping bars don't mean that two "
            "arms are equal: the paired difference to static says that. To be on the front doesn't mean to be worth "
            "its fits: that depends on what a fit and an error cost; on another stream the front is another one."
        )

    def _draw(self, ax: Axes) -> None:
        table = self.table()
        arms = table[table["kind"] == "arm"]
        priced, looks = arms[arms["fits"].notna()], looks_of(self.loaded.run.arms)
        clean_axes(ax, grid="both")
        count_axis(ax, int(priced["fits"].max()))
        front = priced[priced["front"]].sort_values(["fits", "errors_per_100"])
        steps = front["fits"].to_numpy(dtype=np.float64), front["errors_per_100"].to_numpy()
        ax.step(*steps, where="post", color="#9A9A9A", linewidth=3.0, alpha=0.6, zorder=1)
        for row in _named(priced):
            look = looks[row.name_]
            bar = [[row.errors_per_100 - row.low], [row.high - row.errors_per_100]]
            ax.errorbar(
                row.fits,
                row.errors_per_100,
                bar,
                color=look.color,
                marker=look.marker or "o",
                markersize=6,
                markerfacecolor=look.color if row.front else "white",
                elinewidth=1.0,
                zorder=3,
            )
        self._set_axes(ax, arms)
        beyond = [_level(ax, row) for row in _named(table[table["fits"].isna()])]
        ax.set_ylabel("errors per 100 records", fontsize="small")
        ax.set_xlabel("\n".join(["fits", *filter(None, beyond)]), fontsize="small")
        points = [(float(row.fits), row.errors_per_100, row.name_) for row in _named(priced)]
        points += [(ax.get_xlim()[1], row.errors_per_100, row.name_) for row in _named(arms[arms["fits"].isna()])]
        name_points(ax, points, height=self.height)

    def _set_axes(self, ax: Axes, arms: pd.DataFrame) -> None:
        low, high = float(arms["low"].min()), float(arms["high"].max())
        ax.set_xlim(-0.5, 1.35 * float(max(1, arms["fits"].max())))
        if (arms["errors"] > 0).all() and high > STEEP * low:
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_minor_locator(NullLocator())
            ax.set_ylim(low / 1.2, high * 1.2)
        else:
            room = max(0.06 * (high - low), 0.02)
            ax.set_ylim(max(low - room, -room), high + room)
            ax.yaxis.set_major_locator(MaxNLocator(7))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _named(table: pd.DataFrame) -> Any:
    """The rows as tuples; the column `name` is called `name_`, as tuples have a `name` of their own in pandas."""
    return table.rename(columns={"name": "name_"}).itertuples(index=False)


def _level(ax: Axes, row: Any) -> str | None:
    """A line for what has no number of fits; where it is too far away, words instead."""
    place = float(ax.transAxes.inverted().transform(ax.transData.transform((0, row.errors_per_100)))[1])
    if row.kind == "baseline" and not -NEAR <= place <= 1 + NEAR:  # also where it is no number on a scale of logarithms
        way = "above" if row.errors_per_100 > ax.get_ylim()[1] else "below"
        return f"{row.name_} ({row.errors_per_100:.2f}) lies {way}"
    ax.axhline(row.errors_per_100, color=INK, linewidth=0.8, linestyle=":" if row.kind == "arm" else (0, (8, 3)))
    if row.kind == "baseline":
        at = (0.99, row.errors_per_100)
        ax.annotate(row.name_, at, (0, 2), ax.get_yaxis_transform(), "offset points", fontsize="x-small", ha="right")
        corners = ax.transAxes.transform([(0, min(0, place - 0.05)), (0, max(1, place + 0.07))])
        ax.set_ylim(*ax.transData.inverted().transform(corners)[:, 1])
    return None
