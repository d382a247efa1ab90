"""The verb `train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .job import Job


SEED = click.IntRange(0, 2**63 - 1)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="D", help="A preset's name or a contract file.")
@click.option("--out", required=True, metavar="MODEL", type=click.Path(path_type=Path), help="The new model directory.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="Use this column too; may be repeated.")
@click.option("--seed", default=0, show_default=True, type=SEED, help="Of the split and the forest.")
@click.option(
    "--algorithm",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "logistic_regression", "random_forest"]),
    help="auto compares both on the held-out part.",
)
@click.option(
    "--holdout",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 0.9, min_open=True),
    help="The share of each class that is held out.",
)
@click.option("--trees", default=50, show_default=True, type=click.IntRange(1, 1000), help="Of the forest.")
@click.option("--depth", default=10, show_default=True, type=click.IntRange(1, 30), help="Of each tree, at most.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that are no records, and count them.")
@click.option("--force", is_flag=True, help="Replace a model that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def train(
    file: Path,
    dataset: str,
    out: Path,
    features: tuple[str, ...],
    seed: int,
    algorithm: str,
    holdout: float,
    trees: int,
    depth: int,
    skip_bad_rows: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Train the static model on the CSV FILE with Spark.

    Logistic regression and random forest are compared on a held-out part that neither has seen; the better one is
    saved as a directory that later needs no Spark to be used.

    Example: driftduel train static.csv --dataset dns-exfil --out model
    """
    from producer.dataset import load_dataset

    from .job import train_file
    from .training import ALGORITHMS, Settings

    chosen = tuple(name for name in ALGORITHMS if algorithm in ("auto", name))
    settings = Settings(seed=seed, holdout=holdout, algorithms=chosen, trees=trees, max_depth=depth)
    contract = load_dataset(dataset).with_features(features)
    job = train_file(file, contract, out, settings=settings, skip_bad_rows=skip_bad_rows, force=force)
    if as_json:
        _print_json(job, out)
    else:
        _print_summary(job, out)


def _print_json(job: Job, out: Path) -> None:
    import json

    saved = job.saved
    result = {"model": str(out), "digest": saved.digest, "parity": saved.parity, "info": dict(saved.model.info)}
    holdout = {"records": saved.model.holdout_records, "errors": saved.model.holdout_errors}
    click.echo(json.dumps({**result, "holdout": holdout, "skipped": job.skipped}, indent=2))


def _print_summary(job: Job, out: Path) -> None:
    saved, model = job.saved, job.saved.model
    info = model.info
    training = info["training"]
    negative, positive = training["class_counts"]["0"], training["class_counts"]["1"]
    _print_table(job)
    click.echo(f"Kept: {info['algorithm']} ({info['selection']['reason']}).")
    click.echo(
        f"Records: {training['records']:,} ({negative:,} of class 0, {positive:,} of class 1), of which "
        f"{model.holdout_records:,} held out; {training['duplicates_across_split']:,} of these have an exact double "
        "among the training records."
    )
    if job.skipped or job.headers:
        click.echo(f"Left out: {job.skipped:,} rows that are no records, {job.headers:,} repeated header lines.")
    click.echo(saved.parity)
    click.echo(f"Model: {out} (digest {saved.digest[:12]}), Spark's own pipeline: {out / 'spark'}")


def _print_table(job: Job) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from .metrics import METRICS

    info = job.saved.model.info
    table = Table(title="On the held-out records", box=box.SIMPLE, title_justify="left")
    table.add_column("metric")
    for name in info["comparison"]:
        table.add_column(name, justify="right", style="bold" if name == info["algorithm"] else "")
    for metric in METRICS:
        values = (metrics[metric] for metrics in info["comparison"].values())
        table.add_row(metric, *("-" if value is None else f"{value:.4f}" for value in values))
    Console().print(table)
