"""A run -> what there is to say of it, as plain JSON values: the content of summary.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.hindsight.beside import baseline_discordance, summarise_baselines
from analysis.inference.compare import majority_class, no_change
from analysis.inference.dispersion import warning
from analysis.inference.judgement import dispersions, judge, primary_arms, watched_arms
from analysis.inference.power import Discordance
from analysis.measures.labels_used import run_labels
from analysis.measures.measured import HERE, Where, measure_run
from analysis.salvage.tables import NO_VERDICT
from online.baselines.computing import Baselines
from online.tracker import count_cost
from static_model.metrics import Counts, count, metrics_from_counts
from static_model.origin import imported_from, unknown_training

from .runs import Outcomes, Run

FORMAT = 1
NO_DISCORDANCE = (
    "How small a difference this stream could have shown isn't known: it is measured on the discordance of 'never' and "
    "'always', and no arm is retrained after every window here."
)
ONE_CLASS = "All labels are of one class: only accuracy is defined."


def summarise(
    run: Run,
    outcomes: Outcomes | None,
    baselines: Baselines | None = None,
    *,
    noise: Discordance | None = None,
    where: Where = HERE,
) -> dict[str, Any]:
    """Everything that a report says, as plain JSON values; undefined metrics are None.

    Totals come from summed counts, never from averages over windows.

    Args:
        run: the run.
        outcomes: what each arm got wrong, or None if only counts are known; then there is no verdict.
        baselines: those computed for the run; they give its part `hindsight`.
        noise: the discordance of never and always on this stream, if not that of the baselines; see `judge`.
        where: the deployment to give totals for.
    """
    noise = noise or (baseline_discordance(baselines, outcomes) if baselines and outcomes else None)
    summary = _summarise(run, outcomes, noise, where)
    if baselines is not None and outcomes is not None:
        summary["hindsight"] = json.loads(json.dumps(summarise_baselines(run, outcomes, baselines), allow_nan=False))
    return summary


def _summarise(run: Run, outcomes: Outcomes | None, noise: Discordance | None, where: Where) -> dict[str, Any]:
    static = run.windows[run.windows["arm"] == run.arms[0]]
    costs = {arm: count_cost(run.events, arm) for arm in run.arms}
    scatter = dispersions(run)
    judged = judge(run, outcomes, costs, noise=noise) if outcomes else _unjudged(run)
    used = run_labels(run)
    counts = {arm: _sum_counts(run, arm) for arm in run.arms}
    return {
        "format": FORMAT,
        "finished": run.finished,
        "windows": len(static),
        **{name: int(static[name].sum()) for name in ("records", "labelled", "dead", "set_aside", "missing")},
        "arms": {
            arm: {**_totals(counts[arm]), "cost": {**asdict(costs[arm]), "labels": used[arm]}} for arm in run.arms
        },
        "baselines": _simple_baselines(outcomes) if outcomes else {},
        **judged,
        **measure_run(run, outcomes, costs, counts, where),
        "dispersion": {arm: asdict(found) if found else None for arm, found in scatter.items()},
        "notes": [
            *run.missing,
            *_notes(run, counts[run.arms[0]]),
            *(_notes_on_claims(run, judged["comparisons"]) if judged["comparisons"] else ()),
            *(warning(arm, found) for arm in watched_arms(run) if (found := scatter[arm]) and found.excessive),
        ],
        "lost": list(run.missing),
    }


def _unjudged(run: Run) -> dict[str, Any]:
    return {"comparisons": {}, "verdicts": {run.arms[0]: NO_VERDICT}}


def _simple_baselines(outcomes: Outcomes) -> dict[str, Any]:
    labels = np.concatenate([*outcomes.labels, np.empty(0, dtype=np.int8)]).astype(np.int8)
    return {
        "majority": _totals(count(labels, majority_class(labels))),
        "no-change": _totals(count(labels, no_change(labels))),
    }


def _sum_counts(run: Run, arm: str) -> Counts:
    sums = run.windows.loc[run.windows["arm"] == arm, ["tp", "fp", "tn", "fn"]].sum()
    return Counts(**{name: int(number) for name, number in sums.items()})


def _totals(counts: Counts) -> dict[str, Any]:
    return {"counts": asdict(counts), "metrics": metrics_from_counts(counts)}


def _notes(run: Run, labels: Counts) -> list[str]:
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
    if labels.total and not (labels.tp + labels.fn and labels.tn + labels.fp):
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
