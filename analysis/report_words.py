"""Pieces of a report's page that a terminal has no room for: verdicts by arm, planted drift, events, windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from .hindsight.tables import baseline_notes
from .markup import text, words_table
from .runs import Run
from .tabular import Tabular, ends, number, p_value, points, tabular

FINDINGS = {
    "better": "fewer errors than static",
    "worse": "more errors than static",
    "no difference": "no difference found",
    "identical": "the same as static throughout",
    "too few": "too few differences to tell",
}
MANY = 4
"""From so many arms on, a table of all comes first, and what is said of exploratory ones is folded away."""
EVENTS = 1_000
"""Events that a page lists, at most."""
CAPTIONS = {"Cost": "What each arm cost", "Over time": "Agreement, and how the metrics held over time"}
"""Of tables whose title in a terminal is that of a section here."""
EXPLAINED = {
    "Cost": "Fits count rejected ones, too. Labels used are those that the arm's policy, training sets and gate saw.",
    "Over time": "Kappa corrects accuracy for chance; 'above no-change' and 'above majority' say the same against the "
    "guess that the label stays what it was, and against the larger class. AUT is the area under the metric over time; "
    "fading accuracy counts a record half as much as one 693 records later.",
    "Where it is to work": "Precision and cost of 1,000 records where attacks are as frequent as was asked.",
    "Cheapest arm by the price of a fit, in errors": "If a fit costs as much as so many errors, this arm is cheapest.",
    "After each planted drift": "Recovered once the error rate has been back at its level before the drift for three "
    "windows; errors lost are those beyond that level, until the next drift.",
    "Detectors, by episodes": "Detectors of errors are scored outside the duel, on those of static; detectors of "
    "features in the loop, where they rest after an alarm. A hit is the first alarm between a drift's start and 16 "
    "windows after its end; drift that doesn't move the errors is harmless, not missed. One that never fires and one "
    "that always fires stand beside.",
    "Arms beside the oracle and random schedules": "Regret is in errors. The percentile is among schedules that "
    "retrain as often, at random times: 50 is chance.",
}


def verdict_content(summary: Mapping[str, Any]) -> str:
    """What was found of each arm, primary ones first, and what must be known with it."""
    verdicts, comparisons = summary.get("verdicts", {}), summary.get("comparisons", {})
    order = sorted(verdicts, key=lambda arm: not comparisons.get(arm, {}).get("primary", True))
    cards = {arm: _card(arm, comparisons.get(arm), verdicts[arm]) for arm in order}
    aside = [arm for arm in order if len(order) >= MANY and not comparisons.get(arm, {}).get("primary", True)]
    folded = "\n".join(cards.pop(arm) for arm in aside)
    table = compared_table(comparisons)
    compared = words_table(table, "Arms held against static") if table.rows else ""
    parts = [compared, *cards.values()] if len(order) >= MANY else [*cards.values(), compared]
    if aside:
        parts.append(f"<details>\n<summary>Of {len(aside)} exploratory arms</summary>\n{folded}\n</details>")
    notes = [*summary.get("notes", ()), *(baseline_notes(summary["hindsight"]) if "hindsight" in summary else ())]
    items = "".join(f"<li>{text(note)}</li>" for note in notes)
    parts.append(f'<ul class="notes">{items}</ul>' if notes else "")
    return "\n".join(part for part in parts if part)


def _card(arm: str, found: Mapping[str, Any] | None, words: str) -> str:
    finding = found["finding"] if found else ""
    kind = finding if finding in ("better", "worse") else "open"
    title = f"<h3>{text(arm)}: {text(FINDINGS.get(finding, finding))}</h3>\n" if found else ""
    return f'<article class="verdict {kind}">\n{title}<p>{text(words)}</p>\n</article>'


def compared_table(comparisons: Mapping[str, Any]) -> Tabular:
    """Every arm's difference to static with both claims: on this stream, and for more of the same."""
    headings = ("arm", "finding", "more of the same", "declared", "errors saved per 100", "95 % interval", "p (Holm)")
    rows = [
        (
            arm,
            FINDINGS.get(one["finding"], one["finding"]),
            one["more_of_the_same"]["finding"],
            "primary" if one["primary"] else "exploratory",
            *_estimate(one["estimate"] or {}),
            p_value(one["p_holm"], without="not corrected"),
        )
        for arm, one in comparisons.items()
    ]
    return tabular(headings, rows, left=3)


def _estimate(found: Mapping[str, float]) -> tuple[str, str]:
    return points(found.get("difference")), ends(found.get("low"), found.get("high"))


def planted_table(run: Run) -> Tabular | None:
    """What was planted where, as far as it is known."""
    if run.truth is None:
        return None
    rows = [
        (str(drift["kind"]), str(drift.get("shape", "")), f"{drift['start']:,}", f"{drift['end']:,}")
        for drift in run.truth["drifts"]
    ]
    return tabular(("drift", "shape", "from record", "to record"), rows, left=1)


def events_table(run: Run) -> Tabular:
    """The events in order, the first `EVENTS` of them; a last row says how many more events.jsonl has."""
    rows = [(f"{event['window']:,}", str(event["arm"]), event_words(event)) for event in run.events[:EVENTS]]
    if len(run.events) > EVENTS:
        rows.append(("", "", f"and {len(run.events) - EVENTS:,} more, in events.jsonl"))
    return tabular(("window", "arm", "what"), rows, left=2)


def event_words(event: Mapping[str, Any]) -> str:
    """An event in a few words.

    >>> event_words({"event": "retrain", "reason": "alarm", "training_set": "last 20", "rows": 20000})
    'retrained on last 20 (20,000 rows): alarm'
    """
    reason = event.get("reason", "")
    if event["event"] == "retrain":
        return f"retrained on {event.get('training_set', '?')} ({event.get('rows', 0):,} rows): {reason}"
    name = {"drift": "alarm"}.get(event["event"], event["event"])
    return f"{name}: {reason}" if reason else str(name)


def windows_table(run: Run, metric: str) -> Tabular:
    """A metric with a row per window and a column per arm."""
    every = {"index": run.windows["window"].unique(), "columns": list(run.arms)}  # also where all is undefined
    found = run.windows.pivot_table(index="window", columns="arm", values=metric).reindex(**every)
    rows = [(f"{window:,}", *_cells(values)) for window, values in zip(found.index, found.to_numpy(), strict=True)]
    return tabular(("window", *run.arms), rows)


def _cells(values: Any) -> Iterator[str]:
    return (number(None if pd.isna(value) else float(value), 4) for value in values)
