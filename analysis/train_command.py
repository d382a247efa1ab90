"""The verb `train`: the job is `static_model`'s; its figures are drawn here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .train_options import training_options

if TYPE_CHECKING:
    from producer.dataset import Dataset
    from static_model.job import Job
    from static_model.training.settings import Settings


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@training_options
def train(files: tuple[str, ...], directory: Path, as_json: bool, **options: Any) -> None:
    """Train the static model on FILE... with Spark, and say how good it is and why it was chosen.

    Algorithms are compared on repeated splits of the training part, tried on rows that none of them has seen, and the
    one that is kept becomes a directory that needs no Spark to be used. FILE is CSV, TSV, gzip or Parquet of the
    contract, or a Hadoop URI.

    Example: driftduel train static.csv --dataset dns-exfil --out model
    """
    from producer.dataset import load_dataset
    from static_model.job import train_file

    from .train_report import show

    contract = _with_features(load_dataset(options["dataset"]), options)
    job = train_file(
        files,
        contract,
        directory,
        settings=_settings(contract, options),
        test=options["test"],
        skip_bad_rows=options["skip_bad_rows"],
        force=options["force"],
        illustrate=_draw,
    )
    if as_json:
        click.echo(json.dumps(_as_json(job, directory), indent=2, ensure_ascii=False))
    else:
        show(job, directory)


def _draw(assessment: Path) -> None:
    from .figures.curves import draw_curves

    (assessment / "figures").mkdir()
    draw_curves(assessment, assessment / "figures")


def _with_features(dataset: Dataset, options: dict[str, Any]) -> Dataset:
    return dataset.with_features(options["features"]).without_features(options["left_out"])


def _settings(dataset: Dataset, options: dict[str, Any]) -> Settings:
    """The settings that the options say. A column that the contract leaves out and the user adds is shown both ways."""
    from static_model.training.settings import ALGORITHMS, DEFAULT_ALGORITHMS, Settings, parse_encodings

    named = options["algorithms"]
    chosen = ALGORITHMS if "all" in named else tuple(name for name in ALGORITHMS if name in named)
    encode, columns = parse_encodings(options["encode"])
    shown = dict.fromkeys((*options["with_without"], *options["features"]))
    same = (
        "seed holdout split_by duplicates folds repeats refit trees boosts balance ratio positive_fraction "
        "compare_encodings prevalence cost_fp cost_fn partitions"
    )
    return Settings(
        **{name: options[name] for name in same.split()},
        algorithms=chosen or DEFAULT_ALGORITHMS,
        max_depth=options["depth"],
        encode=encode,
        encode_columns=columns,
        with_without=tuple(shown),
        kinds=dataset.kind_name is not None if options["kinds"] is None else options["kinds"],
        threshold_rule=options["threshold"],
    )


def _as_json(job: Job, directory: Path) -> dict[str, Any]:
    saved = job.saved
    return {
        "model": str(directory),
        "digest": saved.digest,
        "bytes": saved.size,
        "parity": saved.parity,
        "info": dict(saved.model.info),
        "holdout": {"records": saved.model.holdout_records, "errors": saved.model.holdout_errors},
        "skipped": job.skipped,
        "headers": job.headers,
        "tables": {name: [dict(row) for row in rows] for name, rows in job.tables.items()},
    }
