"""The verb `explore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .explore import Explored


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--dataset", required=True, metavar="D", help="A preset's name or a contract file.")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The new directory.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="Judge this column too; may be repeated.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**63 - 1), help="Of the samples and the forest."
)
@click.option(
    "--sample",
    default=20_000,
    show_default=True,
    type=click.IntRange(100, 1_000_000),
    help="Rows for correlations and for permutation importance; all else counts every row.",
)
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that are no records, and count them.")
@click.option("--force", is_flag=True, help="Replace an exploration that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def explore(
    files: tuple[str, ...],
    dataset: str,
    out: Path,
    features: tuple[str, ...],
    seed: int,
    sample: int,
    skip_bad_rows: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Look at labelled records before a model is trained on them.

    Several FILEs (CSV, TSV, gzip, Parquet, Hadoop URIs) are taken together. Counts classes, missing values and doubles,
    describes every column, says how accurate any model can be at best, and recommends features with a reason for
    each. Writes DIR/index.html, one page that needs nothing else; its tables as CSV; its figures as SVG, PNG and PDF.

    Example: driftduel explore static.csv --dataset dns-exfil --out explored
    """
    from producer.dataset import load_dataset

    from .explore import explore_files

    contract = load_dataset(dataset).with_features(features)
    explored = explore_files(files, contract, out, seed=seed, sample=sample, skip_bad_rows=skip_bad_rows, force=force)
    if as_json:
        _print_json(explored)
    else:
        _print_story(explored)


def _print_json(explored: Explored) -> None:
    import json

    shown = ("overview", "classes", "kinds", "duplicates", "ceiling", "columns", "selection", "redundant")
    tables = {name: explored.tables[name].to_pylist() for name in shown}
    found = {"page": str(explored.page), "story": list(explored.story), **tables}
    click.echo(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False))


def _print_story(explored: Explored) -> None:
    for sentence in explored.story:
        click.echo(sentence)
    click.echo()
    selection = explored.tables["selection"].to_pylist()
    width = max(len(row["column"]) for row in selection)
    for row in sorted(selection, key=lambda row: (not row["recommended"], row["mean_rank"] or float("inf"))):
        click.echo(f"{row['column']:{width}}  {row['reason']}")
    click.echo(f"\nPage: {explored.page} (its tables in {explored.page.parent / 'tables'}, figures beside them)")
