"""The table of arms as files for papers and spreadsheets: `table.tex` and `table.csv`, of one run or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from online.files import replace_file

from .latex import booktabs, escaped, interval, signed
from .tidy import COLUMNS, tidy_rows, to_csv

LATEX, CSV = "table.tex", "table.csv"
_METRICS = ("accuracy", "f1", "mcc")
_COSTS = ("alarms", "fits", "rows", "labels")
HEADINGS = (
    *("arm", "accuracy", "F1", "MCC", r"errors saved per 100 [95\,\% interval]"),
    *("alarms", "fits", "rows trained", "labels used"),
)


def run_latex(summary: Mapping[str, Any]) -> str:
    """A run's arms and baselines: totals, errors saved per 100 records against static with their interval, and costs.

    What is undefined is a dash.
    """
    return booktabs(HEADINGS, _groups(summary))


def runs_latex(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """The same of several runs, by their names: a group of rows for each run."""
    groups = (
        [(escaped(run) if place == 0 else "", *row) for place, row in enumerate(r for g in _groups(s) for r in g)]
        for run, s in summaries.items()
    )
    return booktabs(("run", *HEADINGS), groups, left=2)


def _groups(summary: Mapping[str, Any]) -> list[list[Sequence[str]]]:
    rows = list(tidy_rows(summary))
    return [[_row(row) for row in rows if row["kind"] == kind] for kind in ("arm", "baseline")]


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    costs = ("--" if row[cost] is None else f"{row[cost]:,}" for cost in _COSTS)
    metrics = (signed(row[metric], 4) for metric in _METRICS)
    return (escaped(row["arm"]), *metrics, interval(row["difference"], row["low"], row["high"]), *costs)


def run_csv(summary: Mapping[str, Any]) -> str:
    """The same as CSV, tidy: a row per arm and baseline, all numbers in full."""
    return to_csv(list(tidy_rows(summary)))


def runs_csv(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """The same of several runs."""
    rows = [{"run": run, **row} for run, summary in summaries.items() for row in tidy_rows(summary)]
    return to_csv(rows, ("run", *COLUMNS))


def write_tables(summary: Mapping[str, Any], folder: Path, *, latex: bool, csv: bool) -> tuple[Path, ...]:
    """Write a run's tables that are asked for; where they lie.

    Raises:
        RunError: they can't be written.
    """
    texts = {**({LATEX: run_latex(summary)} if latex else {}), **({CSV: run_csv(summary)} if csv else {})}
    return tuple(write_text(folder / name, text) for name, text in texts.items())


def write_text(path: Path, text: str) -> Path:
    """Write a table's text.

    Raises:
        RunError: it can't be written.
    """
    with replace_file(path) as file:
        file.write(text.encode())
    return path
