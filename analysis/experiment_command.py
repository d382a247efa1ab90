"""The verb `experiment`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from online.options import kafka_options, open_kafka

if TYPE_CHECKING:
    from online.experiment import Experiment

    from .experiment import Unit


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where runs, streams and tables go.")
@click.option("--processes", type=click.IntRange(1, 256), help="Runs at a time. [as many as there are cores]")
@click.option("--pages/--no-pages", default=True, help="A report.html with all figures for each run. [--pages]")
@kafka_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def experiment(
    file: Path,
    out: Path,
    processes: int | None,
    pages: bool,
    as_json: bool,
    **kafka: Any,
) -> None:
    """Streams x seeds x arms, as FILE says: plants drift, replays, evaluates, computes baselines, reports.

    Writes a run with its report for each stream and seed, table.csv (tidy), table.tex (mean and interval over the
    seeds), summary.json and, from six streams on, figures/critical-difference (the arms ranked over streams). The same
    command again goes on with what is missing. A run's own experiment.toml repeats that run.

    Example: driftduel experiment experiment.toml --out results
    """
    from online.experiment import read_experiment
    from producer.progress import progress

    from .experiment import run_experiment, units

    asked = read_experiment(file)
    total = len(units(asked, out))
    needed = any(stream.topic is not None for stream in asked.streams)
    with open_kafka(kafka, needed=needed) as at, progress(f"Experiment into {out}", total) as advance:
        summaries = run_experiment(
            asked,
            out,
            kafka=at,
            processes=processes or os.cpu_count() or 1,
            pages=pages,
            done=lambda unit: advance(1),
        )
    result = _write(asked, summaries, out)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        _show(result, out)


def _write(asked: Experiment, summaries: Mapping[Unit, dict[str, Any]], out: Path) -> dict[str, Any]:
    from online.files import replace_file

    from .experiment_tables import policy_claims, stream_scores, tidy_rows, to_csv, to_latex

    results = {(unit.stream.name, unit.seed): summary for unit, summary in summaries.items()}
    claims = policy_claims(results)
    runs = {f"{unit.stream.name}/seed-{unit.seed}": summary for unit, summary in summaries.items()}
    result = {"format": 1, "policies": claims, "ranks": _rank(stream_scores(results), out), "runs": runs}
    texts = {
        "table.csv": to_csv(tidy_rows(results)),
        "table.tex": to_latex(claims),
        "summary.json": json.dumps(result, indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        with replace_file(out / name) as sink:
            sink.write(text.encode())
    return result


def _rank(scores: Mapping[str, Mapping[str, float]], out: Path) -> dict[str, Any]:
    """Rank the arms over the streams, into `figures/critical-difference.*`; why not, where they are too few."""
    from .figures import critical_difference

    chart = critical_difference(scores)
    if chart.refusal is None:
        (out / "figures").mkdir(exist_ok=True)
        chart.save(out / "figures")
    return chart.plain()


def _show(result: Mapping[str, Any], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from .experiment_tables import too_few
    from .tabular import ends, points

    table = Table("stream", "arm", "seeds", "errors saved per 100 records", "95 % interval", "finding", box=None)
    for stream, arms in result["policies"].items():
        for arm, claim in arms.items():
            saved, interval = points(claim["difference"]), ends(claim["low"], claim["high"])
            table.add_row(stream, arm, str(claim["seeds"]), saved, interval, claim["finding"])
    Console().print(table)
    if (said := too_few(result["policies"])) is not None:
        click.echo(f"\n{said}")
    ranks = result["ranks"]
    if ranks["streams"] > 1:  # with one stream nobody expects ranks
        click.echo("\n" + ranks.get("words", ranks.get("reason")))
    click.echo(f"\nruns:    {out / 'runs'} (each with its summary.json and figures)")
    click.echo(f"tables:  {out / 'table.csv'}, {out / 'table.tex'}")
    if "words" in ranks:
        click.echo(f"figure:  {out / 'figures' / 'critical-difference.svg'}")
    click.echo(f"summary: {out / 'summary.json'}")
