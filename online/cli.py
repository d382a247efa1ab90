"""The verb `evaluate`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from producer.cli import DATA, SEED
from producer.patience import PATIENCE

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
@click.option("--model", required=True, type=click.Path(path_type=Path), help="Directory of the static model.")
@click.option("--topic", help="Read this Kafka topic.")
@click.option("--file", type=click.Path(path_type=Path), help="Read this CSV file instead of a topic.")
@click.option("--run", required=True, type=click.Path(path_type=Path), help="The run directory, new or to be resumed.")
@click.option("--arm", "arms", multiple=True, help="NAME or NAME:key=value,...; may be repeated. [static, dynamic]")
@click.option(
    "--primary", multiple=True, help="An arm that is declared primary; may be repeated. [all arms but static]"
)
@click.option(
    "--window", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="Records per window."
)
@click.option("--follow", is_flag=True, help="The topic is still being filled: wait for what is yet to come ...")
@click.option(
    "--idle-timeout",
    type=click.FloatRange(0, min_open=True),
    help="... until nothing has come for so many seconds. [for ever]",
)
@click.option(
    "--max-windows",
    type=click.IntRange(1, 10**9),
    help="Stop after this many windows; the run stays open, unless it follows.",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Every fit's seed derives from it.")
@click.option(
    "--training",
    multiple=True,
    type=click.Path(path_type=Path),
    help="What the model was trained on, for arms that learn from these rows, too; may be repeated.",
)
@click.option(
    "--label-delay",
    default=0,
    show_default=True,
    type=click.IntRange(0, 10**9),
    help="How many records later a label is known.",
)
@click.option(
    "--label-share",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the labels that the arms ever see, drawn at random; the report uses all.",
)
@click.option("--labels-topic", help="Labels come from this topic, keyed by record; the records' own are ignored.")
@click.option("--labels-file", type=click.Path(path_type=Path), help="Labels come from this file: seq,label,after.")
@click.option(
    "--label-horizon",
    type=click.IntRange(0, 10**9),
    help="The arms wait for such labels until so many records after a window's end.",
)
@click.option("--predictions-topic", help="Put all predictions onto this topic, each exactly once.")
@click.option("--wire", type=click.Choice(["csv", "json-csv", "json"]), help="How records travel. [the contract's]")
@click.option("--truth", type=click.Path(path_type=Path), help="Sidecar with planted drift, for the plots.")
@click.option("--bootstrap", help="HOST:PORT of a Kafka broker. [an embedded one]")
@click.option("--kafka-config", type=click.Path(path_type=Path), help="Client settings, key=value per line.")
@click.option(
    "--patience",
    default=PATIENCE,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="How many seconds to wait for a broker that has stopped answering.",
)
@DATA
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
def evaluate(
    *,
    model: Path,
    topic: str | None,
    file: Path | None,
    run: Path,
    arms: tuple[str, ...],
    labels_topic: str | None,
    predictions_topic: str | None,
    bootstrap: str | None,
    kafka_config: Path | None,
    data: Path,
    watch_it: bool,
    as_json: bool,
    **options: Any,
) -> None:
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
    from .label_store import finished_labels
    from .opening import finished_source
    from .watching import watched

    config: dict[str, object] = {}
    broker: AbstractContextManager[str | None] = nullcontext(bootstrap)
    reads_topic = topic is not None and file is None and finished_source(run, topic) is None
    if reads_topic or predictions_topic or not finished_labels(run, labels_topic):
        from producer.broker import with_broker
        from producer.client import read_client_config

        config = read_client_config(kafka_config)
        broker = with_broker(bootstrap, data, config=config)
    page = watched(run, say=lambda at: click.echo(f"live page: {at}", err=True)) if watch_it else nullcontext()
    with page, broker as address:
        outcome = run_duel(
            model=model,
            run=run,
            arms=arms or ("static", "dynamic"),
            topic=topic,
            file=file,
            labels_topic=labels_topic,
            predictions_topic=predictions_topic,
            bootstrap=address,
            config=config,
            bar=partial(progress, f"duel into {run}"),
            **options,
        )
    if as_json:
        click.echo(json.dumps(asdict(outcome)))
    else:
        _show(outcome, run)


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
