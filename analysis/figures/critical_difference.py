"""Arms ranked over several streams: a critical-difference diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.inference.ranks import LEVEL, Ranking, rank_arms
from producer.errors import UsageError

from .chart import Picture
from .style import FAINT, INK, names

Scores = Mapping[str, Mapping[str, float]]
ROW, BAR = 0.19, 0.09
"""Inches: from one name to the next, and from one bar to the next."""


def critical_difference(scores: Scores, *, metric: str = "accuracy") -> CriticalDifference:
    """Rank arms over streams and draw it; refused below six streams.

    Args:
        scores: for each stream the score of each arm, higher is better, the mean over seeds.
        metric: the score's name.
    """
    return CriticalDifference(scores, metric=metric)


class CriticalDifference(Picture):
    """Average ranks on a line, the best on the left; a bar joins arms that can't be told apart."""

    name = "critical-difference"
    title = "Average ranks over streams"

    def __init__(self, scores: Scores, *, metric: str) -> None:
        self.scores, self.metric = scores, metric

    @property
    def refusal(self) -> str | None:
        """Fewer than six streams can't tell any two arms apart; one arm has no rank."""
        try:
            self.ranking  # noqa: B018 - it is kept
        except UsageError as error:
            return str(error)
        return None

    @cached_property
    def ranking(self) -> Ranking:
        """The ranks and tests.

        Raises:
            UsageError: as `rank_arms`.
        """
        return rank_arms(self.scores)

    def plain(self) -> dict[str, Any]:
        """The ranks and tests with their words, as JSON values; where there are none, how many streams, and why."""
        if (reason := self.refusal) is not None:
            return {"streams": len(self.scores), "reason": reason}
        return {**asdict(self.ranking), "words": self.caption()}

    @property
    def height(self) -> float:
        """Inches: the more arms and bars, the more."""
        half = -(-len(self.ranking.ranks) // 2)
        return 0.75 + ROW * half + BAR * len(self.ranking.alike)

    def table(self) -> pd.DataFrame:
        """A row per pair of arms: average ranks, streams won and lost, p-values, and whether a bar joins them."""
        found = self.ranking
        joined = [set(group) for group in found.alike]
        rows = [
            {
                "first": pair.first,
                "rank_of_first": found.ranks[pair.first],
                "second": pair.second,
                "rank_of_second": found.ranks[pair.second],
                "wins": pair.wins,
                "losses": pair.losses,
                "p_value": pair.p_value,
                "holm": pair.adjusted,
                "joined": any({pair.first, pair.second} <= group for group in joined),
            }
            for pair in found.pairs
        ]
        return pd.DataFrame(rows)

    def caption(self) -> str:
        """What is ranked and tested, and what a bar doesn't mean."""
        found, table = self.ranking, self.table()
        ranks = ", ".join(f"{arm} {rank:.2f}" for arm, rank in found.ranks.items())
        alike = found.friedman is not None and found.friedman > LEVEL
        so = "; as it isn't refuted, no pair is told apart, whatever its own test says" if alike else ""
        overall = (
            "" if found.friedman is None else f"Friedman's test that all rank alike: p = {found.friedman:.2g}{so}. "
        )
        weak = (
            ""
            if found.able
            else f" Mind that {found.streams} streams are too few for {len(found.pairs)} pairs: even an arm that is "
            "better on every stream couldn't be told from another after the correction, so the bars say nothing here."
        )
        return (
            f"The average rank of each arm by {self.metric} over {found.streams} streams (seeds averaged within each), "
            f"1 is best: {ranks}. {overall}A bar joins arms (dots) that can't be told apart: "
            f"{table['joined'].sum()} of {len(table)} pairs, by Wilcoxon's signed-rank test on streams, two-sided at "
            f"{LEVEL:.0%} with Holm's correction.{weak} A bar doesn't mean that arms are equal, and ranks don't say by "
            "how much one is better. Streams are the units and must be independent: it holds for streams like these."
        )

    def _draw(self, ax: Axes) -> None:
        found = self.ranking
        count = len(found.ranks)
        arms, places = list(found.ranks), list(found.ranks.values())
        bars, half = len(found.alike) * BAR, -(-count // 2)
        # Inches downwards from the scale: the numbers stand above it, bars below, and then the names.
        ax.set_ylim(bars + 0.2 + ROW * half, -0.12)
        ax.set_xlim(1 - 0.04 * (count - 1), count + 0.04 * (count - 1))
        ax.set_axis_off()
        ax.plot([1, count], [0, 0], color=INK, linewidth=1.2)
        ax.vlines(range(1, count + 1), -0.06, 0, color=INK, linewidth=1.2)
        for rank in range(1, count + 1):
            ax.annotate(str(rank), (rank, -0.06), (0, 2), textcoords="offset points", ha="center", fontsize="x-small")
        for number, group in enumerate(found.alike, start=1):
            at = [found.ranks[arm] for arm in group]
            ax.plot([at[0], at[-1]], [number * BAR] * 2, color=INK, linewidth=2.4, solid_capstyle="round")
            ax.plot(at, [number * BAR] * len(at), color=INK, linestyle="", marker="o", markersize=4.5)
        depth = [bars + 0.2 + ROW * row for row in range(half)]
        self._name(ax, arms[:half], places[:half], depth, side=0)
        self._name(ax, arms[half:][::-1], places[half:][::-1], depth, side=1)

    def _name(
        self, ax: Axes, arms: Sequence[str], places: Sequence[float], depth: Sequence[float], *, side: int
    ) -> None:
        """Names on one side, the outermost on top, each with a line from its rank down and outwards."""
        for place, deep, shown in zip(places, depth, names(arms, most=26), strict=False):
            ax.plot([place, place, ax.get_xlim()[side]], [0, deep, deep], color=FAINT, linewidth=0.8, zorder=0)
            ax.plot([place], [0], color=INK, marker="|", markersize=7, zorder=3)
            away = -3 if side == 0 else 3
            ax.annotate(
                f"{shown}  {place:.2f}" if side == 0 else f"{place:.2f}  {shown}",
                (side, deep),
                (away, 0),
                ax.get_yaxis_transform(),
                "offset points",
                ha="right" if side == 0 else "left",
                va="center",
                fontsize="x-small",
            )
