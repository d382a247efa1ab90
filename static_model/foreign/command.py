"""The verb `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from producer.cli import Numbers

if TYPE_CHECKING:
    from .importing import Imported


@click.command("import", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="D", help="A preset's name or a contract file.")
@click.option("--out", required=True, metavar="MODEL", type=click.Path(path_type=Path), help="The new model directory.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="It may read this column too; repeatable.")
@click.option("--learner", metavar="FAMILY[:key=value,...]", help="What a retraining fits. [the model's own family]")
@click.option("--threshold", type=Numbers(0, 1), help="Positive above this score. [the model's own]")
@click.option("--force", is_flag=True, help="Replace a model that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_command(
    place: Path,
    dataset: str,
    out: Path,
    features: tuple[str, ...],
    learner: str | None,
    threshold: float | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make a model directory from a model that somebody else saved.

    PLACE is the directory of a Spark ML PipelineModel (3.x or 4.x), a scikit-learn pipeline saved by skops (*.skops),
    or a classifier in ONNX (*.onnx). It is read as data and never run; what can't be computed exactly as it was is
    refused by its name and place.

    Families of learners are logistic_regression, linear_svc, decision_tree, random_forest and gradient_boosted_trees.

    Example: driftduel import forest.skops --dataset dns-exfil --out model
    """
    from producer.dataset import load_dataset

    from .importing import import_model

    contract = load_dataset(dataset).with_features(features)
    done = import_model(place, contract, out, learner=learner, threshold=threshold, force=force)
    if as_json:
        _print_json(done, out)
    else:
        _print_summary(done, out)


def _print_json(done: Imported, out: Path) -> None:
    import json

    foreign, model = done.foreign, done.model
    result = {
        "model": str(out),
        "digest": done.digest,
        "kind": foreign.kind,
        "parts": list(foreign.parts),
        "estimator": type(model.estimator).__name__.lower(),
        "threshold": model.threshold,
        "learner": dict(model.estimator.parameters),
        "notes": list(foreign.notes),
        "bytes": done.size,
    }
    click.echo(json.dumps(result, indent=2))


def _print_summary(done: Imported, out: Path) -> None:
    from .words import sentences

    for sentence in sentences(done):
        click.echo(sentence)
    kept = f", Spark's own pipeline: {out / 'spark'}" if done.foreign.kind == "spark" else ""
    click.echo(f"Model: {out} (digest {done.digest[:12]}, {done.size:,} bytes){kept}")
