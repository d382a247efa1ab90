"""How every figure looks and is saved: colours and lines that survive grey print, and bytes that repeat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine

from online.files import replace_file

# Okabe and Ito's palette, and line styles that tell curves apart in grey print too.
LOOKS: tuple[tuple[str, Any], ...] = (
    ("#000000", "-"),
    ("#D55E00", (0, (4, 1))),
    ("#0072B2", (0, (1, 1))),
    ("#009E73", (0, (6, 1, 1, 1))),
    ("#CC79A7", (0, (3, 1, 1, 1, 1, 1))),
    ("#E69F00", "-"),
    ("#56B4E9", (0, (4, 1))),
)
INK, GRID, FAINT = "#222222", "#E4E4E4", "#B8B8B8"
CLASSES = ("#56B4E9", "#D55E00")
"""Class 0 is filled and light, class 1 a dark line: they differ in grey print too."""

WIDTH = 9.0
"""Inches: the width of a figure on a screen."""
TWO_COLUMN, ONE_COLUMN = 7.16, 3.5
"""Inches: the widths of a figure in a paper, across two columns of a page or in one (IEEE, ACM)."""
NARROW = 5.0
"""Inches: below this width a legend stands under the axes, not beside them."""
DPI = 150
"""Pixels per inch, of the PNG."""
FORMATS = ("svg", "png", "pdf")
_FONT = "DejaVu Sans"
"""Comes with matplotlib, so that every machine has it."""
# Nothing in a file may say when, or by which version, it was made: its bytes would change with that.
_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands with a figure.

    Attributes:
        name: of its files, without an ending.
        title: in a few words.
        text: what it shows, what it rests on, and what one must not conclude from it.
    """

    name: str
    title: str
    text: str


@contextmanager
def typeset(width: float = WIDTH) -> Iterator[None]:
    """Within it, text gets the size that suits a figure of that width, whatever the user's own matplotlib settings are.

    `x-small`, the smallest size that a figure may use, is 6.0 pt in a paper (where a figure is printed as wide as it
    is drawn) and 6.9 pt on a screen. The settings are matplotlib's global ones, which it takes sizes from; they are
    put back at the end.
    """
    paper = {"font.size": 8.7, "axes.titlesize": "medium", "axes.labelsize": "small", "axes.linewidth": 0.6}
    paper |= {
        f"{axis}tick.{what}": size for axis in "xy" for what, size in (("labelsize", "x-small"), ("major.size", 2.5))
    }
    own = {"font.sans-serif": [_FONT], "axes.unicode_minus": True, "hatch.linewidth": 0.5}
    with matplotlib.style.context(["default", {**own, **(paper if width < WIDTH else {})}]):
        yield


def canvas(height: float, *, width: float = WIDTH) -> Figure:
    """An empty figure, that no state outside it knows of."""
    # Laid out for the pixels that it is drawn with: letters are a little wider or narrower with others.
    figure = Figure(figsize=(width, height), layout="constrained", dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def settle(figure: Figure) -> None:
    """Lay a figure out for good: each format that it is saved in would do it again, for a third of its time."""
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def save(figure: Figure, folder: Path, name: str, *, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write NAME.svg, NAME.png and NAME.pdf, the same bytes for the same figure on one machine.

    Text in the SVG is drawn as outlines, so that it looks the same without the font; the PDF embeds the font.

    Raises:
        OSError: they can't be written.
    """
    paths = [folder / f"{name}.{ending}" for ending in formats]
    settle(figure)
    for path in paths:
        drawn = BytesIO()
        # matplotlib takes these settings from its global ones alone; they are put back at once.
        with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "path", "pdf.fonttype": 42}):
            _print(figure, path.suffix[1:], drawn)
        with replace_file(path) as file:
            file.write(drawn.getvalue())
    return paths


def _print(figure: Figure, ending: str, file: BytesIO) -> None:
    """As `Figure.savefig`, which draws everything twice: once for a layout that is settled already."""
    figure.set_dpi(DPI)
    if ending == "svg":
        FigureCanvasSVG(figure).print_svg(file, metadata=_METADATA["svg"])
    elif ending == "pdf":
        FigureCanvasPdf(figure).print_pdf(file, metadata=_METADATA["pdf"])
    else:
        FigureCanvasAgg(figure).print_png(file, metadata=_METADATA["png"])


def write_captions(captions: Sequence[Caption], path: Path) -> None:
    """Write the captions as JSON: `{NAME: {"title": ..., "text": ...}}`.

    Raises:
        RunError: it can't be written.
    """
    found = {caption.name: {k: v for k, v in asdict(caption).items() if k != "name"} for caption in captions}
    with replace_file(path) as file:
        file.write(json.dumps(found, indent=1, ensure_ascii=False).encode() + b"\n")


def plain(text: str, *, most: int = 28) -> str:
    r"""Words from data, fit to be drawn: short, on one line, never a formula, and of glyphs that the font has.

    >>> plain("a$b"), plain("x" * 9, most=5), plain("two" + chr(10) + "lines")
    ('a\\$b', 'xxxx…', 'two□lines')
    """
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    shown = "".join(letter if letter.isprintable() and ord(letter) in _glyphs() else "□" for letter in short)
    return shown.replace("$", r"\$")


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(_FONT)).get_charmap())


def short_number(value: float, _place: int | None = None) -> str:
    """A number on an axis, as short as it can be.

    >>> [short_number(value) for value in (0.25, 12, 25_000, -3_000_000, 1.5e9, 2e15)]
    ['0.25', '12', '25k', '-3M', '1.5G', '2e+15']
    """
    for size, letter in ((1e12, ""), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value:.3g}" if not letter else f"{value / (1e3 if letter == 'k' else size):.4g}{letter}"
    return f"{value:.4g}"


def clean_axes(ax: Axes, *, grid: str | None = "y") -> None:
    """Without the frame's upper and right side, with a faint grid behind the data."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize="x-small")
    if grid is not None:
        ax.grid(axis=grid, color=GRID, linewidth=0.6)  # type: ignore[arg-type]
    ax.set_axisbelow(True)


def legend(ax: Axes, handles: Sequence[Artist], *, below: int = 3) -> None:
    """What the marks mean: to the right of the axes; in a narrow figure of ours under all of them, in some columns."""
    figure = ax.get_figure(root=True)
    look: dict[str, Any] = {"frameon": False, "fontsize": "small", "handles": list(handles)}
    if figure is None or figure.get_figwidth() >= NARROW or figure.get_layout_engine() is None:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, **look)
    else:
        figure.legend(loc="outside lower center", ncols=below, **look | {"fontsize": "x-small"})


def names(texts: Iterable[str], *, most: int = 28) -> list[str]:
    """Each as by `plain`."""
    return [plain(text, most=most) for text in texts]
