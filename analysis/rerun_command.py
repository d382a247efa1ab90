"""The verb `rerun`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from online.options import kafka_options, open_kafka


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Keep the repeat here. [only kept if it differs]")
@click.option("--file", type=click.Path(path_type=Path), help="Where the stream's file lies now. [where it was]")
@click.option("--labels-file", type=click.Path(path_type=Path), help="Where its labels lie now. [where they were]")
@click.option(
    "--training",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Where the model's training files lie now; may be repeated. [where they were]",
)
@kafka_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def rerun(
    run: Path,
    out: Path | None,
    file: Path | None,
    labels_file: Path | None,
    training: tuple[Path, ...],
    as_json: bool,
    **kafka: Any,
) -> None:
    """Repeat RUN from its own directory, and say whether it came out the same.

    Reads the same stream again, up to where the run read it, with the model that the run keeps. Compares sequence
    numbers, records, labels, scores, events, models and windows.csv to the last bit; not positions, times and
    versions. Exit code 0: the same; 1: not, and it says what differs. RUN itself stays as it is.

    Example: driftduel rerun runs/dns
    """
    from analysis.salvage.inventory import refuse_endless
    from online.label_store import finished_labels
    from online.repeat import Found, read_asked
    from producer.progress import progress

    from .rerun import rerun as repeat_and_compare
    from .rerun_words import words

    refuse_endless(run)
    stream = read_asked(run).streams[0]
    needed = stream.topic is not None or not finished_labels(run, stream.labels_topic)
    with open_kafka(kafka, needed=needed) as at:
        found = Found(file=file, labels_file=labels_file, training=training, kafka=at)
        done = repeat_and_compare(run, out=out, found=found, bar=partial(progress, f"Repeating {run}"))
    click.echo(json.dumps(done.plain(), ensure_ascii=False) if as_json else "\n".join(words(done)))
    if not done.same:
        click.get_current_context().exit(1)
