"""Tidy tables as CSV: one row per arm and baseline; words that a spreadsheet would take for a formula stay words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

METRICS = ("accuracy", "precision", "recall", "f1", "mcc")
COSTS = ("alarms", "fits", "rows", "promoted", "rejected", "refused", "rolled_back", "labels")
PAIRED = ("difference", "low", "high")
COLUMNS = ("arm", "kind", *METRICS, "errors", *PAIRED, "finding", *COSTS)
_FORMULA = ("=", "+", "-", "@")


def tidy_rows(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row per arm, then one per baseline: totals, the paired difference to static, and costs.

    `difference` is in errors per 100 records, above 0 where the arm is better than static; `low` and `high` are the
    ends of its 95 % interval on that stream. What is undefined is None.
    """
    for kind, contestants in (("arm", summary["arms"]), ("baseline", summary["baselines"])):
        for name, found in contestants.items():
            comparison = summary.get("comparisons", {}).get(name, {}) if kind == "arm" else {}
            estimate = comparison.get("estimate") or {}
            yield {
                "arm": name,
                "kind": kind,
                **{metric: found["metrics"][metric] for metric in METRICS},
                "errors": found["counts"]["fp"] + found["counts"]["fn"],
                **{column: estimate.get(column) for column in PAIRED},
                "finding": comparison.get("finding"),
                **{column: found.get("cost", {}).get(column) for column in COSTS},
            }


def to_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """Rows as CSV; what is undefined is empty.

    >>> print(to_csv([{"arm": "=cmd", "low": -1.5}], ["arm", "low"]), end="")
    arm,low
    '=cmd,-1.5
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: plain_cell(value) for column, value in row.items()} for row in rows)
    return text.getvalue()


def plain_cell(value: object) -> object:
    r"""A cell that no spreadsheet runs: a word that begins as a formula does gets a quote before it; numbers stay.

    What isn't printable is shown as `?`: an unquoted carriage return would begin a row of its own.

    >>> plain_cell("-x"), plain_cell("a\r=x"), plain_cell(-1.5)
    ("'-x", 'a?=x', -1.5)
    """
    if not isinstance(value, str):
        return value
    shown = value if value.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
