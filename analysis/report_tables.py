"""A summary in words: sentences and tables, for a terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from analysis.hindsight.tables import arm_table, baseline_notes, cause_table, path_table

from .tabular import Tabular, number, tabular

Summary = Mapping[str, Any]


def sentences(summary: Summary) -> list[str]:
    """The report in words: what was read, the verdict on each arm, and what must be known with it."""
    lost = [
        f"{summary[key]:,} {words}"
        for key, words in (("dead", "dead letters"), ("set_aside", "set aside"), ("missing", "missing"))
        if summary.get(key)
    ]
    read = f"{summary['records']:,} records in {summary['windows']:,} windows"
    notes = baseline_notes(summary["hindsight"]) if "hindsight" in summary else []
    return [", ".join([read, *lost]) + ".", *summary["verdicts"].values(), *summary["notes"], *notes]


def result_table(summary: Summary) -> Tabular:
    """Arms and baselines with their totals and costs."""
    titles = ("arm", "accuracy", "precision", "recall", "F1", "MCC", "alarms", "fits", "rows\ntrained", "promoted")
    rows = []
    for name, arm in (*summary["arms"].items(), *summary["baselines"].items()):  # an arm may be called majority
        values = [arm["metrics"][metric] for metric in ("accuracy", "precision", "recall", "f1", "mcc")]
        cost = arm.get("cost")
        paid = [f"{cost[key]:,}" for key in ("alarms", "fits", "rows", "promoted")] if cost else [""] * 4
        rows.append([name, *(number(value, 4) for value in values), *paid])
    return tabular(titles, rows)


def more_tables(summary: Summary) -> Iterator[tuple[str, Tabular]]:
    """The tables beside the main one, each with its title; those that this run has nothing for are left out."""
    for title, make in TABLES.items():
        if (table := make(summary)) is not None:
            yield title, table


def _cost(summary: Summary) -> Tabular | None:
    keys = ("alarms", "fits", "rows", "labels", "promoted", "rejected", "refused", "rolled_back")
    rows = [[arm, *(number(found["cost"][key], 0) for key in keys)] for arm, found in summary["arms"].items()]
    titles = ("alarms", "fits", "rows\ntrained", "labels\nused", "promoted", "rejected", "refused", "rolled\nback")
    return tabular(("arm", *titles), rows)


def _over_time(summary: Summary) -> Tabular | None:
    rows = []
    for arm, found in summary["measures"].items():
        agreement, area = found["agreement"], found["area_under_time"]
        values = [agreement["kappa"], agreement["kappa_temporal"], agreement["kappa_m"]]
        values += [area[metric]["value"] for metric in ("accuracy", "f1")]
        rows.append([arm, *(number(value, 4) for value in values), number(found["fading"]["accuracy"], 4)])
    titles = ("kappa", "above\nno-change", "above\nmajority", "AUT of\naccuracy", "AUT\nof F1", "fading\naccuracy")
    return tabular(("arm", *titles), rows)


def _deployment(summary: Summary) -> Tabular | None:
    if not summary["deployment_asked"]:
        return None
    rows = []
    for arm, found in summary["measures"].items():
        where = found["deployment"]
        costs = (where["cost"], where["cost_silent"], where["cost_alarmed"])
        rows.append(
            [arm, number(where["prevalence"], 4), number(where["precision"], 4), *(number(cost, 1) for cost in costs)]
        )
    titles = ("share of\nattacks", "precision", "cost of\n1,000", "never an\nalarm", "always\nan alarm")
    return tabular(("arm", *titles), rows)


def _price(summary: Summary) -> Tabular | None:
    price = summary["price"]
    if len(price["curve"]["totals"]) < 2:
        return None
    rows = []
    for segment in price["cheapest"]:
        high = "any" if segment["high"] is None else f"below {segment['high']:,.1f}"
        rows.append([segment["arm"], f"{segment['low']:,.1f}", high])
    return tabular(("cheapest arm", "from", "to"), rows)


def _recovery(summary: Summary) -> Tabular | None:
    rows = [
        [arm, str(one["start"]), one["state"], number(one["windows"], 0), number(one["lost"], 0)]
        for arm, found in summary["measures"].items()
        for one in found["recovery"]
    ]
    return tabular(("arm", "drift in\nwindow", "state", "after\nwindows", "errors\nlost"), rows) if rows else None


def _detectors(summary: Summary) -> Tabular | None:
    rows = [
        [
            one["detector"],
            *(str(one[key]) for key in ("hits", "missed", "harmless")),
            number(one["delay"], 1),
            str(one["false_episodes"]),
            number(one["false_rate"], 1),
        ]
        for one in summary.get("detectors", ())
    ]
    titles = ("hits", "missed", "harmless", "median\ndelay", "false\nalarms", "of 1,000\nwindows")
    return tabular(("detector", *titles), rows) if rows else None


def _in_hindsight(make: Callable[[Summary], Tabular]) -> Callable[[Summary], Tabular | None]:
    """A table of the baselines, where there are some and it has rows."""

    def made(summary: Summary) -> Tabular | None:
        table = make(summary.get("hindsight", {}))
        return table if table.rows else None

    return made


TABLES: Mapping[str, Callable[[Summary], Tabular | None]] = {
    "Cost": _cost,
    "Over time": _over_time,
    "Where it is to work": _deployment,
    "Cheapest arm by the price of a fit, in errors": _price,
    "After each planted drift": _recovery,
    "Detectors, by episodes": _detectors,
    "What there was to be gained: paths, and the oracle in hindsight": _in_hindsight(path_table),
    "Arms beside the oracle and random schedules": _in_hindsight(arm_table),
    "Errors saved per 100 records, by cause": _in_hindsight(cause_table),
}
