"""What a figure is: a name, numbers, a drawing of them, and words that say what it shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.tidy import plain_cell
from online.files import replace_file

from .style import FORMATS, WIDTH, Caption, canvas, save, settle, typeset

if TYPE_CHECKING:
    from analysis.loaded import LoadedRun


class Picture(ABC):
    """One figure. A subclass says its name and title, tabulates, and draws what it tabulates.

    Attributes:
        name: of its files.
        title: in a few words.
        per_record: whether it needs what was predicted for single records (`outcomes`, `entries`, `scores_of`): a run
            that has lost its segments has only counts, and such figures are left out then.
    """

    name: str
    title: str
    per_record: bool = False

    @property
    def height(self) -> float:
        """Inches."""
        return 4.2

    @property
    def refusal(self) -> str | None:
        """Why there is nothing for this figure, in a sentence; None where there is."""
        return None

    @abstractmethod
    def table(self) -> pd.DataFrame:
        """The numbers that are drawn, one row for each; undefined ones are empty."""

    @abstractmethod
    def caption(self) -> str:
        """What it shows, what it rests on, and what one must not conclude from it."""

    @abstractmethod
    def _draw(self, ax: Axes) -> None:
        """Draw the table onto these axes, without the title; no text smaller than `x-small`."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw it, for a notebook: onto these axes, or onto new ones."""
        if ax is None:
            ax = canvas(self.height).subplots()
        self._draw(ax)
        ax.set_title(self.title, loc="left")
        return ax

    def draw(self, *, width: float = WIDTH) -> Figure:
        """The whole figure, so many inches wide: `style.WIDTH`, `TWO_COLUMN` or `ONE_COLUMN`.

        In a paper, the caption below a figure says what it is: it has its title on a screen only.
        """
        with typeset(width):
            figure = canvas(self.height, width=width)
            top = self._fill(figure)
            if width >= WIDTH:
                top.set_title(self.title, loc="left")
            settle(figure)  # here, as ticks take their sizes when they are laid out
        return figure

    def _fill(self, figure: Figure) -> Axes:
        """Draw onto an empty figure; the axes that are returned get the title."""
        ax: Axes = figure.subplots()
        self._draw(ax)
        return ax

    def save(self, folder: Path, *, width: float = WIDTH, formats: Sequence[str] = FORMATS) -> list[Path]:
        """Write NAME.svg, NAME.png and NAME.pdf into an existing folder, and the numbers as NAME.csv.

        Names of features and runs are other people's words: no spreadsheet runs one.

        Raises:
            OSError: they can't be written.
        """
        numbers, table = folder / f"{self.name}.csv", self.table()
        words = table.select_dtypes(exclude=["number", "bool"])
        plain = table.assign(**{str(name): words[name].map(plain_cell) for name in words})
        with replace_file(numbers) as file:
            file.write(plain.to_csv(index=False, lineterminator="\n").encode())
        return [*save(self.draw(width=width), folder, self.name, formats=formats), numbers]

    def described(self) -> Caption:
        """Name, title and caption together."""
        return Caption(self.name, self.title, self.caption())

    def _repr_html_(self) -> str:
        from analysis.notebook import chart_html  # for notebooks only

        return chart_html(self)


class Chart(Picture):
    """A figure of one run."""

    def __init__(self, loaded: LoadedRun) -> None:
        self.loaded = loaded
