"""A run -> its report: summary.json and figures/."""

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

from .figures import plot_metric
from .loaded import load_run

DEFAULT_METRICS = ("accuracy", "f1")


@dataclass(frozen=True, slots=True)
class Report:
    """What `write_report` wrote: the summary, where it lies, and the figures."""

    summary: dict[str, Any]
    path: Path
    figures: tuple[Path, ...]


def write_report(
    path: Path,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    truth: Path | None = None,
    out: Path | None = None,
    noise: Discordance | None = None,
    where: Where = HERE,
) -> Report:
    """Write summary.json and a figure with its numbers for each metric.

    Args:
        path: the run directory; an unfinished run is reported as far as it goes.
        metrics: what to draw, of `static_model.metrics.METRICS`.
        truth: a file with the planted truth, if not the run's own.
        out: where to write; the run directory if None.
        noise: the discordance of never and always on this stream; see `judge`.
        where: the deployment to give totals for.

    Raises:
        UsageError: no such metric, share or cost.
        RunError: no run, a damaged one, or the report can't be written.
    """
    for metric in metrics:
        _check_metric(metric)
    loaded = load_run(path, truth=truth, noise=noise, where=where)
    run, summary = loaded.run, loaded.summary
    folder = out or path
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"can't write the report to {folder}: {error.strerror}; choose another --out") from None
    figures = tuple(folder / "figures" / f"{metric}.png" for metric in dict.fromkeys(metrics))
    for figure in figures:
        plot_metric(run.windows, figure.stem, run.events, run.truth, path=figure)
    with replace_file(folder / "summary.json") as file:
        file.write(json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    return Report(summary, folder / "summary.json", figures)


def _check_metric(metric: str) -> None:
    if metric not in METRICS:
        raise UsageError(f"no metric '{metric}'{nearest(metric, METRICS)}; known are {', '.join(METRICS)}")
