"""What several runs found, arm by arm: each run's difference to static, and the mean over them where one is claimed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from .chart import Picture
from .looks import arms_in_order, looks_of
from .style import FAINT, INK, clean_axes, plain

ROW = 0.24
"""Inches that a row takes."""


class Forest(Picture):
    """Errors saved per 100 records: a row per run and arm with its interval, then what the runs say together."""

    name = "saved-by-run"
    title = "Errors saved per 100 records, run by run"

    def __init__(self, comparison: Mapping[str, Any]) -> None:
        self.comparison = comparison

    @property
    def height(self) -> float:
        """Inches: of the rows, and what stands around them."""
        return 1.4 + ROW * len(self.table())

    @property
    def refusal(self) -> str | None:
        """Without two arms on labelled records there is no difference."""
        return None if len(self.table()) else "No run holds an arm against static on labelled records."

    def table(self) -> pd.DataFrame:
        """A row per arm and run: the difference, its interval, and the run; `together` for what is claimed of all."""
        rows = []
        claims = self.comparison["claims"]
        found = {arm["arm"]: None for run in self.comparison["runs"].values() for arm in run["arms"]}
        for arm in arms_in_order(found):
            for name, run in self.comparison["runs"].items():
                rows += [(arm, name, *_values(one)) for one in run["arms"] if one["arm"] == arm and _there(one)]
            if arm in claims and claims[arm]["low"] is not None:
                rows.append((arm, "together", *_values(claims[arm])))
        return pd.DataFrame(rows, columns=["arm", "run", "difference", "low", "high"])

    def caption(self) -> str:
        """What each row rests on, and that rows of one stream aren't evidence for another."""
        apart = ", ".join(self.comparison["apart"])
        said = f" Set apart, and in no mean: {apart}." if apart else ""
        claimed = [
            f"{arm} over {one['units']} {one['unit']}"
            for arm, one in self.comparison["claims"].items()
            if one["low"] is not None
        ]
        mean = (
            f" Diamonds are means, each seed or stream counted once ({', '.join(claimed)}); their intervals are "
            "Student's, and wider than those of single runs where these disagree."
            if claimed
            else " There are too few seeds or streams for a mean with an interval."
        )
        return (
            "How many errors fewer than static each arm made of 100 records, in each run; right of the line it was "
            f"better. A run's 95 % interval concerns that stream, given its drift, and no other.{mean}{said} Runs of "
            "one stream don't show what another stream would do."
        )

    def _draw(self, ax: Axes) -> None:
        table = self.table()
        looks = looks_of(list(dict.fromkeys(table["arm"])))
        ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
        for place, row in enumerate(table.itertuples(index=False)):
            look, mean = looks[row.arm], row.run == "together"
            ax.plot([row.low, row.high], [place, place], color=look.color, linewidth=2.4 if mean else 1.4, zorder=2)
            ax.plot(row.difference, place, color=look.color, marker="D" if mean else "o", markersize=6 if mean else 4)
        for place in range(1, len(table)):
            if table["arm"].iloc[place] != table["arm"].iloc[place - 1]:
                ax.axhline(place - 0.5, color=FAINT, linewidth=0.6, zorder=0)
        ax.set_yticks(range(len(table)), [_name(row.arm, row.run) for row in table.itertuples(index=False)])
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.set_xlabel("errors saved per 100 records")
        clean_axes(ax)


def _name(arm: str, run: str) -> str:
    """An arm of a run, on some 40 letters, of which a long arm's name leaves the run its own.

    >>> _name("dynamic", "swapped/seed-0"), _name("a" * 40, "swapped/seed-0")
    ('dynamic, swapped/seed-0', 'aaaaaaaaaaaaaaaaaaaaa…, swapped/seed-0')
    """
    shown = plain(arm, most=22)
    return f"{shown}, {plain(run, most=38 - len(shown))}"


def _values(one: Mapping[str, Any]) -> tuple[float, float, float]:
    return float(one["difference"]), float(one["low"]), float(one["high"])


def _there(one: Mapping[str, Any]) -> bool:
    return one["difference"] is not None and one["low"] is not None
