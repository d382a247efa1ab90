"""Rows that no fit has seen, and what every algorithm says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Held-out rows in Python: as many as fit, chosen by hash, and the scores of every algorithm.

    Attributes:
        rows: how many rows were held out; the arrays may have fewer.
        labels: int8[n].
        duplicate: bool[n], whether the training part has an exact duplicate (in all columns).
        kinds: the kind of each row; empty without kinds.
        scores: float64[n] for each algorithm.
        leave_out_duplicates: whether the figures that decide leave duplicates out.
    """

    rows: int
    labels: npt.NDArray[np.int8]
    duplicate: npt.NDArray[np.bool_]
    kinds: Sequence[str]
    scores: Mapping[str, Floats]
    leave_out_duplicates: bool

    @property
    def decides(self) -> npt.NDArray[np.bool_]:
        """bool[n], the rows of the figures that decide.

        Where leaving duplicates out would leave one class only, all rows decide: nothing could be said otherwise.
        """
        fresh = ~self.duplicate
        if not self.leave_out_duplicates or len(np.unique(self.labels[fresh])) < 2:
            return np.ones(len(self.labels), np.bool_)
        return fresh

    @property
    def duplicates(self) -> int:
        """How many of the rows looked at have a duplicate in the training part."""
        return int(self.duplicate.sum())

    def errors(self, algorithm: str, threshold: float) -> tuple[int, int]:
        """How many rows were looked at, duplicates too as a stream has them, and how many the algorithm gets wrong."""
        wrong = (self.scores[algorithm] > threshold) != (self.labels == 1)
        return len(self.labels), int(wrong.sum())
