"""How the scores of each class are distributed, window by window and arm by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm
from matplotlib.ticker import PercentFormatter

from analysis.measures.score_bins import BINS

from .chart import Chart
from .heat_map import NO_RECORD, add_scale, finish_map
from .looks import arms_in_order
from .style import plain

if TYPE_CHECKING:
    from analysis.loaded import LoadedRun

Floats = npt.NDArray[np.float64]

MOST_ARMS = 12
LANE, GAP = 1, 7
"""The gap between the two classes of an arm, and between two arms, in bins."""
CUT = "#D55E00"


class ScoresChart(Chart):
    """A heat map for each arm and class: windows from left to right, scores from the bottom up."""

    name = "scores"
    title = "Scores of each class over time"
    per_record = True

    def __init__(self, loaded: LoadedRun) -> None:
        super().__init__(loaded)
        ordered = arms_in_order(loaded.run.arms)
        self.arms, self.left_out = ordered[:MOST_ARMS], ordered[MOST_ARMS:]

    @property
    def height(self) -> float:
        """Inches: the more arms, the flatter their maps."""
        lanes = 2 * len(self.arms)
        return 1.1 + lanes * float(np.clip(7.2 / lanes, 0.3, 0.65))

    @property
    def refusal(self) -> str | None:
        """Without a labelled record there are no classes."""
        if len(self.loaded.survey.edges):
            return None
        return "There are no scores by class: no record of this run has a label yet."

    def table(self) -> pd.DataFrame:
        """A row per window, arm and class: records, and how many of them have a score in each of 20 bins."""
        scores = self.loaded.survey.scores
        return scores[scores["arm"].isin(self.arms)].reset_index(drop=True)

    def caption(self) -> str:
        """What is shaded, and what scores don't say."""
        scores, run = self.loaded.survey.scores, self.loaded.run
        first = scores[scores["arm"] == run.arms[0]].groupby("class")["records"].sum()
        edges = self.loaded.survey.edges
        without = f" Not drawn, for want of room: {', '.join(self.left_out)}." if self.left_out else ""
        return (
            f"For each arm and class, how the scores of the model in force are distributed in each of "
            f"{run.windows['window'].nunique():,} windows: the darker, the larger the share of that class's records of "
            f"the window (on a square-root scale). Scores reach from {edges[0]:.4g} to {edges[-1]:.4g} in 20 bins, the "
            f"outer ones with all beyond them; above the dashed line at {float(run.manifest['threshold']):.4g} a "
            f"record counts as class 1. Ticks above a map: another model is in force from there on. It rests on "
            f"{int(first.get(1, 0)):,} labelled records of class 1 and {int(first.get(0, 0)):,} of class 0; tinted "
            f"windows have none.{without} A distribution that moves on one side of the line changes no prediction, and "
            "how sure a model is doesn't say how right it is: scores of different models aren't on one scale."
        )

    def _draw(self, ax: Axes) -> None:
        table = self.table()
        shares = self._shares(table)
        shades = colormaps["Greys"].with_extremes(bad=NO_RECORD)
        norm = PowerNorm(0.5, 0, float(np.nanmax(shares)))
        lanes = [(arm, label) for arm in self.arms for label in (1, 0)]
        bottoms = np.array([-(BINS + LANE) * lane - GAP * (lane // 2) for lane in range(len(lanes))])
        image = np.zeros((BINS - bottoms[-1], shares.shape[2], 4), dtype=np.uint8)
        for bottom, here in zip(bottoms, shares, strict=True):
            image[bottom - bottoms[-1] :][:BINS] = shades(norm(here), bytes=True)
        first, last = table["window"].min() - 0.5, table["window"].max() + 0.5
        # One picture for all maps: many are slow to draw.
        ax.imshow(
            image, extent=(first, last, bottoms[-1], BINS), origin="lower", aspect="auto", interpolation="nearest"
        )
        edges, threshold = self.loaded.survey.edges, float(self.loaded.run.manifest["threshold"])
        cut = np.interp(threshold, edges[[0, -1]], [0, BINS])
        ax.hlines(bottoms + cut, first, last, color=CUT, linewidth=0.7, linestyle=(0, (5, 3)), zorder=2)
        windows = self.loaded.run.windows
        for arm, bottom in zip(self.arms, bottoms[::2], strict=True):
            _mark_models(ax, windows[windows["arm"] == arm], bottom + BINS)
        self._set_axes(ax, bottoms + BINS / 2)
        percent = PercentFormatter(1, decimals=0)
        add_scale(ax, ScalarMappable(norm, shades), "share of the class's records in the window", format=percent)

    def _shares(self, table: pd.DataFrame) -> Floats:
        """By lane, bin and window the share of the records, float64[lanes, bins, windows]; NaN where there is none."""
        windows = range(int(table["window"].min()), int(table["window"].max()) + 1)
        keys = pd.MultiIndex.from_product([self.arms, (1, 0), windows])
        counts = table.set_index(["arm", "class", "window"]).reindex(keys)
        records = counts.pop("records").to_numpy(dtype=np.float64, na_value=0.0)
        with np.errstate(invalid="ignore"):
            shares = counts.to_numpy(dtype=np.float64) / records[:, None]
        return np.asarray(shares.reshape(2 * len(self.arms), len(windows), BINS).transpose(0, 2, 1))

    def _set_axes(self, ax: Axes, middles: Floats) -> None:
        labels = [f"{plain(arm, most=22)}   class 1" if label else "class 0" for arm in self.arms for label in (1, 0)]
        ax.set_yticks(middles, labels, fontsize="x-small")
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(middles[-1] - BINS / 2, BINS + GAP)
        for side in ax.spines.values():
            side.set_visible(False)
        edges = self.loaded.survey.edges
        for place, score in ((0.06, edges[0]), (0.94, edges[-1])):
            words = f"{score:.3g}"
            ax.annotate(
                words, (1, place * BINS), (2, 0), ax.get_yaxis_transform(), "offset points", fontsize=6, va="center"
            )
        finish_map(ax, self.loaded.run)


def _mark_models(ax: Axes, rows: pd.DataFrame, top: float) -> None:
    """A tick above the map where another model begins."""
    changed = rows["model"].ne(rows["model"].shift()).to_numpy()
    changed[:1] = False
    at = rows["window"].to_numpy()[changed] - 0.5
    ax.vlines(at, top + 0.5, top + 0.5 * GAP, color="#000000", linewidth=0.7, zorder=3)
