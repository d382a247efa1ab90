"""A run -> its report: summary.json, figures/ and report.html."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.inference.power import Discordance
from analysis.measures.measured import HERE, Where
from online.files import replace_file
from producer.errors import RunError, UsageError, nearest
from static_model.metrics import METRICS

from .figures import METRIC_CHARTS, Chart
from .figures.style import ONE_COLUMN, TWO_COLUMN, save, write_captions
from .loaded import LoadedRun, load_run
from .report_page import Drawn, report_page

DEFAULT_METRICS = ("accuracy", "f1")
FORMATS = ("png", "svg")
PAPER = {"one-column": ONE_COLUMN, "two-column": TWO_COLUMN}
"""Widths of figures in a paper, in inches."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `write_report` wrote: the summary, where it lies, the figures, and the page, if one was asked for."""

    summary: dict[str, Any]
    path: Path
    figures: tuple[Path, ...]
    page: Path | None = None


def write_report(
    path: Path,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    truth: Path | None = None,
    out: Path | None = None,
    noise: Discordance | None = None,
    where: Where = HERE,
    formats: Sequence[str] = FORMATS,
    paper: Sequence[str] = (),
    page: bool = True,
) -> Report:
    """Write summary.json, figures with their numbers, and the page that shows all of it.

    Args:
        path: the run directory; an unfinished run is reported as far as it goes.
        metrics: what to draw, of `static_model.metrics.METRICS`.
        truth: a file with the planted truth, if not the run's own.
        out: where to write; the run directory if None.
        noise: the discordance of never and always on this stream; see `judge`.
        where: the deployment to give totals for.
        formats: of the figures: png, svg and pdf; the page needs svg, and writes it.
        paper: of `PAPER`; the figures are drawn that wide, too, as PDF into `figures/one-column/` and so on.
        page: whether to draw the figures beside those of metrics, and to write report.html.

    Raises:
        UsageError: no such metric, share or cost.
        RunError: no run, a damaged one, or the report can't be written.
    """
    loaded = load_run(path, truth=truth, noise=noise, where=where)
    return write_loaded(loaded, metrics=metrics, out=out, formats=formats, paper=paper, page=page)


def write_loaded(
    loaded: LoadedRun,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    out: Path | None = None,
    formats: Sequence[str] = FORMATS,
    paper: Sequence[str] = (),
    page: bool = True,
) -> Report:
    """The same for a run that is loaded already.

    Args:
        loaded: the run.
        metrics: as of `write_report`, with all others.
        out: see there.
        formats: see there.
        paper: see there.
        page: see there.
    """
    for metric in metrics:
        _check_metric(metric)
    summary, folder = loaded.summary, out or loaded.run.path
    charts = {metric: loaded.figures.get(metric) or METRIC_CHARTS[metric](loaded) for metric in metrics}
    if page:
        charts |= {name: chart for name, chart in loaded.figures.items() if name not in METRICS}
    try:
        drawn = _draw(charts, folder / "figures", formats=tuple(dict.fromkeys((*formats, *(["svg"] * page)))))
        for width in paper:
            _draw_for_paper(charts, folder / "figures" / width, width=PAPER[width])
    except OSError as error:
        raise RunError(f"can't write the report to {folder}: {error.strerror}; choose another --out") from None
    with replace_file(folder / "summary.json") as file:
        file.write(json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    if page:
        with replace_file(folder / "report.html") as file:
            file.write(report_page(loaded, drawn, endings=(*formats, "csv")).encode())
    figures = tuple(folder / "figures" / f"{metric}.{formats[0]}" for metric in dict.fromkeys(metrics))
    return Report(summary, folder / "summary.json", figures, folder / "report.html" if page else None)


def _draw(charts: Mapping[str, Chart], folder: Path, *, formats: Sequence[str]) -> dict[str, Drawn]:
    """Save the figures with their numbers; those that were saved as SVG, too, are handed back for a page."""
    folder.mkdir(parents=True, exist_ok=True)
    for chart in charts.values():
        chart.save(folder, formats=formats)
    write_captions([chart.described() for chart in charts.values()], folder / "captions.json")
    shown = charts.items() if "svg" in formats else ()
    return {name: Drawn(chart.described(), (folder / f"{name}.svg").read_text("utf-8")) for name, chart in shown}


def _draw_for_paper(charts: Mapping[str, Chart], folder: Path, *, width: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for chart in charts.values():
        save(chart.draw(width=width), folder, chart.name, formats=("pdf",))


def _check_metric(metric: str) -> None:
    if metric not in METRICS:
        raise UsageError(f"no metric '{metric}'{nearest(metric, METRICS)}; known are {', '.join(METRICS)}")
