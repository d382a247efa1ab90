"""What five methods say of the features, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .style import FAINT, Caption, canvas, clean_axes, names, short_number

PANELS: tuple[tuple[str, str], ...] = (
    ("mutual_information", "mutual information, bits"),
    ("chi2", "chi-squared"),
    ("anova_f", "ANOVA F"),
    ("forest_importance", "forest importance"),
    ("permutation_importance", "permutation, loss of MCC"),
)
KEPT = "#0072B2"


def draw_importance(tables: Mapping[str, pa.Table]) -> Iterator[tuple[Figure, Caption]]:
    """Each feature's importance by each method, the best mean rank on top."""
    found = tables["selection"].to_pandas().sort_values("mean_rank", kind="stable", na_position="last")
    if found["mean_rank"].isna().all():
        return
    figure = canvas(1.2 + 0.21 * len(found))
    axes = figure.subplots(1, len(PANELS), sharey=True)
    for ax, (column, title) in zip(axes, PANELS, strict=True):
        _panel(ax, found, column, title)
    axes[0].set_yticks(np.arange(len(found)), names(found["column"], most=24), fontsize="x-small")
    axes[0].set_ylim(len(found) - 0.4, -0.6)
    handles = [
        Patch(facecolor=KEPT, label="recommended"),
        Patch(facecolor="white", edgecolor=FAINT, hatch="//////", label="dropped"),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2, frameon=False, fontsize="small")
    yield figure, Caption("importance", "Importance of the features by five methods", _text(tables))


def _panel(ax: Axes, found: pd.DataFrame, column: str, title: str) -> None:
    clean_axes(ax, grid="x")
    for place, (value, kept) in enumerate(zip(found[column], found["recommended"], strict=True)):
        if np.isnan(value):
            ax.text(0, place, " -", va="center", fontsize="x-small", color="#666666")
        elif kept:
            ax.barh(place, value, height=0.7, color=KEPT, linewidth=0)
        else:
            ax.barh(place, value, height=0.7, facecolor="white", edgecolor=FAINT, hatch="//////", linewidth=0.5)
    ax.set_title(title, fontsize="x-small", loc="left")
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=3))
    ax.xaxis.set_major_formatter(FuncFormatter(short_number))


def _text(tables: Mapping[str, pa.Table]) -> str:
    known = dict(zip(tables["overview"]["what"].to_pylist(), tables["overview"]["value"].to_pylist(), strict=True))
    fitted = known.get("the forest was fitted on")
    forest = (
        f"The forest was fitted on {fitted}; permutation rests on {known['permutation importance rests on']}. "
        if fitted
        else "There was no forest to ask. "
    )
    return (
        "What each feature says about the label, by five methods, the best mean rank on top; a dash is undefined. The "
        f"first three look at one column at a time, on all rows, numbers in bins but for ANOVA. {forest}Lengths "
        "compare within a panel only. Features that say the same share the forest's favour, so that shuffling one of "
        "them costs little although both are useful; and nothing here is a cause."
    )
