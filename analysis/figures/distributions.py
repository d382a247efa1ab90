"""How the values of each column are distributed in each class: pages of small multiples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .style import CLASSES, FAINT, INK, Caption, canvas, clean_axes, names, plain, short_number

Floats = npt.NDArray[np.float64]

NUMBERS_ON_A_PAGE = (4, 3)
WORDS_ON_A_PAGE = (3, 2)
STEEP = 0.9
"""From this share of a class in one bin on, a panel has a square-root scale."""
TOP = 8
"""Words in a panel."""


def draw_numbers(tables: Mapping[str, pa.Table]) -> Iterator[tuple[Figure, Caption]]:
    """Histograms of all columns of numbers, a dozen on a page."""
    found = tables["histograms"].to_pandas()
    columns = tables["numbers"]["column"].to_pylist()
    text = (
        "For each column of numbers the share of each class's rows by value, counted on all rows: class 0 filled, "
        "class 1 as a line. The grey bins at the ends hold everything outside the 0.5 % and 99.5 % quantiles; where "
        "one bin holds nearly everything, the scale is a square root (√). Classes "
        "that overlap here may still be told apart by several columns together, and classes that don't overlap may owe "
        "that to how the data were collected; scales differ between panels."
    )
    for number, page, total in _pages(columns, NUMBERS_ON_A_PAGE):
        figure = _page(page, NUMBERS_ON_A_PAGE, lambda ax, name: _histogram(ax, found[found["column"] == name]))
        yield figure, _caption("numbers", "Numbers by class", number, total, text)


def draw_words(tables: Mapping[str, pa.Table]) -> Iterator[tuple[Figure, Caption]]:
    """The most frequent words of all columns of words, six on a page."""
    found = tables["word_counts"].to_pandas()
    rows = dict(zip(tables["classes"]["class"].to_pylist(), tables["classes"]["count"].to_pylist(), strict=True))
    text = (
        f"For each column of words the {TOP} most frequent ones of all rows, and the share of each class's rows that "
        "have them; long words are cut, and a box stands for a letter that can't be shown. A word that occurs in one "
        "class only may be a mark of how the data were collected, and unknown tomorrow; rare words aren't shown at all."
    )
    times = set(tables["over_time"]["column"].to_pylist())  # another figure shows these
    columns = [name for name in tables["strings"]["column"].to_pylist() if name not in times]
    for number, page, total in _pages(columns, WORDS_ON_A_PAGE):
        figure = _page(page, WORDS_ON_A_PAGE, lambda ax, name: _words(ax, found[found["column"] == name], rows))
        yield figure, _caption("words", "Words by class", number, total, text)


def _pages(columns: Sequence[str], grid: tuple[int, int]) -> Iterator[tuple[int, Sequence[str], int]]:
    size = grid[0] * grid[1]
    total = -(-len(columns) // size)
    for number in range(total):
        yield number + 1, columns[number * size : (number + 1) * size], total


def _caption(name: str, title: str, number: int, total: int, text: str) -> Caption:
    if total == 1:
        return Caption(f"distribution-{name}", title, text)
    of = f"Page {number} of {total}. "
    return Caption(f"distribution-{name}-{number}", f"{title} ({number} of {total})", of + text)


def _page(columns: Sequence[str], grid: tuple[int, int], draw: Callable[[Axes, str], None]) -> Figure:
    rows = min(grid[0], -(-len(columns) // grid[1]))
    figure = canvas(0.4 + (2.1 if grid == NUMBERS_ON_A_PAGE else 2.5) * rows)
    axes = figure.subplots(rows, grid[1], squeeze=False).ravel()
    for ax, name in zip(axes, columns, strict=False):
        draw(ax, name)
        ax.set_title(plain(name), fontsize="small", loc="left", color=INK)
    for ax in axes[len(columns) :]:
        ax.set_visible(False)
    figure.legend(
        handles=_legend(lines=grid == NUMBERS_ON_A_PAGE),
        loc="outside upper right",
        ncols=2,
        frameon=False,
        fontsize="small",
    )
    figure.supylabel("share of the class's rows" if grid == NUMBERS_ON_A_PAGE else "", fontsize="small")
    return figure


def _legend(*, lines: bool) -> list[Patch | Line2D]:
    zero = Patch(color=CLASSES[0], alpha=0.6, linewidth=0, label="class 0")
    if lines:
        return [zero, Line2D([], [], color=CLASSES[1], linewidth=1.4, label="class 1")]
    return [zero, Patch(color=CLASSES[1], linewidth=0, label="class 1")]


def _histogram(ax: Axes, bars: pd.DataFrame) -> None:
    clean_axes(ax)
    if bars.empty:
        ax.text(0.5, 0.5, "no row has a value", transform=ax.transAxes, ha="center", fontsize="small")
        ax.set_xticks([])
        ax.set_yticks([])
        return
    zero, one = (bars[bars["class"] == value] for value in (0, 1))
    inner = zero["right"].to_numpy()[:-1]
    width = inner[1] - inner[0]
    # A bin that is open outwards is drawn as wide as the others, and only if it holds any row.
    ends = [width * bool(zero["count"].iloc[at] + one["count"].iloc[at]) for at in (0, -1)]
    edges = np.array([inner[0] - ends[0], *inner, inner[-1] + ends[1]])
    for start, end, some in ((edges[0], inner[0], ends[0]), (inner[-1], edges[-1], ends[1])):
        if some:
            ax.axvspan(start, end, color=FAINT, alpha=0.5, linewidth=0, zorder=0)
    ax.stairs(_shares(zero), edges, fill=True, color=CLASSES[0], alpha=0.6)
    ax.stairs(_shares(one), edges, color=CLASSES[1], linewidth=1.3)
    _scale(ax, max(_shares(zero).max(), _shares(one).max()))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(short_number))


def _scale(ax: Axes, largest: float) -> None:
    """Where one bin holds nearly everything, a square-root scale lets the others be seen, and says so."""
    if largest <= STEEP:
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_locator(MaxNLocator(nbins=3))
        return
    ax.set_yscale("function", functions=(np.sqrt, np.square))
    ax.set_ylim(0, 1.05)
    ax.set_yticks([0, 0.01, 0.1, 0.5, 1], ["0", "0.01", "0.1", "0.5", "1"])
    ax.set_title("√ scale", loc="right", fontsize="x-small", color="#666666")


def _shares(bars: pd.DataFrame) -> Floats:
    counts = bars["count"].to_numpy(np.float64)
    shares: Floats = counts / max(float(counts.sum()), 1.0)
    return shares


def _words(ax: Axes, counted: pd.DataFrame, rows: Mapping[int, int]) -> None:
    clean_axes(ax, grid="x")
    known = counted[counted["word"].notna()]
    words = known["word"].drop_duplicates().tolist()[:TOP]
    places = np.arange(len(words))
    for value, offset, alpha in ((0, -0.2, 0.6), (1, 0.2, 1.0)):
        chosen = known[(known["class"] == value) & known["word"].isin(words)]
        lengths = chosen["count"].to_numpy(np.float64) / max(rows[value], 1)
        ax.barh(places + offset, lengths, height=0.36, color=CLASSES[value], alpha=alpha, linewidth=0)
    ax.set_yticks(places, names((word or "(empty)" for word in words), most=24), fontsize="x-small")
    ax.set_ylim(max(len(words), 1) - 0.4, -0.6)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.set_xlabel("share of the class's rows", fontsize="x-small")
    if not words:
        ax.text(0.5, 0.5, "no row has a word", transform=ax.transAxes, ha="center", fontsize="small")
