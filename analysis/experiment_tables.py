"""An experiment's tables: one tidy row per stream, seed and arm, and a LaTeX table with mean and interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from analysis import tidy
from analysis.inference.units import FEWEST_UNITS, policy_claim

from .latex import booktabs, escaped, interval

COLUMNS = ("stream", "seed", *tidy.COLUMNS)

Results = Mapping[tuple[str, int], Mapping[str, Any]]
"""The summary of each run, by stream and seed."""


def tidy_rows(results: Results) -> list[dict[str, Any]]:
    """A row per stream, seed and arm (or baseline): totals, the paired difference to static, and costs.

    `difference` is in errors per 100 records, above 0 where the arm is better than static; `low` and `high` are the
    ends of its 95 % interval on that stream.
    """
    return [
        {"stream": stream, "seed": seed, **row}
        for (stream, seed), summary in results.items()
        for row in tidy.tidy_rows(summary)
    ]


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The tidy rows as CSV; what is undefined is empty."""
    return tidy.to_csv(rows, COLUMNS)


def stream_scores(results: Results, metric: str = "accuracy") -> dict[str, dict[str, float]]:
    """For each stream and arm the metric's mean over the seeds: higher is better, NaN where it is undefined in one.

    >>> arms = {"static": {"metrics": {"accuracy": 0.5}}}
    >>> stream_scores({("elec", 0): {"arms": arms}, ("elec", 1): {"arms": arms}})
    {'elec': {'static': 0.5}}
    """
    found: dict[str, dict[str, list[float]]] = {}
    for (stream, _), summary in results.items():
        for arm, totals in summary["arms"].items():
            value = totals["metrics"][metric]
            found.setdefault(stream, {}).setdefault(arm, []).append(math.nan if value is None else value)
    return {stream: {arm: fmean(values) for arm, values in arms.items()} for stream, arms in found.items()}


def policy_claims(results: Results) -> dict[str, dict[str, Any]]:
    """For each stream and arm what its seeds say together: the mean difference to static with its interval.

    A claim about a policy on that stream takes seeds as units; with fewer than 5 of them, or where all come out the
    same, none is made.
    """
    found: dict[str, dict[str, Any]] = {}
    for stream in dict.fromkeys(stream for stream, _ in results):
        summaries = [summary for (name, _), summary in results.items() if name == stream]
        found[stream] = {arm: _claim(arm, summaries) for arm in summaries[0]["comparisons"]}
    return found


def _claim(arm: str, summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    estimates = [summary["comparisons"][arm]["estimate"] for summary in summaries if arm in summary["comparisons"]]
    values = [estimate["difference"] for estimate in estimates if estimate]
    return {"seeds": len(values), **policy_claim(values, unit="seeds")}


def to_latex(claims: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    r"""A table in booktabs' style: arms down, streams across; errors saved per 100 records, mean and 95 % interval.

    >>> print(to_latex({"a_b": {"dynamic": {"seeds": 1, "difference": 1.5, "low": None, "high": None}}}))
    % \usepackage{booktabs}
    \begin{tabular}{lr}
    \toprule
    arm & a\_b \\
    \midrule
    dynamic & 1.50 \\
    \bottomrule
    \end{tabular}
    <BLANKLINE>
    """
    streams = list(claims)
    arms = list(dict.fromkeys(arm for stream in streams for arm in claims[stream]))
    rows = [[escaped(arm), *(_cell(claims[stream].get(arm)) for stream in streams)] for arm in arms]
    return booktabs(["arm", *map(escaped, streams)], [rows])


def _cell(claim: Mapping[str, Any] | None) -> str:
    return "--" if claim is None else interval(claim["difference"], claim["low"], claim["high"])


def too_few(claims: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str | None:
    """What must be said where no claim about a policy can be made."""
    seeds = min((claim["seeds"] for arms in claims.values() for claim in arms.values()), default=FEWEST_UNITS)
    if seeds >= FEWEST_UNITS:
        return None
    return f"No claim about a policy is made from fewer than {FEWEST_UNITS} seeds: these are results of single runs."
