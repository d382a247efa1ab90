"""The verb `inject`: drift planted into a file that the user has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .cli import SEED

if TYPE_CHECKING:
    from .inject import Injected
    from .injection import Injection

SPEC = "KIND@N[-END][,KEY=VALUE...]"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="DATASET", help="A preset's name or a contract file.")
@click.option("--kind", help="prior, label-swap, permutation, scaling, missing or category.")
@click.option("--at", metavar="N[-END]", help="The first row to be new; all of them are from END on.")
@click.option("--shape", help="incremental: what is done grows until END, instead of the chance of it.")
@click.option("--period", type=int, help="Recurring: new for so many rows, old for as many, until END.")
@click.option("--feature", "features", multiple=True, metavar="COLUMN", help="What to change; all suited features.")
@click.option("--share", type=float, help="Of attacks (prior; half of what it was), else of the records (1).")
@click.option("--factor", type=float, help="Of scaling; 2 if left out.")
@click.option("--value", help="The new word of category; 'unseen' if left out.")
@click.option("--drift", "drifts", multiple=True, metavar=SPEC, help="One more drift, in one word. Repeatable.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A file *.csv or *.csv.gz.")
@click.option("--seed", type=SEED, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON.")
def inject(
    file: Path, dataset: str, drifts: tuple[str, ...], out: Path, seed: int, force: bool, as_json: bool, **single: Any
) -> None:
    """Plant drift into FILE (CSV, TSV, gzip or Parquet). The truth goes into OUT.truth.json, for `evaluate --truth`.

    Rows keep their order and their number; N counts them from 0. Kinds: prior (the share of attacks changes: rows
    become copies of recent ones of the other class), label-swap (attacks are called benign and the other way round),
    permutation (features of one type change places), scaling (numbers times a factor), missing (values get lost:
    empty, or the median where the contract has no gaps), category (a word that the column has never held).

    Example: driftduel inject stream.csv.gz --dataset dns-exfil --kind label-swap --at 40000 --out drifted.csv.gz

    Example: driftduel inject s.csv --dataset d.toml --drift scaling@9000-12000,factor=3,feature=len --out new.csv
    """
    from .dataset import load_dataset
    from .inject import inject_file
    from .injection_spec import parse_injection
    from .progress import progress

    injections = [*_single(**single), *map(parse_injection, drifts)]
    contract = load_dataset(dataset)
    with progress("Reading rows, twice", None) as advance:
        made = inject_file(file, contract, injections, seed=seed, out=out, force=force, advance=advance)
    click.echo(_summary(made, as_json=as_json))


def _single(kind: str | None, at: str | None, features: tuple[str, ...], **given: Any) -> list[Injection]:
    """The drift that --kind, --at and their options describe, if they do."""
    from .errors import UsageError
    from .injection_spec import checked_injection, parse_span

    asked = {name: value for name, value in given.items() if value is not None} | (
        {"features": features} if features else {}
    )
    if kind is None and at is None and not asked:
        return []
    if kind is None or at is None:
        raise UsageError(f"a drift needs both --kind and --at; or write it as --drift {SPEC}")
    return [checked_injection({"kind": kind, **parse_span(at, f"--at {at}"), **asked}, f"--kind {kind}")]


def _summary(made: Injected, *, as_json: bool) -> str:
    """What was written, in two lines for people, or as one JSON object for scripts."""
    if as_json:
        files = {"file": str(made.files.path), "truth": str(made.files.truth), "sha256": made.files.sha256}
        changed = [{"drift": str(injection), "changed": count} for injection, count in made.changed]
        return json.dumps({**files, "changed": changed, **made.truth})
    planted = "; ".join(f"{injection}: {count:,} records changed" for injection, count in made.changed)
    dead = f", {made.truth['dead']:,} of them no records" if made.truth["dead"] else ""
    return (
        f"{made.files.path}: {made.truth['records']:,} rows{dead}, sha256 {made.files.sha256}\n"
        f"{made.files.truth}: what was planted ({planted})"
    )
