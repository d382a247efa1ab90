"""The verb `evaluate`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import duel_options, kafka_options, open_kafka, read_duel

if TYPE_CHECKING:
    from .outcome import DuelOutcome, LabelBooks


def _list_kinds(context: click.Context, option: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from .registry import FOLDERS, arguments, kinds

    for role in FOLDERS:
        click.echo(f"{role.replace('_', ' ')}:")
        for kind, made in sorted(kinds(role).items()):
            said = (made.__doc__ or "").strip().splitlines()[0]
            click.echo(f"  {kind}{_brackets(arguments(made))}\n      {said}")
    context.exit()


def _brackets(names: list[str]) -> str:
    return f"({', '.join(names)})" if names else ""


@click.command()
@duel_options
@kafka_options
@click.option(
    "--watch",
    "watch_it",
    is_flag=True,
    help="Serve a live page meanwhile, its address on stderr; it ends a moment after this command. 'driftduel watch' "
    "shows the run again.",
)
@click.option(
    "--kinds",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_kinds,
    help="List what an arm can be made of.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def evaluate(*, run: Path, watch_it: bool, as_json: bool, **options: Any) -> None:
    """The duel: static and dynamic model read the same windows, into a run directory.

    The same command again resumes the run, and costs only what is new. An arm is `static`, `dynamic`, or
    NAME:key=value,... with the keys policy, train (joined by +), learner, gate, latency, and metric, below, c, margin
    for a value of theirs. A component is a word, or WORD(VALUE, NAME=VALUE); `driftduel evaluate --kinds` lists all.
    What isn't said is as in `dynamic`, but train is last-1 for a policy that dates no change.

    Example: driftduel evaluate --model model --topic dns --run runs/dns --arm dynamic
    --arm classical:policy=threshold,metric=accuracy,below=0.81,train=last-1,gate=none
    """
    from producer.progress import progress

    from .duel import run_duel
    from .watching import watched

    page = watched(run, say=lambda at: click.echo(f"live page: {at}", err=True)) if watch_it else nullcontext()
    with page, open_kafka(options, needed=_needs_kafka(run, options)) as kafka:
        outcome = run_duel(read_duel(options, kafka), run=run, bar=partial(progress, f"duel into {run}"))
    if as_json:
        click.echo(json.dumps(asdict(outcome)))
    else:
        _show(outcome, run)


def _needs_kafka(run: Path, options: Mapping[str, Any]) -> bool:
    """Whether a topic is to be read or written: not what a run holds already, nor where the options are wrong."""
    from .label_store import finished_labels
    from .opening import finished_source

    topic = options["topic"]
    reads = topic is not None and options["file"] is None and finished_source(run, topic) is None
    return bool(reads or options["predictions_topic"]) or not finished_labels(run, options["labels_topic"])


def _show(outcome: DuelOutcome, run: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from static_model.origin import unknown_training

    table = Table("arm", "accuracy", "alarms", "fits", "promoted", "rejected", "refused", "rolled back")
    for name, total in outcome.arms.items():
        accuracy = "" if total.accuracy is None else f"{total.accuracy:.4f}"
        cost = total.cost
        counts = (cost.alarms, cost.fits, cost.promoted, cost.rejected, cost.refused, cost.rolled_back)
        table.add_row(name, accuracy, *(str(number) for number in counts))
    Console().print(table)
    books = outcome.books
    click.echo(
        f"{outcome.windows} windows, {books.numbers:,} numbers = {books.scored:,} scored + {books.dead:,} dead letters "
        f"+ {books.set_aside:,} set aside + {books.missing:,} missing; {books.doubles:,} doubles apart"
    )
    if outcome.missing or outcome.cut:
        click.echo(_missing(outcome))
    if outcome.labels is not None:
        click.echo(_labels(outcome.labels))
    if outcome.imported is not None:
        click.echo(unknown_training(outcome.imported))
    click.echo(
        f"run: {run}" if outcome.finished else f"run: {run} (the stream goes on: the same command reads further)"
    )
    click.echo(f"next: driftduel report {run}")


def _missing(outcome: DuelOutcome) -> str:
    from .outcome import say_ranges

    said = f"missing numbers: {say_ranges(outcome.missing, more=' (--json has them all)') or 'none'}"
    if not outcome.cut:
        return said
    return f"{said}; {_cut('topic', outcome.cut)}"


def _cut(what: str, begins: Mapping[str, int]) -> str:
    places = ", ".join(f"at offset {first:,} in partition {p}" for p, first in begins.items())
    return f"the {what} had lost its start (retention): when the run was started it began {places}"


def _labels(books: LabelBooks) -> str:
    said = (
        f"{books.messages:,} label messages = {books.labels:,} of the stream's records + {books.elsewhere:,} of other "
        f"numbers + {books.doubles:,} doubles + {books.unreadable:,} unreadable; {books.never:,} records never got a "
        f"label, {books.too_late:,} got theirs too late for the arms"
    )
    if not books.cut:
        return said
    return f"{said}; {_cut('label topic', books.cut)}, so that some of these records may have had a label there"
