"""How the scores of each class are distributed in each window, arm by arm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from online.labels import label_values
from online.ledger import Entry

BINS = 20
"""Between the lowest and the highest score."""
TAIL = 0.005
"""Where scores are no probabilities, so large a share of the first ones lies beyond the bins at either end."""

Floats = npt.NDArray[np.float64]


def score_edges(scores: Floats, threshold: float) -> Floats:
    """The ends of the bins, float64[21]: from 0 to 1 where all scores lie there, else where nearly all of them lie.

    Args:
        scores: of the first windows.
        threshold: always within the bins.

    >>> score_edges(np.array([0.0, 0.3]), 0.5)[:3].tolist()
    [0.0, 0.05, 0.1]
    >>> score_edges(np.arange(-100.0, 101.0), 0.0)[[0, -1]].tolist()
    [-99.0, 99.0]
    """
    known = scores[np.isfinite(scores)]
    if not len(known) or (known.min() >= 0 and known.max() <= 1):
        low, high = min(0.0, threshold), max(1.0, threshold)
    else:
        low, high = (float(end) for end in np.quantile(known, (TAIL, 1 - TAIL)))
        low, high = min(low, threshold), max(high, threshold)
    return np.linspace(low, high if high > low else low + 1.0, BINS + 1)


def count_scores(scores: Floats, labels: npt.NDArray[np.int8], edges: Floats) -> npt.NDArray[np.int64]:
    """Records per class and bin, int64[2, bins].

    A bin holds its upper end and not its lower one, as a score counts as class 1 only above the threshold. The first
    and the last bin hold what lies beyond them, too; a score that is no number is in none.

    Args:
        scores: float64[n].
        labels: int8[n], 0 or 1.
        edges: ascending, float64[bins + 1].

    >>> count_scores(np.array([0.5, 0.6, 7.0]), np.array([0, 1, 1], np.int8), np.array([0.0, 0.5, 1.0])).tolist()
    [[1, 0], [0, 2]]
    """
    bins = len(edges) - 1
    known = ~np.isnan(scores)
    places = np.searchsorted(edges[1:-1], scores[known], side="left") + bins * labels[known].astype(np.int64)
    return np.bincount(places, minlength=2 * bins).reshape(2, bins)


class ScoreBins:
    """Counts the scores of windows that are added in stream order."""

    def __init__(self, in_force: Mapping[tuple[int, str], str], arms: Iterable[str], threshold: float) -> None:
        self._in_force, self._arms, self._threshold = in_force, tuple(arms), threshold
        self._edges: Floats | None = None
        self._rows: list[tuple[int, str, int]] = []
        self._counts: list[npt.NDArray[np.int64]] = []

    def add(self, entry: Entry, label_name: str) -> None:
        """Count a window's labelled records; a model that several arms run is counted once."""
        column = entry.window.records.column(label_name)
        there = column.is_valid().to_numpy(zero_copy_only=False)
        labels, index = label_values(column)[there], entry.window.index
        models = {arm: self._in_force[index, arm] for arm in self._arms}
        scores = {model: entry.scores[model][there] for model in dict.fromkeys(models.values())}
        if self._edges is None and len(labels):
            self._edges = score_edges(np.concatenate(list(scores.values())), self._threshold)
        if self._edges is None:
            return
        counts = {model: count_scores(found, labels, self._edges) for model, found in scores.items()}
        for arm, model in models.items():
            for label in (0, 1):
                self._rows.append((index, arm, label))
                self._counts.append(counts[model][label])

    def table(self) -> pd.DataFrame:
        """A row per window, arm and class: `records`, and how many of them have a score in each bin.

        The bins' columns are named by their ends, `0 < score <= 0.05`. Empty where no record is labelled.
        """
        keys = pd.DataFrame(self._rows, columns=["window", "arm", "class"])
        if self._edges is None:
            return keys
        counts = np.array(self._counts)
        keys["records"] = counts.sum(axis=1)
        return pd.concat([keys, pd.DataFrame(counts, columns=bin_names(self._edges))], axis=1)

    @property
    def edges(self) -> Floats:
        """The ends of the bins, float64[21]; empty where no record is labelled."""
        return np.empty(0) if self._edges is None else self._edges


def bin_names(edges: Floats) -> list[str]:
    """The columns of the bins.

    >>> bin_names(np.array([0.0, 0.5, 1.0]))
    ['0 < score <= 0.5', '0.5 < score <= 1']
    """
    return [f"{low:.4g} < score <= {high:.4g}" for low, high in pairwise(edges)]
