"""The baselines in words: one table of paths, one of arms beside the oracle, and what must be known with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.tabular import Tabular, tabular

FREE = 0.0


def path_table(baselines: Mapping[str, Any]) -> Tabular:
    """Each baseline path with its errors, its cost and what it saved of static's errors, for each training set.

    Args:
        baselines: what `summarise_baselines` gives.
    """
    titles = ("path", "trained on", "errors", "accuracy", "retrains", "rows\ntrained", "errors saved\n(95 % interval)")
    rows = []
    for name, found in baselines.get("tables", {}).items():
        for path, row in found["paths"].items():
            accuracy = "" if row["accuracy"] is None else f"{row['accuracy']:.4f}"
            counts = (f"{row['errors']:,}", accuracy, f"{row['retrains']:,}", f"{row['rows']:,}")
            rows.append((path, name, *counts, "" if path == "never" else _saved(row)))
        records = found["records"]
        for row in _oracles(found):
            accuracy = f"{1 - row['errors'] / records:.4f}" if records else ""
            title = "oracle" if row["alpha"] == FREE else f"oracle at {row['alpha']:g}"
            rows.append((title, name, f"{row['errors']:,}", accuracy, f"{row['retrains']:g}", "", _saved(row)))
    return tabular(titles, rows, left=1)


def arm_table(baselines: Mapping[str, Any]) -> Tabular:
    """Each arm beside its oracle: regret and share of its gain where retrains are free, and the arm's place by chance.

    The percentile is among schedules that retrain as often at random: 50 is chance, 100 better than all of them.
    """
    titles = ("arm", "beside", "fits", "regret", "share of\nthe gain", "percentile\nby chance")
    rows = []
    for arm, found in baselines.get("arms", {}).items():
        if "reason" in found:
            rows.append((arm, found["reason"].partition(":")[0], "", "", "", ""))
            continue
        free = found["regret"][0]
        share = "" if free["share"] is None else f"{free['share']:.0%}"
        lucky = "" if found["random"] is None else f"{found['random']['percentile']:.1f}"
        beside = found["beside"] + (" *" if found["beats"] else "")
        rows.append((arm, beside, f"{found['fits']:,}", f"{free['regret']:,.0f}", share, lucky))
    return tabular(titles, rows, left=1)


def cause_table(baselines: Mapping[str, Any]) -> Tabular:
    """Dynamic minus static, taken apart: errors saved per 100 records where the arm ran another model than static."""
    rows = [
        [arm, *(f"{found[cause]['difference']:+.2f}" for cause in ("engine", "size", "freshness", "total"))]
        for arm, found in baselines.get("causes", {}).items()
        if "freshness" in found
    ]
    return tabular(("arm", "engine", "rows", "freshness", "in all"), rows)


def baseline_notes(baselines: Mapping[str, Any]) -> list[str]:
    """What must be known with the tables, and the three causes in words."""
    return list(_notes(baselines))


def _notes(baselines: Mapping[str, Any]) -> Iterator[str]:
    if "stale" in baselines:
        yield baselines["stale"]
        return
    if baselines["every"] > 1:
        yield f"Baselines and oracle retrain after every {baselines['every']} windows at most."
    if baselines["tables"]:
        yield "The oracle chooses its schedule on every other record and is scored on the rest, so it can't fit noise."
    for arm, found in baselines["arms"].items():
        if found.get("beats"):
            yield f"* '{arm}' may beat the oracle beside it: {', '.join(found['beats'])}."
        if "regret" in found and found["regret"][0]["share"] is None:
            yield f"No share of the oracle's gain is said for '{arm}': it isn't sure that there was a gain."
    for arm, found in baselines["causes"].items():
        yield found["words"] if "words" in found else f"The causes of '{arm}' are {found['reason']}."


def _oracles(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The oracle where retrains are free, and at each price from which on it retrains less."""
    last = None
    for row in found["oracle"]:
        if row["retrains"] != last and (row["retrains"] or last is None):
            yield row
        last = row["retrains"]


def _saved(row: Mapping[str, float]) -> str:
    return f"{row['gain']:,.0f} ({row['low']:,.0f} to {row['high']:,.0f})"
