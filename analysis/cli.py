"""The verbs `report` and `demo`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from producer.cli import DATA

if TYPE_CHECKING:
    from .report import Report


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--metric", "metrics", multiple=True, help="Draw this metric of the tracker; may be repeated. [accuracy, f1]"
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["png", "svg", "pdf"]),
    help="Draw the figures as such files; may be repeated. [png, svg]",
)
@click.option(
    "--paper",
    multiple=True,
    type=click.Choice(["one-column", "two-column"]),
    help="Draw the figures that wide, too, as PDF into figures/WIDTH; may be repeated.",
)
@click.option("--truth", type=click.Path(path_type=Path), help="Sidecar with planted drift. [the run's own]")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write. [RUN; ./comparison for several]")
@click.option("--latex", is_flag=True, help="Write the table of arms as table.tex, too, for booktabs.")
@click.option("--csv", "as_csv", is_flag=True, help="Write the table of arms as table.csv, too.")
@click.option("--prevalence", type=float, help="Share of attacks where the model will work. [the stream's]")
@click.option("--cost-fp", default=1.0, show_default=True, type=float, help="Cost of a false alarm.")
@click.option("--cost-fn", default=1.0, show_default=True, type=float, help="Cost of a missed attack.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def report(
    runs: tuple[Path, ...],
    metrics: tuple[str, ...],
    formats: tuple[str, ...],
    paper: tuple[str, ...],
    truth: Path | None,
    out: Path | None,
    latex: bool,
    as_csv: bool,
    prevalence: float | None,
    cost_fp: float,
    cost_fn: float,
    as_json: bool,
) -> None:
    """Table, figures and verdict of RUN; several runs are compared.

    Writes report.html, one file that opens from disk without a network; summary.json; and figures/, each with its
    numbers as CSV. An unfinished run is reported as far as it goes. Of several runs each is reported under runs/, and
    comparison.json says what they say together: seeds of one stream, or several streams.

    Example: driftduel report runs/dns --metric accuracy --metric recall
    """
    from analysis.measures.measured import Where

    from .report import DEFAULT_METRICS, FORMATS, write_report

    options: dict[str, Any] = {
        "metrics": metrics or DEFAULT_METRICS,
        "formats": formats or FORMATS,
        "paper": paper,
        "where": Where(prevalence=prevalence, cost_fp=cost_fp, cost_fn=cost_fn),
    }
    if len(runs) > 1:
        from .comparison_command import compare

        compare(runs, out=out, truth=truth, latex=latex, csv=as_csv, as_json=as_json, **options)
        return
    from .report_files import write_tables

    written = write_report(runs[0], truth=truth, out=out, **options)
    files = write_tables(written.summary, written.path.parent, latex=latex, csv=as_csv)
    if as_json:
        click.echo(json.dumps(written.summary, ensure_ascii=False))
    else:
        show(written, files)


def show(written: Report, files: Sequence[Path] = ()) -> None:
    """Print a report: the table, the sentences, and where everything lies."""
    from .report_tables import more_tables, result_table, sentences
    from .terminal import show_summary

    show_summary(result_table(written.summary), sentences(written.summary), more_tables(written.summary))
    for figure in written.figures:
        click.echo(f"figure:  {figure} (its numbers: {figure.with_suffix('.csv').name})")
    for file in files:
        click.echo(f"table:   {file}")
    click.echo(f"summary: {written.path}")
    if written.page is not None:
        click.echo(f"report:  {written.page}")


@click.command()
@click.option("--out", default="demo", show_default=True, type=click.Path(path_type=Path), help="Where all of it goes.")
@click.option(
    "--records", default=100_000, show_default=True, type=click.IntRange(10_000), help="Length of the stream."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**62), help="Same seed, same demo.")
@click.option("--bootstrap", help="HOST:PORT of a Kafka broker. [an embedded one]")
@DATA
def demo(out: Path, records: int, seed: int, bootstrap: str | None, data: Path) -> None:
    """The whole duel on a synthetic stream, in about a minute.

    Starts an embedded Kafka, trains a model with Spark on 20,000 synthetic DNS records, replays a stream with
    one abrupt and one gradual planted drift onto a topic, lets the static and the dynamic model read it, and
    reports. An earlier demo in the same folder is replaced.

    Example: driftduel demo --out demo --seed 2
    """
    from .demo import run_demo

    show(run_demo(out=out, records=records, seed=seed, bootstrap=bootstrap, data=data))
