"""A run -> its report: summary.json, figures/ and report.html."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.inference.power import Discordance
from analysis.measures.measured import HERE, Where
from online.files import replace_file
from producer.errors import RunError, UsageError, nearest
from static_model.metrics import METRICS

from .figures import METRIC_CHARTS
from .loaded import LoadedRun, load_run
from .report_page import Drawn, report_page

DEFAULT_METRICS = ("accuracy", "f1")
FORMATS = ("svg", "png")


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
        page: whether to draw the figures beside those of metrics, and to write report.html.

    Raises:
        UsageError: no such metric, share or cost.
        RunError: no run, a damaged one, or the report can't be written.
    """
    for metric in metrics:
        _check_metric(metric)
    loaded = load_run(path, truth=truth, noise=noise, where=where)
    summary, folder = loaded.summary, out or path
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"can't write the report to {folder}: {error.strerror}; choose another --out") from None
    figures = tuple(folder / "figures" / f"{metric}.png" for metric in dict.fromkeys(metrics))
    for metric in dict.fromkeys(metrics):
        chart = loaded.figures.get(metric) or METRIC_CHARTS[metric](loaded)
        chart.save(folder / "figures", formats=FORMATS if page else ("png",))
    with replace_file(folder / "summary.json") as file:
        file.write(json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    return Report(summary, folder / "summary.json", figures, _write_page(loaded, metrics, folder) if page else None)


def _write_page(loaded: LoadedRun, metrics: Sequence[str], folder: Path) -> Path:
    """Draw the figures that this run has something for, those of metrics if they were asked for, and the page."""
    asked = {name: chart for name, chart in loaded.figures.items() if name in metrics or name not in METRICS}
    pictures = {}
    for name, chart in asked.items():
        if name not in metrics:  # those are drawn already
            chart.save(folder / "figures", formats=FORMATS)
        pictures[name] = Drawn(chart.described(), (folder / "figures" / f"{name}.svg").read_text("utf-8"))
    with replace_file(folder / "report.html") as file:
        file.write(report_page(loaded, pictures, endings=(*FORMATS, "csv")).encode())
    return folder / "report.html"


def _check_metric(metric: str) -> None:
    if metric not in METRICS:
        raise UsageError(f"no metric '{metric}'{nearest(metric, METRICS)}; known are {', '.join(METRICS)}")
