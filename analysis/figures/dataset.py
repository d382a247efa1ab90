"""Pictures of a data set, from the tables that a profile gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .distributions import draw_numbers, draw_words
from .importance import draw_importance
from .style import CLASSES, FAINT, INK, Caption, canvas, clean_axes, names, plain, save, short_number

Matrix = npt.NDArray[np.float64]

KINDS = 25
"""The most kinds of attack in a figure."""
FEW_COLUMNS = 14
"""Up to so many columns, the numbers stand in a matrix."""
MOST_COLUMNS = 40
"""The most columns in a matrix: beyond, nobody can read the names, and its files get large."""
MATRIX = 7.0
"""Inches: the most that a matrix's side has."""


def draw_dataset(
    tables: Mapping[str, pa.Table], folder: Path, *, advance: Callable[[int], None] = lambda n: None
) -> list[Caption]:
    """Write every figure as SVG, PNG and PDF.

    Args:
        tables: of `static_model.profile.profile.profile`.
        folder: an existing folder.
        advance: called with 1 after each figure.

    Returns:
        The captions, in the order in which to show them. What there is nothing of (no missing value, no time, no
        column of words) has no figure.

    Raises:
        OSError: they can't be written.
    """
    captions = []
    for figure, caption in _all(tables):
        save(figure, folder, caption.name)
        captions.append(caption)
        advance(1)
    return captions


def _all(tables: Mapping[str, pa.Table]) -> Iterator[tuple[Figure, Caption]]:
    yield draw_balance(tables)
    yield from draw_numbers(tables)
    yield from draw_words(tables)
    yield from draw_missing(tables)
    yield from draw_correlation(tables)
    yield from draw_importance(tables)
    yield from draw_time(tables)


def draw_balance(tables: Mapping[str, pa.Table]) -> tuple[Figure, Caption]:
    """How many rows each class has, and each kind of attack where the contract names kinds."""
    classes, kinds = tables["classes"].to_pandas(), tables["kinds"].to_pandas()
    labels = [f"class {value} ({label})" for value, label in zip(classes["class"], classes["label"], strict=True)]
    shown = kinds.head(KINDS)
    parts = 1 + bool(len(shown))
    figure = canvas(1.5 + (0.3 + 0.2 * len(shown)) * (parts - 1))
    axes = figure.subplots(parts, 1, squeeze=False, height_ratios=[2.2, 1 + len(shown)][:parts]).ravel()
    _bars(axes[0], labels, classes, list(CLASSES))
    text = "Rows of each class, counted on all rows."
    if len(shown):
        _bars(axes[1], [kind or "(none or rarer)" for kind in shown["kind"]], shown, ["#0072B2"] * len(shown))
        axes[1].set_xscale("symlog", linthresh=10)
        text += " Below, rows of each kind, on a logarithmic scale from 10 on."
        text += f" The {len(kinds) - KINDS} rarest kinds aren't shown." if len(kinds) > KINDS else ""
    text += (
        " The shares are those of the files, which were often mixed on purpose: they say nothing of how common attacks "
        "are where a model is used."
    )
    return figure, Caption("balance", "Class balance", text)


def _bars(ax: Axes, labels: list[str], counted: pd.DataFrame, colors: list[str]) -> None:
    clean_axes(ax, grid="x")
    places = np.arange(len(labels))
    ax.barh(places, counted["count"], color=colors, height=0.7, linewidth=0)
    for place, count, share in zip(places, counted["count"], counted["share"], strict=True):
        note = f"{count:,} ({share:.1%})" if share >= 0.0005 or not count else f"{count:,} (<0.1%)"
        ax.annotate(note, (count, place), (3, 0), textcoords="offset points", va="center", fontsize="x-small")
    ax.set_yticks(places, names(labels, most=32), fontsize="small")
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.margins(x=0.16)
    ax.xaxis.set_major_formatter(FuncFormatter(short_number))
    ax.set_xlabel("rows", fontsize="small")


