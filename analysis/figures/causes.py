"""Why arms differ from static: the three causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .hindsight import HindsightChart
from .looks import arms_in_order
from .style import FAINT, INK, clean_axes, names

CAUSES = {"engine": "another engine", "size": "number of rows", "freshness": "freshness", "total": "in all"}
MARKS = {"engine": "s", "size": "^", "freshness": "o", "total": "D"}


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
