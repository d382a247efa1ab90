"""What training gives: the pipeline, how it was chosen, and how every algorithm did on the held-out rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml import PipelineModel

from producer.dataset import Dataset

from .heldout import HeldOut
from .selection import Selection
from .settings import ALGORITHMS, Algorithm, Settings
from .validation import Tried
from .variants import Variants


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by class (0, 1): all, those to train on, those that the saved model was fitted on, and those held out."""

    all: tuple[int, int]
    training: tuple[int, int]
    fitted: tuple[int, int]
    held_out: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of an algorithm's fit on the training part (others ran beside it); its nodes or coefficients."""

    algorithm: str
    fit_seconds: float
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted pipeline, how it was chosen, and how every algorithm did on the held-out rows.

    Attributes:
        dataset: the contract; its features are the pipeline's.
        settings: how it was trained.
        pipeline: Spark's model; it needs its session to be running.
        refitted: whether the pipeline was fitted on all rows, the held-out ones too.
        selection: which algorithm it is, and why that one.
        tried: the points of the grids.
        thresholds: each algorithm's, of its score (positive iff strictly above), and how it was chosen, in a sentence.
        random_split: whether the held-out rows are a random part of the files.
        held_out: the scores of every algorithm, fitted on the training part.
        records: held-out records, to compare Spark and the twin on; at most `PARITY_ROWS`.
        scores: float64[records], the pipeline's scores of them.
        predictions: int8[records], its predictions.
        counts: rows by class.
        rows_digest: of all rows, in any order.
        top_features: columns by their share in the kept model, the largest first.
        known_kinds: the kinds of attack in the training part; empty without kinds.
        variants: the tables that were asked for.
        costs: what each algorithm costs; the seconds are no part of any digest.
        same_features: held-out rows whose features and label are those of a training row.
    """

    dataset: Dataset
    settings: Settings
    pipeline: PipelineModel
    refitted: bool
    selection: Selection
    tried: Sequence[Tried]
    thresholds: Mapping[str, tuple[float, str]]
    random_split: bool
    held_out: HeldOut
    records: pa.RecordBatch
    scores: npt.NDArray[np.float64]
    predictions: npt.NDArray[np.int8]
    counts: Counts
    rows_digest: str
    top_features: Mapping[str, float]
    known_kinds: Sequence[str]
    variants: Variants
    costs: Sequence[Cost]
    same_features: int

    @property
    def threshold(self) -> float:
        """That of the kept algorithm."""
        return self.kept[1]

    @property
    def kept(self) -> tuple[Algorithm, float]:
        """The algorithm that is saved, and its threshold."""
        name = next(name for name in ALGORITHMS if name == self.selection.algorithm)
        return name, self.thresholds[name][0]
