"""The verb `predict`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", required=True, type=click.Path(path_type=Path), help="A model directory.")
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="A file *.csv or *.csv.gz.")
@click.option(
    "--engine",
    default="scorer",
    show_default=True,
    type=click.Choice(["scorer", "spark"]),
    help="The portable scorer, or the saved Spark pipeline: the same rows, later.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def predict(
    context: click.Context, files: tuple[Path, ...], model: Path, out: Path, engine: str, force: bool, as_json: bool
) -> None:
    """Score the rows of FILE with a saved model: `score` and `prediction` are added to each.

    FILE is CSV, TSV or Parquet of the model's contract, with the label or without it. Rows that are no records go to
    OUT.dead_letters.jsonl with their line numbers; the last line says how many, and if there are any, the exit code
    is 1. Memory doesn't grow with the file.

    Example: driftduel predict stream.csv.gz --model model --out predictions.csv
    """
    from producer.progress import progress

    from .predict import predict_files

    with progress("Predicting", None) as advance:
        done = predict_files(files, model, out, engine=engine, force=force, advance=advance)  # type: ignore[arg-type]
    if as_json:
        import json

        letters = str(done.dead_letters) if done.dead_letters else None
        counts = {"rows": done.rows, "positives": done.positives, "dead": done.dead}
        click.echo(json.dumps({"out": str(out), **counts, "dead_letters": letters}))
    else:
        click.echo(f"{out}: {done.rows:,} rows, {done.positives:,} of them predicted positive")
        dead = f"{done.dead:,} rows are no records: {done.dead_letters}" if done.dead else "0 rows are no records"
        click.echo(dead)
    context.exit(1 if done.dead else 0)