def draw_missing(tables: Mapping[str, pa.Table]) -> Iterator[tuple[Figure, Caption]]:
    """Missing values by class, of the columns that have any."""
    found = tables["missing"].to_pandas()
    gaps = [name for name, part in found.groupby("column", sort=False) if part["share"].fillna(0).max() > 0]
    if not gaps:
        return
    figure = canvas(0.9 + 0.28 * len(gaps))
    ax = figure.subplots()
    clean_axes(ax, grid="x")
    places = np.arange(len(gaps))
    for value, offset, alpha in ((0, -0.2, 0.6), (1, 0.2, 1.0)):
        shares = found[(found["class"] == value) & found["column"].isin(gaps)]["share"].fillna(0)
        bars = ax.barh(places + offset, shares, height=0.36, color=CLASSES[value], alpha=alpha, linewidth=0)
        bars.set_label(f"class {value}")
    ax.set_yticks(places, names(gaps), fontsize="small")
    ax.set_ylim(len(gaps) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_xlabel("share of the class's rows without a value", fontsize="small")
    figure.legend(loc="outside upper right", ncols=2, frameon=False, fontsize="small")
    yield (
        figure,
        Caption(
            "missing",
            "Missing values by class",
            "The share of each class's rows that have no value, for the columns where any is missing, counted on all "
            "rows. A value that is missing in one class only gives the class away; that it does so in these files does "
            "not mean that it will elsewhere.",
        ),
    )


def draw_correlation(tables: Mapping[str, pa.Table]) -> Iterator[tuple[Figure, Caption]]:
    """The correlations of the columns of numbers with each other; of many columns, those of the strongest ones."""
    columns = tables["numbers"]["column"].to_pylist()
    if len(columns) < 2:
        return
    matrix = _correlations(columns, tables["correlation"])
    shown = _strongest(matrix)
    size = 2.0 + min((0.42 if len(shown) <= FEW_COLUMNS else 0.19) * len(shown), MATRIX)
    figure = canvas(size, width=max(size + 1.8, 5.0))
    _matrix(figure, matrix[np.ix_(shown, shown)], names((columns[at] for at in shown), most=24))
    text = _correlation_text(tables)
    if len(shown) < len(columns):
        text += (
            f" Of the {len(columns):,} columns of numbers, the {len(shown)} are shown that have the strongest "
            "correlations with another one."
        )
    yield figure, Caption("correlation", "Correlation of the numbers", text)


def _correlations(columns: list[str], pairs: pa.Table) -> Matrix:
    """Pearson's above the diagonal, Spearman's below it; undefined ones and the diagonal are NaN."""
    place = {name: at for at, name in enumerate(columns)}
    matrix = np.full((len(columns), len(columns)), np.nan)
    for row in pairs.to_pylist():
        a, b = place[row["a"]], place[row["b"]]
        matrix[a, b] = np.nan if row["pearson"] is None else row["pearson"]
        matrix[b, a] = np.nan if row["spearman"] is None else row["spearman"]
    return matrix


def _strongest(matrix: Matrix) -> npt.NDArray[np.intp]:
    """The places of at most `MOST_COLUMNS` columns, those of the strongest correlations, in their old order."""
    strength = np.abs(np.nan_to_num(matrix))
    of_each = np.maximum(strength.max(axis=0), strength.max(axis=1))
    return np.sort(np.argsort(-of_each, kind="stable")[:MOST_COLUMNS])


def _correlation_text(tables: Mapping[str, pa.Table]) -> str:
    known = dict(zip(tables["overview"]["what"].to_pylist(), tables["overview"]["value"].to_pylist(), strict=True))
    return (
        "Below the diagonal Spearman's correlation of ranks, above it Pearson's, between each two columns of numbers; "
        f"a minus marks strong negative ones, grey is undefined (a constant). Based on "
        f"{known['correlations and redundant pairs rest on']}. Both classes are mixed: columns may go together only "
        "because both depend on the class, and a correlation near 0 is no proof of independence."
    )


def _matrix(figure: Figure, matrix: Matrix, labels: list[str]) -> None:
    ax = figure.subplots()
    ax.set_facecolor(FAINT)
    np.fill_diagonal(matrix, np.nan)
    shown = ax.pcolormesh(np.ma.masked_invalid(matrix), cmap=colormaps["PuOr_r"], vmin=-1, vmax=1, linewidth=0)
    few = len(labels) <= FEW_COLUMNS
    for (row, column), value in np.ndenumerate(matrix):
        note = (f"{value:.2f}" if few else "-" if value <= -0.5 else "") if np.isfinite(value) else ""
        color = "white" if abs(value) > 0.6 else INK
        ax.text(column + 0.5, row + 0.5, note, ha="center", va="center", fontsize="xx-small", color=color)
    places = np.arange(len(labels)) + 0.5
    ax.set_yticks(places, labels, fontsize="x-small")
    ax.set_xticks(places, labels, fontsize="x-small", rotation=90)
    ax.invert_yaxis()
    ax.set_aspect("equal")
    ax.tick_params(length=0)
    bar = figure.colorbar(shown, ax=ax, shrink=0.6)
    bar.set_label("correlation", fontsize="small")
    bar.ax.tick_params(labelsize="x-small")
    assert bar.solids is not None
    bar.solids.set(rasterized=False, edgecolor="face")  # else it is a picture within the SVG, which a page may not show


def draw_time(tables: Mapping[str, pa.Table]) -> Iterator[tuple[Figure, Caption]]:
    """How the classes lie over time, for each column that tells it."""
    found = tables["over_time"].to_pandas()
    columns = found["column"].drop_duplicates().tolist()
    if not columns:
        return
    known = dict(zip(tables["overview"]["what"].to_pylist(), tables["overview"]["value"].to_pylist(), strict=True))
    figure = canvas(0.4 + 2.1 * len(columns))
    axes = figure.subplots(len(columns), 1, squeeze=False).ravel()
    for ax, name in zip(axes, columns, strict=True):
        _over_time(ax, found[found["column"] == name])
        ax.set_title(plain(name), fontsize="small", loc="left")
        form = known.get(f"'{name}' tells the time", "")
        ax.set_xlabel(f"seconds ({form})", fontsize="x-small")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False, fontsize="small")
    text = (
        "Rows of each class in a hundred equal spans of time, counted on all rows. Where one class has hours of its "
        "own, the time gives the class away, which no model can use on another day: that is a leak and no finding."
    )
    yield figure, Caption("over-time", "Classes over time", text)


def _over_time(ax: Axes, part: pd.DataFrame) -> None:
    starts = part["bin_start"].drop_duplicates().to_numpy()
    edges = np.array([*starts, 2 * starts[-1] - starts[-2]])
    zero, one = (part.loc[part["class"] == value, "count"].to_numpy() for value in (0, 1))
    clean_axes(ax)
    ax.stairs(zero, edges, fill=True, color=CLASSES[0], alpha=0.6, label="class 0")
    ax.stairs(one, edges, color=CLASSES[1], linewidth=1.3, label="class 1")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=7))
    ax.set_ylabel("rows", fontsize="small")
