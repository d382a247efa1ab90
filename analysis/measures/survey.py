"""What a single pass over the ledger finds: how scores are distributed in each window, and how features move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.runs import Run
from online.ledger import Entry
from producer.dataset import Dataset

from .input_drift import InputDrift, reference_windows
from .score_bins import ScoreBins


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Scores and features of a run's windows.

    Attributes:
        scores: as `ScoreBins.table` gives it.
        edges: of its bins, float64[21]; empty where no record is labelled.
        drift: as `InputDrift.table` gives it; empty if there are no more windows than the reference has.
        reference: how many of the first windows the others are held against.
    """

    scores: pd.DataFrame
    edges: npt.NDArray[np.float64]
    drift: pd.DataFrame
    reference: int


def survey(run: Run, entries: Iterable[Entry], dataset: Dataset) -> Survey:
    """Look at each window once.

    Args:
        run: says which model was in force where.
        entries: the windows of the ledger, in order.
        dataset: the run's contract; its feature columns are watched.

    Raises:
        RunError: the ledger is damaged.
    """
    in_force: dict[tuple[int, str], str] = run.windows.set_index(["window", "arm"])["model"].to_dict()
    scores = ScoreBins(in_force, run.arms, float(run.manifest["threshold"]))
    windows = int(run.windows["window"].nunique())
    reference = reference_windows(windows)
    drift = InputDrift([column.name for column in dataset.features], reference=reference)
    for entry in entries:
        scores.add(entry, dataset.label_name)
        drift.add(entry.window.index, entry.window.records)
    moved = drift.table()
    return Survey(scores.table(), scores.edges, moved if windows > reference else moved.iloc[:0], reference)
