"""How far each feature has moved from what it was in the first windows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm

from analysis.measures.input_drift import BINS, LEVEL, WORDS
from online.detectors.psi import Psi

from .chart import Chart
from .heat_map import NO_RECORD, add_scale, finish_map
from .style import names

MOST = 40
"""The most features in one figure: beyond, nobody can read the names."""
LEAST = 8
"""Even with fewer the figure is as high as for these: the scale of shades needs it."""
STEPS = (0.0, Psi().warning, Psi().threshold, 0.5, 1.0, 2.0)
"""Of the index; the second and the third are those that credit scoring speaks of as little and much."""


class InputDriftChart(Chart):
    """A heat map: windows from left to right, features from the one that moved most downwards."""

    name = "input-drift"
    title = "Input drift per feature"
    per_record = True

    @property
    def height(self) -> float:
        """Inches: the more features, the more."""
        return 1.5 + 0.2 * max(LEAST, min(MOST, int(self.loaded.survey.drift["feature"].nunique())))

    @property
    def refusal(self) -> str | None:
        """A stream that is hardly longer than the reference has nothing to hold against it."""
        survey = self.loaded.survey
        if len(survey.drift) and survey.drift["psi"].notna().any():
            return None
        windows = self.loaded.run.windows["window"].nunique()
        return (
            f"Input drift isn't shown: each window is held against the first {survey.reference}, and of the "
            f"{windows} windows of this run none is left to compare, or none of those holds a record."
        )

    def table(self) -> pd.DataFrame:
        """A row per feature and window: `psi` and its `noise`; the features that moved most first, 40 at most."""
        drift = self.loaded.survey.drift
        beyond = (drift["psi"] - drift["noise"]).clip(lower=0).groupby(drift["feature"], sort=False).sum()
        order = beyond.sort_values(ascending=False, kind="stable").index[:MOST]
        kept = drift[drift["feature"].isin(order)]
        rank = kept["feature"].map({feature: place for place, feature in enumerate(order)})
        return kept.assign(rank=rank).sort_values(["rank", "window"]).drop(columns="rank").reset_index(drop=True)

    def caption(self) -> str:
        """What is shaded, where noise ends, and that moved inputs aren't errors."""
        survey, table = self.loaded.survey, self.table()
        beyond = table[table["psi"] > table["noise"]]
        most = table.loc[table["psi"].idxmax()]
        features = survey.drift["feature"].nunique()
        cut = f", of {features} the {MOST} that moved most" if features > MOST else ""
        return (
            f"For each feature{cut} and window the population stability index against the first {survey.reference} "
            "windows (left of the grey line; each of these is held against the rest of them): numbers in "
            f"{BINS} bins of equal count, words by the {WORDS} most frequent. Up to {STEPS[1]:g} is usually called "
            f"little, from {STEPS[2]:g} on much. What chance explains is white: in independent records it would "
            f"colour any cell at all in {LEVEL:.0%} of streams, and it is raised where the first windows differ more "
            f"from each other than that. {len(beyond):,} of {table['psi'].notna().sum():,} cells are coloured, in "
            f"{beyond['feature'].nunique()} of {table['feature'].nunique()} features; the largest index is "
            f"{most['psi']:.3g}, of '{most['feature']}' in window {most['window']}. A feature that moved needn't do "
            "any harm, and a change of what the same inputs mean isn't seen here at all: look at the arms' errors for "
            "that. Each feature is looked at alone; daily rhythms and other dependence between records count as drift."
        )

    def _draw(self, ax: Axes) -> None:
        table = self.table()
        wide = table.pivot_table(index="feature", columns="window", values=["psi", "noise"], sort=False, dropna=False)
        order = table["feature"].drop_duplicates()
        psi, noise = (wide[what].reindex(order).to_numpy(dtype=np.float64) for what in ("psi", "noise"))
        norm = BoundaryNorm(STEPS, 256, extend="max")
        shades = colormaps["cividis_r"]
        image = shades(norm(np.nan_to_num(psi)), bytes=True)
        image[psi <= noise] = 255
        image[np.isnan(psi)] = [int(NO_RECORD[at : at + 2], 16) for at in (1, 3, 5)] + [255]
        first, last = table["window"].min() - 0.5, table["window"].max() + 0.5
        ax.imshow(image, extent=(first, last, len(order) - 0.5, -0.5), aspect="auto", interpolation="nearest")
        ax.set_yticks(range(len(order)), names(order, most=24), fontsize="x-small")
        ax.tick_params(axis="y", length=0)
        ax.axvline(first + self.loaded.survey.reference, color="#777777", linewidth=1.2, zorder=2)
        ax.hlines(np.arange(1, len(order)) - 0.5, first, last, color="#EEEEEE", linewidth=0.4, zorder=1)
        finish_map(ax, self.loaded.run)
        words = "population stability index\n(white: no more than chance)"
        add_scale(ax, ScalarMappable(norm, shades), words, spacing="uniform")
