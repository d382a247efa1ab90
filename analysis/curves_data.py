"""The curves of a run as plain values, for the chart of a page: `analysis/web/charts.js` says what it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.per_window import metric_table
from static_model.card import SHOWN

from .figures.looks import looks_of
from .figures.over_windows import planted
from .report_words import event_words
from .runs import Run

METRICS = ("accuracy", "f1", "mcc", "precision", "recall")
"""What a reader may choose between."""
DECIMALS = 6


def curves(run: Run, metrics: Sequence[str] = METRICS) -> dict[str, Any]:
    """The metrics that are defined in some window, as charts, and what they share: events and planted drift."""
    charts = [_chart(run, metric) for metric in metrics if metric in run.windows and run.windows[metric].notna().any()]
    return {
        "windows": [int(window) for window in run.windows["window"].unique()],
        "charts": charts,
        "marks": marks(run.events),
        "spans": [{"start": span.start, "end": span.end, "text": span.words} for span in planted(run)],
    }


def _chart(run: Run, metric: str) -> dict[str, Any]:
    table = metric_table(run.windows, metric, bootstrap=False)  # a live page asks every second
    series = []
    for arm, look in looks_of(run.arms).items():
        rows = table[table["arm"] == arm]  # of every window: arms without some of them aren't in the tracker
        found = {name: _values(rows[column]) for name, column in (("values", metric), ("low", "low"), ("high", "high"))}
        series.append({"name": arm, "color": look.color, "dash": dash(look.line), **found})
    name = SHOWN.get(metric, metric)
    return {"title": f"{name[0].upper()}{name[1:]} per window", "unit": name, "series": series}


def _values(column: pd.Series[float]) -> list[float | None] | None:
    """Numbers with gaps as None; None where there is no number at all."""
    found = [None if np.isnan(value) else round(float(value), DECIMALS) for value in column.to_numpy(dtype=float)]
    return found if any(value is not None for value in found) else None


def dash(line: Any) -> list[float] | None:
    """Matplotlib's line style as lengths of strokes and gaps; None for a line without any.

    >>> dash("-"), dash((0, (4, 1)))
    (None, [4, 1])
    """
    return None if isinstance(line, str) else list(line[1])


def marks(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The events, each with what to say of it.

    >>> marks([{"window": 3, "arm": "a", "event": "drift", "reason": "more errors"}])
    [{'window': 3, 'arm': 'a', 'kind': 'drift', 'text': 'alarm: more errors'}]
    """
    return [
        {"window": event["window"], "arm": event["arm"], "kind": event["event"], "text": event_words(event)}
        for event in events
    ]
