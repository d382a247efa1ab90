"""A metric of every arm in every window, with its band: what a figure of it draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from online.labels import label_values
from online.ledger import Entry
from static_model.metrics import RATES

from .bands import COUNTED, count_bands, rate_bands, record_bands

Scored = tuple[int, npt.NDArray[np.int8], Mapping[str, npt.NDArray[np.float64]]]
"""A window's number, its labels, and the scores of each model."""
COLUMNS = ("window", "arm", "first_seq", "last_seq", "records", "labelled")


def metric_table(
    windows: pd.DataFrame,
    metric: str,
    *,
    bootstrap: bool = True,
    scored: Callable[[], Iterable[Scored]] | None = None,
) -> pd.DataFrame:
    """The metric's value in each window of each arm, and the ends `low` and `high` of its 95 % band.

    Args:
        windows: the tracker, as in `runs.Run.windows`.
        metric: one of `static_model.metrics.METRICS`.
        bootstrap: whether metrics that are no rates get a band.
        scored: hands out the ledger's records, as `scored_windows` does. Only ROC-AUC and log loss need them; without
            them these two have no band.

    Returns:
        A row for each of the tracker's: `window`, `arm`, `first_seq`, `last_seq`, `records`, `labelled`, the metric,
        `low` and `high`. What is undefined is NaN, and so is its band.
    """
    table = windows[[*COLUMNS, metric]].astype({metric: "float64"})
    counts = windows[["tp", "fp", "tn", "fn"]].to_numpy(dtype=np.int64)
    if metric in RATES:
        bands = rate_bands(metric, counts)
    elif not bootstrap:
        bands = np.full((len(table), 2), np.nan)
    elif metric in COUNTED:
        bands = count_bands(metric, counts)
    else:
        bands = _bands_of_records(windows, metric, scored() if scored else ())
    bands = np.where(table[metric].isna().to_numpy()[:, None], np.nan, bands)
    return table.assign(low=bands[:, 0], high=bands[:, 1])


def _bands_of_records(windows: pd.DataFrame, metric: str, scored: Iterable[Scored]) -> npt.NDArray[np.float64]:
    """Each model in force once in each window, however many arms use it."""
    in_force = windows.groupby("window")["model"].unique().to_dict()
    known: dict[tuple[int, str], npt.NDArray[np.float64]] = {}
    for window, labels, scores in scored:
        models = [model for model in in_force.get(window, ()) if model in scores]
        found = record_bands(metric, labels, [scores[model] for model in models])
        known |= {(window, model): band for model, band in zip(models, found, strict=True)}
    asked = zip(windows["window"], windows["model"], strict=True)
    return np.array([known.get(pair, (np.nan, np.nan)) for pair in asked], dtype=np.float64).reshape(-1, 2)


def scored_windows(entries: Iterable[Entry], label: str) -> Iterator[Scored]:
    """The labelled records of a ledger's windows: the window's number, their labels, and each model's scores.

    Args:
        entries: the ledger's windows.
        label: the name of the column that holds the label.
    """
    for entry in entries:
        column = entry.window.records.column(label)
        there = column.is_valid().to_numpy(zero_copy_only=False)
        yield (
            entry.window.index,
            label_values(column)[there],
            {model: scores[there] for model, scores in entry.scores.items()},
        )
