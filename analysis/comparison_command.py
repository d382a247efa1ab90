"""What `report` does with several runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from producer.errors import UsageError

if TYPE_CHECKING:
    from .comparison_report import ComparisonReport

OUT = Path("comparison")


def compare(runs: Sequence[Path], *, out: Path | None, truth: Path | None, as_json: bool, **options: Any) -> None:
    """Report each run, compare them, and print what came of it.

    Args:
        runs: the run directories.
        out: where to write; `comparison` in the current folder if None.
        truth: refused: it belongs to one run.
        as_json: print comparison.json instead of tables and sentences.
        options: as of `comparison_report.write_comparison`.
    """
    from producer.progress import progress

    from .comparison_report import write_comparison

    if truth is not None:
        raise UsageError("--truth is of one stream; report that run alone with it, or leave it out here")
    with progress("Reporting runs", len(runs)) as advance:
        written = write_comparison(runs, out=out or OUT, done=advance, **options)
    if as_json:
        click.echo(json.dumps(written.comparison, ensure_ascii=False))
    else:
        show(written)


def show(written: ComparisonReport) -> None:
    """Print a comparison: the table, the sentences, and where everything lies."""
    from .comparison_tables import runs_table, sentences, tables
    from .terminal import show_summary

    show_summary(runs_table(written.comparison), sentences(written.comparison), tables(written.comparison))
    for file in written.files:
        click.echo(f"written: {file}")
