"""The baselines of a summary as tables: paths and oracle, each arm beside them, and the three causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .terminal import make_table, number

if TYPE_CHECKING:
    from rich.table import Table

Summary = Mapping[str, Any]
PRICES = (10.0, 100.0)
"""Of a retrain, in errors: those of which the tables show oracle and regret, beside 0."""


def path_table(summary: Summary) -> Table | None:
    """For each training set the paths never, always and periodic, and the oracle at three prices."""
    rows = []
    for name, table in _part(summary, "tables").items():
        for path, found in table["paths"].items():
            rows.append([name, path, f"{found['errors']:,}", number(found["retrains"], 0), _saved(found)])
        for found in table["oracle"]:
            if found["alpha"] in (0.0, *PRICES):
                title = "oracle" if found["alpha"] == 0 else f"oracle, {found['alpha']:g} a retrain"
                rows.append([name, title, f"{found['errors']:,}", number(found["retrains"], 1), _saved(found)])
    titles = ("path", "errors", "retrains", "errors saved (95 %)")
    return make_table("trained on", titles, rows, left=1) if rows else None


def arm_table(summary: Summary) -> Table | None:
    """Each arm beside the oracle and 1,000 random schedules with as many retrains."""
    rows = []
    for arm, found in _part(summary, "arms").items():
        if "reason" in found:
            rows.append([arm, found["reason"].partition(":")[0], "", "", "", ""])
            continue
        regrets = {one["alpha"]: one for one in found["regret"]}
        share = regrets[0.0]["share"]
        beside = found["beside"] + ("*" if found["beats"] else "")
        percentile = found["random"] and found["random"]["percentile"]
        values = [number(regrets[alpha]["regret"], 0) for alpha in (0.0, PRICES[-1])]
        rows.append([arm, beside, *values, "" if share is None else f"{share:.1%}", number(percentile, 1)])
    titles = ("beside", "regret", f"at {PRICES[-1]:g}\na retrain", "share of\nthe gain", "better than\nrandom, %")
    return make_table("arm", titles, rows, left=1) if rows else None


def cause_table(summary: Summary) -> Table | None:
    """Dynamic minus static, taken apart: errors saved per 100 records where the arm ran another model than static."""
    rows = []
    for arm, found in _part(summary, "causes").items():
        if "freshness" in found:
            parts = [found[cause]["difference"] for cause in ("engine", "size", "freshness", "total")]
            rows.append([arm, *(f"{part:+.2f}" for part in parts)])
    return make_table("arm", ("engine", "rows", "freshness", "in all"), rows) if rows else None


def hindsight_notes(summary: Summary) -> list[str]:
    """What must be known with these tables."""
    hindsight = summary.get("hindsight")
    if hindsight is None:
        return []
    if "stale" in hindsight:
        return [hindsight["stale"]]
    notes = []
    if hindsight["every"] > 1:
        notes.append(f"Baselines are fitted after every {hindsight['every']} windows only.")
    if any(found.get("beats") for found in hindsight["arms"].values()):
        notes.append("*: its models aren't all on these paths, so that it may beat this oracle.")
    reasons = {found["reason"] for found in hindsight["causes"].values() if "reason" in found}
    return [*notes, *(f"Three causes: {reason}." for reason in sorted(reasons))]


def _part(summary: Summary, name: str) -> Mapping[str, Any]:
    part: Mapping[str, Any] = summary.get("hindsight", {}).get(name, {})
    return part


def _saved(found: Mapping[str, Any]) -> str:
    return f"{found['gain']:,.0f} ({found['low']:,.0f} to {found['high']:,.0f})"
