"""The verbs of this folder: `generate`, `describe`, `broker`, `produce`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

SEED = click.IntRange(0, 2**63 - 1)
"""What a seed may be."""
RECORDS = click.IntRange(0, 10**9)


class Numbers(click.FloatRange):
    """A range of numbers; what is not a number, and so compares with none, is outside."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that was given."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


SHARE = "Share of the records that ever get one, drawn."
DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".driftduel"),
    show_default=True,
    help="Where the embedded broker keeps its topics.",
)


@click.command()
@click.argument("dataset")
@click.option("--records", type=int, required=True, help="How many records.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A file *.csv or *.csv.gz.")
@click.option("--error", type=float, default=0.02, show_default=True, help="The error no model can go below.")
@click.option("--attack-share", type=float, help="The share of attacks; 0.4 (dns-exfil) or 0.1 (linux-*) if left out.")
@click.option(
    "--drift",
    "drifts",
    multiple=True,
    metavar="KIND@START[-END]",
    help="Plant a drift: encoding, mix or prior; abrupt at START, or growing until END. Repeatable.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON.")
def generate(
    dataset: str,
    records: int,
    seed: int,
    out: Path,
    error: float,
    attack_share: float | None,
    drifts: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    """Write synthetic records of DATASET, with drift planted on demand: dns-exfil, linux-process or linux-memory.

    The linux-* records stand in for TON_IoT's labelled telemetry: same columns, same dirt, all synthetic.
    What was planted goes into FILE.truth.json beside the file, never into the records.

    Example: driftduel generate dns-exfil --records 100000 --seed 2 --drift encoding@40000 --out stream.csv.gz
    """
    from .progress import progress
    from .recipe import Recipe, parse_drift, usual_attack_share
    from .synthetic import summary_of, write

    planted = tuple(parse_drift(text) for text in drifts)
    share = usual_attack_share(dataset) if attack_share is None else attack_share
    recipe = Recipe(records, seed, error=error, attack_share=share, drifts=planted, dataset=dataset)
    with progress("Generating", records) as advance:
        written = write(recipe, out, force=force, advance=advance)
    click.echo(summary_of(recipe, written, as_json=as_json))


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The contract to write, a file *.toml.")
@click.option("--label", metavar="COLUMN", help="The label's column; found by its name or its words if left out.")
@click.option("--name", help="The contract's name; the first file's if left out.")
@click.option("--force", is_flag=True, help="Replace a contract that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print what was decided as JSON.")
def describe(
    files: tuple[Path, ...], out: Path, label: str | None, name: str | None, force: bool, as_json: bool
) -> None:
    """Draft a contract from FILE..., labelled records as CSV or TSV, plain or gzip, or Parquet.

    Types, cleaning, the label, the kind of attack, and which columns should stay out of a model: each decision
    stands with its reason in the draft, for you to correct.

    Example: driftduel describe flows.csv.gz --out flows.toml
    """
    from .describe_command import Order, run

    run(Order(files, out, label, name, force), as_json=as_json)


@click.group()
def broker() -> None:
    """The embedded Apache Kafka.

    Example: driftduel broker run --port 9092
    """


@broker.command("run")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port to listen on; any free one if left out.")
@DATA
def broker_run(port: int | None, data: Path) -> None:
    """Run the embedded Apache Kafka until Ctrl-C. Other commands with the same --data find and use it.

    Example: driftduel broker run --port 9092 --data .driftduel
    """
    from .broker import serve

    def announce(address: str) -> None:
        click.echo(address)
        click.echo(f"Apache Kafka answers at {address}, its data are in {data}; end it with Ctrl-C.", err=True)

    try:
        serve(data, port=port, announce=announce)
    except KeyboardInterrupt:
        click.echo("Apache Kafka has ended; its topics stay.", err=True)


@broker.command("fetch")
def broker_fetch() -> None:
    """Download the embedded Apache Kafka and check it, so that everything else works without a network.

    Example: driftduel broker fetch
    """
    from .broker import fetch_jars
    from .java import find_java

    java = find_java()
    jars = fetch_jars()
    click.echo(f"{len(jars)} jars of Apache Kafka are here and checked; they will run on {java}.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="DATASET", help="A preset's name or a contract file.")
@click.option("--topic", help="Created if it isn't there.")
@click.option("--partitions", type=click.IntRange(1, 1_000), help="Those of the topic, or 1 for a new one.")
@click.option("--wire", type=click.Choice(["csv", "json-csv", "json"]), help="How records travel; the contract's.")
@click.option("--rate", type=Numbers(0, min_open=True), help="Records per second; as fast as it goes.")
@click.option("--labels-topic", metavar="TOPIC", help="Labels go onto this topic, too, each by itself.")
@click.option("--labels-out", type=click.Path(path_type=Path), help="Labels go into this file, too: seq,label,after.")
@click.option("--label-delay", default=0, show_default=True, type=RECORDS, help="Labels come so many records late ...")
@click.option("--label-jitter", default=0, show_default=True, type=RECORDS, help="... and up to so many more, drawn.")
@click.option("--label-share", default=1.0, show_default=True, type=Numbers(0, 1, min_open=True), help=SHARE)
@click.option("--label-seed", default=1, show_default=True, type=SEED, help="Of these draws.")
@click.option("--bootstrap", metavar="HOST:PORT", help="A broker of your own (or several, by commas).")
@click.option("--kafka-config", type=click.Path(path_type=Path), help="Client settings, a file of key=value lines.")
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON.")
def produce(*, as_json: bool, **options: Any) -> None:
    """Replay FILE (CSV, TSV, gzip or Parquet) onto a Kafka topic, each record stamped with its number.

    The same command again goes on where the topic ends: nothing is missing, nothing doubled. With --labels-topic the
    labels travel by themselves, too: late, out of order, some never. The records keep their label column, as their
    contract says; `evaluate --labels-topic` ignores it.

    Example: driftduel produce stream.csv.gz --dataset dns-exfil --topic dns --partitions 3
    """
    from .replay_command import Order, run

    click.echo(run(Order(**options), as_json=as_json))
