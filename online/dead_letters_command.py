"""The verb `dead-letters`."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from producer.cli import DATA

if TYPE_CHECKING:
    from producer.replay import Replayed


@click.command("dead-letters")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--by-reason", is_flag=True, help="Count them by reason instead.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Show at most so many.")
@click.option("--export", type=click.Path(path_type=Path), help="Write all of them to this file, to be corrected.")
@click.option(
    "--republish", type=click.Path(path_type=Path), help="Send the corrected ones in this file as records ..."
)
@click.option("--topic", help="... onto this topic, a new one.")
@click.option("--partitions", type=click.IntRange(1, 1_000), help="Of the topic. [its own, or 1]")
@click.option("--force", is_flag=True, help="Let --export replace a file that is there already.")
@click.option("--bootstrap", metavar="HOST:PORT", help="A broker of your own instead of the embedded one.")
@click.option("--kafka-config", type=click.Path(path_type=Path), help="Client settings, a file of key=value lines.")
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one line for each letter, or one object.")
def dead_letters(
    *,
    run: Path,
    by_reason: bool,
    limit: int,
    export: Path | None,
    republish: Path | None,
    topic: str | None,
    force: bool,
    as_json: bool,
    **broker: Any,
) -> None:
    """The messages of RUN that are no records: why, where they came from, and their bytes.

    --export writes them as lines of JSON for a person to correct: change `message` (it travels as it stands there),
    or remove the line. --republish checks each message, and sends all of them as records onto a topic of their own,
    with new numbers, as a finished run's stay as they are; FILE.origins.csv says which letter each came from.

    Example: driftduel dead-letters runs/dns --export letters.jsonl
    """
    from producer.errors import UsageError

    if by_reason + (export is not None) + (republish is not None) > 1:
        raise UsageError("--by-reason, --export and --republish are three different things; ask for one at a time")
    if (republish is None) != (topic is None):
        raise UsageError("--republish FILE and --topic T go together: which letters, and where to")
    if republish is not None and topic is not None:
        _republish(run, republish, topic, as_json=as_json, **broker)
    elif export is not None:
        _export(run, export, force=force, as_json=as_json)
    elif by_reason:
        _count(run, as_json=as_json)
    elif as_json:
        _print_lines(run)
    else:
        _show(run, limit)


def _show(run: Path, limit: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .dead_letters import read_letters, safe_text

    letters = read_letters(run)
    table = Table("number", "reason", "place", "message")
    for letter in islice(letters, limit):
        cells = (f"{letter.seq:,}", safe_text(letter.reason.encode(), 200), letter.place, safe_text(letter.raw))
        table.add_row(*map(Text, cells))  # no mark-up: brackets are the message's own
    shown = table.row_count
    if shown:
        Console().print(table)
    total = shown + sum(1 for _ in letters)
    more = f"; {shown:,} are shown, --limit shows more, --by-reason counts them" if shown < total else ""
    click.echo(f"{total:,} dead letter{'s' * (total != 1)} in {run}{more}")
    if total:
        click.echo(f"next: driftduel dead-letters {run} --export letters.jsonl")


def _count(run: Path, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .dead_letters import count_reasons, read_letters, safe_text
    from .run import read_contract

    counts = count_reasons(read_letters(run), read_contract(run).names)
    if as_json:
        click.echo(json.dumps(dict(counts.most_common()), ensure_ascii=False))
        return
    table = Table("letters", "reason")
    for reason, times in counts.most_common():
        table.add_row(f"{times:,}", Text(safe_text(reason.encode(), 200)))
    if counts:
        Console().print(table)
    click.echo(f"{counts.total():,} dead letter{'s' * (counts.total() != 1)} in {run}")


def _print_lines(run: Path) -> None:
    from .dead_letters import json_line, read_letters

    for letter in read_letters(run):
        click.echo(json_line(letter), nl=False)


def _export(run: Path, file: Path, *, force: bool, as_json: bool) -> None:
    from producer.errors import UsageError

    from .dead_letters import json_line, read_letters
    from .files import replace_file

    if file.exists() and not force:
        raise UsageError(f"{file} is there already; name another file, or replace it with --force")
    written = 0
    with replace_file(file) as out:
        for letter in read_letters(run):
            out.write(json_line(letter))
            written += 1
    if as_json:
        click.echo(json.dumps({"letters": written, "file": str(file)}))
        return
    click.echo(f"{file}: {written:,} dead letter{'s' * (written != 1)}. Correct 'message', or remove the line; then:")
    click.echo(f"  driftduel dead-letters {run} --republish {file} --topic TOPIC")


def _republish(
    run: Path,
    file: Path,
    topic: str,
    *,
    as_json: bool,
    bootstrap: str | None,
    kafka_config: Path | None,
    data: Path,
    partitions: int | None,
) -> None:
    from functools import partial

    from producer.broker import with_broker
    from producer.client import read_client_config
    from producer.progress import progress

    from .corrected import checked_letters, republish

    config = read_client_config(kafka_config)
    with checked_letters(run, file) as checked, with_broker(bootstrap, data, config=config) as address:
        done = republish(
            checked,
            topic=topic,
            bootstrap=address,
            partitions=partitions,
            config=config,
            bar=partial(progress, "Republishing"),
        )
    said = {"topic": topic, "bootstrap": address, "origins": str(checked.origins), **asdict(done)}
    click.echo(json.dumps(said) if as_json else _sentences(topic, done, checked.origins))


def _sentences(topic: str, done: Replayed, origins: Path) -> str:
    return (
        f"Topic '{topic}' holds all {done.records:,} corrected records ({done.sent:,} sent now).\n"
        f"They are a stream of their own, numbered from 0 to {done.records - 1:,}: a run's numbers stay as they are.\n"
        f"{origins} says which dead letter each came from."
    )
