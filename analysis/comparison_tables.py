"""A comparison in words: sentences and tables, for a terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .tabular import Tabular, ends, number, p_value, points, tabular

Comparison = Mapping[str, Any]


def sentences(comparison: Comparison) -> list[str]:
    """What was compared, what it says of each policy, and what must be known with it."""
    runs = comparison["runs"]
    streams = len({run["stream"] for run in runs.values()})
    read = f"{len(runs)} runs of {streams} {'stream' if streams == 1 else 'streams'}."
    return [read, *comparison["verdicts"].values(), *rank_sentences(comparison), *comparison["notes"]]


def rank_sentences(comparison: Comparison) -> list[str]:
    """How the arms rank over the streams, or why they aren't ranked; nothing of one stream, where nobody expects it."""
    ranks = comparison["ranks"]
    return [ranks.get("words") or ranks["reason"]] if ranks["streams"] > 1 else []


def runs_table(comparison: Comparison) -> Tabular:
    """Every arm and baseline of every run: totals, errors saved with their interval, fits, and what was found."""
    headings = ("run", "arm", "accuracy", "F1", "MCC", "errors\nsaved", "95 %\ninterval", "fits", "finding")
    rows = []
    for name, run in comparison["runs"].items():
        for row in run["arms"]:
            metrics = (number(row[metric], 4) for metric in ("accuracy", "f1", "mcc"))
            fits = "" if row["fits"] is None else f"{row['fits']:,}"
            saved = points(row["difference"]), ends(row["low"], row["high"])
            rows.append([name, row["arm"], *metrics, *saved, fits, row["finding"] or ""])
    return tabular(headings, rows, left=1)


def claims_table(comparison: Comparison) -> Tabular:
    """For each arm what the runs say together: the mean over seeds or streams, its interval, and the finding."""
    headings = ("arm", "over", "errors\nsaved", "95 %\ninterval", "p (Holm)", "declared", "finding")
    rows = [
        (
            arm,
            f"{claim['units']} {claim['unit'] if claim['units'] != 1 else claim['unit'].removesuffix('s')}",
            points(claim["difference"]),
            ends(claim["low"], claim["high"]),
            p_value(claim["p_holm"]),
            "primary" if claim["primary"] else "exploratory",
            claim["finding"],
        )
        for arm, claim in comparison["claims"].items()
    ]
    return tabular(headings, rows, left=1)


def origins_table(comparison: Comparison) -> Tabular:
    """What each run is: stream, seed, settings, and digests of contract and model."""
    headings = ("run", "stream", "seed", "records", "window", "label\ndelay", "label\nshare", "contract", "model")
    rows = [
        (
            name,
            run["stream"],
            *("" if run[key] is None else f"{run[key]:,}" for key in ("seed", "records", "window", "label_delay")),
            "" if run["label_share"] is None else f"{run['label_share']:g}",
            *(str(run[key] or "")[:12] for key in ("contract", "model")),
        )
        for name, run in comparison["runs"].items()
    ]
    return tabular(headings, rows, left=1)


def tables(comparison: Comparison) -> Iterator[tuple[str, Tabular]]:
    """The tables beside the main one, each with its title; those without rows are left out."""
    for title, table in (
        ("What the runs say together: errors saved per 100 records", claims_table(comparison)),
        ("What each run is", origins_table(comparison)),
    ):
        if table.rows:
            yield title, table
