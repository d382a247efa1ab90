"""ROC, precision-recall and calibration curves of several algorithms on the same held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from .style import FAINT, LOOKS, Caption, canvas, clean_axes, plain, save, write_captions

SIZE = (6.4, 4.8)
"""Inches: width and height."""
MANY_ROWS = 120.0
"""The area, in square points, of the mark with the most rows."""


def draw_curves(assessment: Path, folder: Path) -> list[Path]:
    """Draw all algorithms on one axis each, from the tables of an assessment.

    Args:
        assessment: holds `roc.csv`, `pr.csv`, `calibration.csv` and `confusion.csv`, as
            `static_model.assessment_tables.write_assessment` writes them.
        folder: an existing folder; it gets each curve as SVG, PNG and PDF, and `captions.json`.

    Returns:
        The figures' files. A curve without any point (one class only; for calibration, scores that are no
        probabilities) has none.

    Raises:
        OSError: a table can't be read, or a figure can't be written.
    """
    paths: list[Path] = []
    captions = []
    for figure, caption in _all(assessment):
        paths += save(figure, folder, caption.name)
        captions.append(caption)
    write_captions(captions, folder / "captions.json")
    return paths


def _all(assessment: Path) -> Iterator[tuple[Figure, Caption]]:
    confusion = pd.read_csv(assessment / "confusion.csv", dtype={"algorithm": str}, keep_default_na=False)
    first = confusion[confusion["algorithm"] == confusion["algorithm"].iloc[0]]
    rows, ones = int(first["rows"].sum()), int(first.loc[first["label"] == 1, "rows"].sum())
    looks = dict(zip(confusion["algorithm"].drop_duplicates(), cycle(LOOKS)))
    makers: Mapping[str, Callable[[pd.DataFrame], tuple[Figure, Caption]]] = {
        "roc": lambda points: _roc(points, looks, rows=rows),
        "pr": lambda points: _pr(points, looks, rows=rows, ones=ones),
        "calibration": lambda points: _calibration(points, looks, rows=rows),
    }
    for name, make in makers.items():
        points = pd.read_csv(assessment / f"{name}.csv", dtype={"algorithm": str}, na_filter=False)
        if len(points):
            yield make(points)


def _roc(points: pd.DataFrame, looks: Mapping[str, tuple[str, object]], *, rows: int) -> tuple[Figure, Caption]:
    figure, ax = _square("false positive rate", "recall")
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1.0, label="chance", zorder=1)
    for algorithm, part in points.groupby("algorithm", sort=False):
        _line(ax, part["false_positive_rate"], part["recall"], str(algorithm), looks)
    _legend(figure)
    text = (
        f"The share of class 1 that is found against the share of class 0 that is taken for it, at every threshold, on "
        f"{rows:,} held-out rows. It doesn't depend on how common class 1 is, and so hides how many alarms are false "
        "where it is rare: there, only the left edge matters."
    )
    return figure, Caption("roc", "ROC curves", text)


def _pr(
    points: pd.DataFrame, looks: Mapping[str, tuple[str, object]], *, rows: int, ones: int
) -> tuple[Figure, Caption]:
    figure, ax = _square("recall", "precision")
    ax.axhline(ones / rows, color=FAINT, linewidth=1.0, label=f"all rows called 1 ({ones / rows:.3f})", zorder=1)
    for algorithm, part in points.groupby("algorithm", sort=False):
        _line(ax, part["recall"], part["precision"], str(algorithm), looks)
    _legend(figure)
    text = (
        f"The share of alarms that are right against the share of class 1 that is found, at every threshold, on "
        f"{rows:,} held-out rows, {ones / rows:.1%} of them of class 1 (the grey line). With another share of class 1 "
        "the same model has another curve: don't carry it over to a place where attacks are rarer."
    )
    return figure, Caption("pr", "Precision and recall", text)


def _calibration(points: pd.DataFrame, looks: Mapping[str, tuple[str, object]], *, rows: int) -> tuple[Figure, Caption]:
    figure, ax = _square("mean score", "share of class 1")
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1.0, label="perfectly calibrated", zorder=1)
    most = max(float(points["rows"].max()), 1.0)
    for algorithm, part in points.groupby("algorithm", sort=False):
        color, _ = looks[str(algorithm)]
        _line(ax, part["mean_score"], part["share_of_class_1"], str(algorithm), looks)
        ax.scatter(
            part["mean_score"],
            part["share_of_class_1"],
            s=part["rows"] / most * MANY_ROWS + 4,
            color=color,
            alpha=0.6,
            linewidths=0,
            zorder=3,
        )
    _legend(figure)
    text = (
        f"Scores in bins, and the share of class 1 among the rows of each bin, on {rows:,} held-out rows; the larger a "
        "mark, the more rows. Below the grey line a model is too sure of class 1, above it too unsure. Small marks are "
        "few rows and wander by chance; algorithms whose scores are no probabilities aren't shown."
    )
    return figure, Caption("calibration", "Calibration", text)


def _square(x: str, y: str) -> tuple[Figure, Axes]:
    figure = canvas(SIZE[1], width=SIZE[0])
    ax = figure.subplots()
    clean_axes(ax, grid="both")
    ax.set_xlabel(x, fontsize="small")
    ax.set_ylabel(y, fontsize="small")
    # A little beyond what is possible, so that the frame doesn't cut a curve at 0 or 1.
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))
    ax.set_aspect("equal")
    return figure, ax


def _line(ax: Axes, x: pd.Series, y: pd.Series, algorithm: str, looks: Mapping[str, tuple[str, object]]) -> None:
    color, style = looks[algorithm]
    name = plain(algorithm.replace("_", " "), most=32)
    ax.plot(x, y, color=color, linestyle=style, linewidth=1.5, label=name, zorder=2)


def _legend(figure: Figure) -> None:
    figure.legend(loc="outside right upper", frameon=False, fontsize="small")
