"""What `evaluate` may be asked, as options of the command line; and where Kafka is, for all verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from producer.cli import DATA, SEED, Numbers
from producer.patience import PATIENCE

if TYPE_CHECKING:
    from .asked import Duel
    from .opening import Kafka

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Command], Command]

POSITIVE = Numbers(0, min_open=True)
PATH = click.Path(path_type=Path)

_DUEL = (
    click.option("--model", required=True, type=PATH, help="Directory of the static model."),
    click.option("--run", required=True, type=PATH, help="The run directory, new or to be resumed."),
    click.option("--arm", "arms", multiple=True, help="NAME or NAME:key=value,...; may be repeated. [static, dynamic]"),
    click.option(
        "--primary", multiple=True, help="An arm that is declared primary; may be repeated. [all arms but static]"
    ),
    click.option(
        "--window", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="Records per window."
    ),
    click.option(
        "--max-windows",
        type=click.IntRange(1, 10**9),
        help="Stop after this many windows; the run stays open, unless it follows.",
    ),
    click.option("--seed", default=0, show_default=True, type=SEED, help="Every fit's seed derives from it."),
    click.option(
        "--training",
        multiple=True,
        type=PATH,
        help="What the model was trained on, for arms that learn from these rows, too; may be repeated.",
    ),
)
_STREAM = (
    click.option("--topic", help="Read this Kafka topic."),
    click.option("--file", type=PATH, help="Read this CSV file instead of a topic."),
    click.option("--wire", type=click.Choice(["csv", "json-csv", "json"]), help="How records travel. [the contract's]"),
    click.option("--truth", type=PATH, help="Sidecar with planted drift, for the plots."),
    click.option("--follow", is_flag=True, help="The topic is still being filled: wait for what is yet to come ..."),
    click.option("--idle-timeout", type=POSITIVE, help="... until nothing has come for so many seconds. [for ever]"),
)
_LABELS = (
    click.option(
        "--label-delay",
        default=0,
        show_default=True,
        type=click.IntRange(0, 10**9),
        help="How many records later a label is known.",
    ),
    click.option(
        "--label-share",
        default=1.0,
        show_default=True,
        type=Numbers(0, 1, min_open=True),
        help="Share of the labels that the arms ever see, drawn at random; the report uses all.",
    ),
    click.option("--labels-topic", help="Labels come from this topic, keyed by record; the records' own are ignored."),
    click.option("--labels-file", type=PATH, help="Labels come from this file: seq,label,after."),
    click.option(
        "--label-horizon",
        type=click.IntRange(0, 10**9),
        help="The arms wait for such labels until so many records after a window's end.",
    ),
)
_PREDICTIONS = (click.option("--predictions-topic", help="Put all predictions onto this topic, each exactly once."),)
_KAFKA = (
    click.option(
        "--bootstrap", help="HOST:PORT of a Kafka broker, several by commas, where there is a topic. [embedded]"
    ),
    click.option("--kafka-config", type=PATH, help="Client settings, key=value per line."),
    click.option(
        "--patience",
        default=PATIENCE,
        show_default=True,
        type=POSITIVE,
        help="How many seconds to wait for a broker that has stopped answering.",
    ),
    DATA,
)


def duel_options(command: Command) -> Command:
    """Give a click command all that a duel may be asked, but for Kafka's options."""
    return _given(command, *_DUEL, *_STREAM, *_LABELS, *_PREDICTIONS)


def kafka_options(command: Command) -> Command:
    """Give a click command the options that `open_kafka` takes."""
    return _given(command, *_KAFKA)


def _given(command: Command, *options: Option[Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def read_duel(options: Mapping[str, Any], kafka: Kafka) -> Duel:
    """What the options of `duel_options` ask for.

    Raises:
        UsageError: an arm isn't valid, or two options don't go together.
    """
    from .asked import Duel
    from .label_store import LabelSource
    from .opening import Stream

    stream, labels = ("topic", "file", "wire", "truth", "follow"), ("delay", "share", "horizon")
    duel = ("model", "primary", "window", "max_windows", "seed", "training")
    return Duel(
        stream=Stream(**{name: options[name] for name in stream}, idle=options["idle_timeout"]),
        kafka=kafka,
        arms=options["arms"] or ("static", "dynamic"),
        labels=LabelSource(
            topic=options["labels_topic"],
            file=options["labels_file"],
            **{name: options[f"label_{name}"] for name in labels},
        ),
        predictions=options["predictions_topic"],
        **{name: options[name] for name in duel},
    )


@contextmanager
def open_kafka(options: Mapping[str, Any], *, needed: bool) -> Iterator[Kafka]:
    """Where topics are, as long as the block lasts: at the broker that was named, else at an embedded one.

    Args:
        options: those of `kafka_options`; others are left alone.
        needed: whether there is a topic; else no broker is started, and no setting read.

    Raises:
        UsageError: the client's settings can't be read.
        BrokerError: no broker can be started.
    """
    from .opening import Kafka

    if not needed:
        yield Kafka(bootstrap=options["bootstrap"], patience=options["patience"])
        return
    from producer.broker import with_broker
    from producer.client import read_client_config

    config = read_client_config(options["kafka_config"])
    with with_broker(options["bootstrap"], options["data"], config=config) as address:
        yield Kafka(bootstrap=address, config=config, patience=options["patience"])
