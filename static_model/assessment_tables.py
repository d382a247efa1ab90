"""The assessment of several algorithms as tables, which figures and reports are made from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .assessment import Assessed, Curves, assess, curves
from .metrics import count

CURVES: Mapping[str, tuple[str, ...]] = {
    "roc": ("false_positive_rate", "recall", "threshold"),
    "pr": ("recall", "precision", "threshold"),
    "calibration": ("mean_score", "share_of_class_1", "rows"),
}


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_assessment(
    folder: Path,
    assessed: Mapping[str, Assessed],
    *,
    prevalence: float | None = None,
    cost_fp: float = 1.0,
    cost_fn: float = 1.0,
) -> None:
    """Write `metrics.csv`, `confusion.csv`, `roc.csv`, `pr.csv` and `calibration.csv`.

    Args:
        folder: an existing folder.
        assessed: for each algorithm its scores of the same held-out rows.
        prevalence: as in `assess`.
        cost_fp: of a false alarm.
        cost_fn: of a missed attack.

    Raises:
        OSError: it can't be written.
    """
    options: dict[str, Any] = {"prevalence": prevalence, "cost_fp": cost_fp, "cost_fn": cost_fn}
    figures = {
        name: assess(a.labels, a.scores, threshold=a.threshold, probabilistic=a.probabilistic, **options)
        for name, a in assessed.items()
    }
    metrics = next(iter(figures.values()))
    write_table(folder / "metrics.csv", ("metric", *figures), ((m, *(f[m] for f in figures.values())) for m in metrics))
    write_table(folder / "confusion.csv", ("algorithm", "label", "prediction", "rows"), _confusion(assessed))
    found = {
        name: curves(a.labels, a.scores, probabilistic=a.probabilistic)
        for name, a in assessed.items()
        if 0 < a.labels.sum() < len(a.labels)
    }
    for curve, columns in CURVES.items():
        write_table(folder / f"{curve}.csv", ("algorithm", *columns), _points(found, curve))


def _confusion(assessed: Mapping[str, Assessed]) -> Iterable[Sequence[Any]]:
    for name, a in assessed.items():
        counts = count(a.labels, a.scores > a.threshold)
        cells = ((1, 1, counts.tp), (1, 0, counts.fn), (0, 1, counts.fp), (0, 0, counts.tn))
        yield from ((name, *cell) for cell in cells)


def _points(found: Mapping[str, Curves], curve: str) -> Iterable[Sequence[Any]]:
    for name, each in found.items():
        yield from ((name, *point) for point in getattr(each, curve).tolist())


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV table: None is the empty cell, and text that a spreadsheet would take for a formula begins with a quote.

    Some drop a tab or carriage return at the beginning, and take what follows for one.

    Raises:
        OSError: it can't be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        # With "\n" for its line end, the writer would leave a carriage return in a cell without quotes.
        writer = csv.writer(SimpleNamespace(write=lambda row: file.write(row.removesuffix("\r\n") + "\n")))
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value
