"""What `train` prints: the data, the choice, how good it is, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from static_model.card import SHOWN

if TYPE_CHECKING:
    from static_model.job import Job

TOP = 6
MAX_COLUMNS = 12
"""Of a printed table of kinds: `assessment/kinds.csv` has all of them."""
WIDTH = 120
"""Of tables that go into a file or a pipe, where there is no terminal that would have one."""
TITLES = {
    "with_without": "What a column would buy",
    "encodings": "What each encoding of words is worth",
    "kinds_detected": "Kinds of attack: how many of the held-out records the model calls attacks",
    "kinds": "Kinds of attack: actual kind (rows) against predicted kind, by a model of several classes",
}


def show(job: Job, directory: Path) -> None:
    """Print the result of a training job."""
    info = job.saved.model.info
    for sentence in data_sentences(info, skipped=job.skipped, headers=job.headers):
        click.echo(sentence)
    _table("On the held-out records", ("metric", *_names(info), "kept, with duplicates"), _metrics(info))
    _table("The kept model's counts", ("", "predicted 1", "predicted 0"), _confusion(job))
    _table(
        "How it was chosen", ("algorithm", "mean MCC", "95 % interval", "threshold", "seconds", "size"), _choice(job)
    )
    click.echo(f"Kept: {info['algorithm']} ({info['selection']['reason']}).")
    click.echo(f"Threshold {info['threshold_rule']}.")
    click.echo(info["which_metric"])
    click.echo(f"Top features: {_top(info)}.")
    for name, title in TITLES.items():
        rows = job.tables[name]
        if rows:
            show_rows(title, rows)
    click.echo(job.saved.parity)
    click.echo(
        f"Model: {directory} ({job.saved.size:,} bytes, digest {job.saved.digest[:12]}); Spark's own pipeline: "
        f"{directory / 'spark'}; curves and tables: {directory / 'assessment'}; card: {directory / 'MODEL_CARD.md'}"
    )


def show_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of rows of one shape; their notes, each once, stand below it."""
    wide = len(rows[0]) > MAX_COLUMNS  # the counts of many kinds are for the file
    columns = [name for name in rows[0] if name != "note" and not (wide and name.startswith("as "))]
    _table(title, [SHOWN.get(name, name) for name in columns], ([row[name] for name in columns] for row in rows))
    notes = dict.fromkeys((str(row[columns[0]]), str(row["note"])) for row in rows if row.get("note"))
    for name, note in notes:
        click.echo(f"  {name}: {note}")


def data_sentences(info: Mapping[str, Any], *, skipped: int, headers: int) -> list[str]:
    """How many rows there were, in which parts, after balancing, and how many duplicates."""
    rows, settings = info["training"], info["settings"]
    found = [
        f"Records: {rows['records']:,} ({_classes(rows['class_counts'])}); "
        f"training part {_classes(rows['training_class_counts'])}; held out {_classes(rows['held_out_class_counts'])}."
    ]
    if settings["balance"] != "none":
        found.append(
            f"Fitted on after balancing ({settings['balance']}): {_classes(rows['fitted_class_counts'])}. "
            "So a score is no probability at the held-out rows' share of attacks."
        )
    effect = {
        "across": f"they don't decide: {rows['held_out_deciding']:,} do",
        "all": "each row was counted once, and those don't decide",
        "keep": "they are kept, and flatter the figures",
    }[settings["duplicates"]]
    found.append(
        f"Duplicates: {rows['duplicates_across_split']:,} of {rows['held_out_looked_at']:,} held-out records have an "
        f"exact duplicate (in all columns) in the training part; {effect}. "
        f"{rows['same_features_across_split']:,} of all held-out records have the features and the label of a "
        "training one."
    )
    if skipped or headers:
        found.append(f"Left out: {skipped:,} rows that are no records, {headers:,} repeated header lines.")
    return found


def _classes(counts: Mapping[str, int]) -> str:
    return f"{counts['0']:,} of class 0, {counts['1']:,} of class 1"


def _names(info: Mapping[str, Any]) -> list[str]:
    return list(info["comparison"])


def _metrics(info: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    found, whole, kept = info["comparison"], info["comparison_with_duplicates"], info["algorithm"]
    for metric, words in SHOWN.items():
        yield (words, *(figures[metric] for figures in found.values()), whole[kept][metric])


def _confusion(job: Job) -> Iterable[Sequence[Any]]:
    counts = job.saved.confusion
    yield "label 1", counts.tp, counts.fn
    yield "label 0", counts.fp, counts.tn


def _choice(job: Job) -> Iterable[Sequence[Any]]:
    info = job.saved.model.info
    cost = {row["algorithm"]: row for row in job.tables["cost"]}
    for name, spread in info["selection"]["mcc"].items():
        interval = "" if spread["low"] is None else f"{spread['low']:.4f} to {spread['high']:.4f}"
        took = f"{cost[name]['fit_seconds']:.1f}"
        yield name, spread["mean"], interval, info["thresholds"][name], took, cost[name]["size"]


def _top(info: Mapping[str, Any]) -> str:
    found = list(info["top_features"].items())[:TOP]
    return ", ".join(f"{name} {share:.3f}" for name, share in found)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, box=box.SIMPLE, title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(Text(column), justify="right" if place else "left", no_wrap=not place, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console()
    console.print(table) if console.is_terminal else Console(width=WIDTH).print(table)


def _cell(value: Any) -> str:
    """Text as it is (never as rich's markup), undefined as `-`."""
    if value is None:
        return "-"
    if isinstance(value, bool | str):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
