"""A run -> its report: summary.json and figures/."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.hindsight.beside import baseline_discordance, summarise_baselines
from analysis.inference.compare import majority_class, no_change
from analysis.inference.dispersion import warning
from analysis.inference.judgement import dispersions, judge, primary_arms, watched_arms
from analysis.inference.power import Discordance
from analysis.measures.labels_used import run_labels
from analysis.measures.measured import HERE, Where, measure_run
from online.baselines.computing import read_baselines
from online.files import replace_file
from online.tracker import count_cost
from producer.errors import RunError, UsageError, nearest
from static_model.metrics import METRICS, Counts, count, metrics_from_counts
from static_model.origin import imported_from, unknown_training

from .figures import METRIC_CHARTS
from .loaded import LoadedRun
from .runs import Outcomes, Run, read_outcomes, read_run

FORMAT = 1
DEFAULT_METRICS = ("accuracy", "f1")
NO_DISCORDANCE = (
    "How small a difference this stream could have shown isn't known: it is measured on the discordance of 'never' and "
    "'always', and no arm is retrained after every window here."
)
ONE_CLASS = "All labels are of one class: only accuracy is defined."


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
    run = read_run(path, truth=truth)
    outcomes, baselines = read_outcomes(run), read_baselines(path)
    noise = noise or (baseline_discordance(baselines) if baselines else None)
    summary = summarise(run, outcomes, noise=noise, where=where)
    if baselines is not None:
        summary["hindsight"] = json.loads(json.dumps(summarise_baselines(run, outcomes, baselines), allow_nan=False))
    folder = out or path
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"can't write the report to {folder}: {error.strerror}; choose another --out") from None
    figures = tuple(folder / "figures" / f"{metric}.png" for metric in dict.fromkeys(metrics))
    loaded = LoadedRun(run)
    for figure in figures:
        METRIC_CHARTS[figure.stem](loaded).save(figure.parent, formats=("png",))
    with replace_file(folder / "summary.json") as file:
        file.write(json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    return Report(summary, folder / "summary.json", figures)


def _check_metric(metric: str) -> None:
    if metric not in METRICS:
        raise UsageError(f"no metric '{metric}'{nearest(metric, METRICS)}; known are {', '.join(METRICS)}")


def summarise(run: Run, outcomes: Outcomes, *, noise: Discordance | None = None, where: Where = HERE) -> dict[str, Any]:
    """Everything that a report says, as plain JSON values; undefined metrics are None.

    Totals come from summed counts, never from averages over windows.
    """
    static = run.windows[run.windows["arm"] == run.arms[0]]
    costs = {arm: count_cost(run.events, arm) for arm in run.arms}
    labels = np.concatenate([*outcomes.labels, np.empty(0, dtype=np.int8)]).astype(np.int8)
    records = int(static["records"].sum())
    scatter = dispersions(run, outcomes)
    judged = judge(run, outcomes, costs, noise=noise)
    used = run_labels(run)
    counts = {arm: _sum_counts(run, arm) for arm in run.arms}
    lost = {name: int(static[name].sum()) for name in ("dead", "set_aside", "missing") if name in static}
    return {
        "format": FORMAT,
        "finished": run.finished,
        "windows": len(static),
        "records": records,
        "labelled": len(labels),
        **lost,
        "arms": {
            arm: {**_totals(counts[arm]), "cost": {**asdict(costs[arm]), "labels": used[arm]}} for arm in run.arms
        },
        "baselines": {
            "majority": _totals(count(labels, majority_class(labels))),
            "no-change": _totals(count(labels, no_change(labels))),
        },
        **judged,
        **measure_run(run, outcomes, costs, counts, where),
        "dispersion": {arm: asdict(found) if found else None for arm, found in scatter.items()},
        "notes": [
            *_notes(run, labels_of_both=len(np.unique(labels)) > 1, labelled=len(labels)),
            *_notes_on_claims(run, judged["comparisons"]),
            *(warning(arm, found) for arm in watched_arms(run) if (found := scatter[arm]) and found.excessive),
        ],
    }


def _sum_counts(run: Run, arm: str) -> Counts:
    sums = run.windows.loc[run.windows["arm"] == arm, ["tp", "fp", "tn", "fn"]].sum()
    return Counts(**{name: int(number) for name, number in sums.items()})


def _totals(counts: Counts) -> dict[str, Any]:
    return {"counts": asdict(counts), "metrics": metrics_from_counts(counts)}


def _notes(run: Run, *, labels_of_both: bool, labelled: int) -> list[str]:
    notes = []
    if not run.finished:
        notes.append(
            f"This run isn't finished: {run.windows['window'].nunique():,} windows are reported. "
            "The same 'driftduel evaluate' again goes on with it."
        )
    if (imported := imported_from(run.manifest)) is not None:
        notes.append(unknown_training(imported))
    for arm in run.partial:
        notes.append(f"The arm '{arm}' is left out: it hasn't seen all of these windows yet.")
    if labelled and not labels_of_both:
        notes.append(ONE_CLASS)
    return notes


def _notes_on_claims(run: Run, comparisons: Mapping[str, Any]) -> list[str]:
    """Which arms are corrected for their number, and whether it is known what could have been found."""
    primary, notes = primary_arms(run), []
    if len(primary) > 1:
        notes.append(
            f"Primary arms: {', '.join(primary)}. Holm's correction covers them, for this stream and for more of the "
            "same apart; the intervals are at 95 % each."
        )
    if others := [arm for arm in comparisons if arm not in primary]:
        notes.append(f"Exploratory arms, not corrected for their number: {', '.join(others)}.")
    found = ("no difference", "identical", "too few")
    if any(one["finding"] in found and one["detectable"] is None for one in comparisons.values()):
        notes.append(NO_DISCORDANCE)
    return notes
