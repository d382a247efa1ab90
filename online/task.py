"""What the models are asked: binary classification. Gates, detectors and tests see only its losses."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from static_model.metrics import METRICS, Counts, binary_metrics, count

from .interfaces import Losses

COLUMNS = (*(field.name for field in fields(Counts)), *METRICS)
"""The task's columns in the tracker: counts, then metrics."""


@dataclass(frozen=True, slots=True)
class BinaryTask:
    """Two classes; a record is predicted positive if its score is greater than `threshold`."""

    threshold: float

    def losses(self, labels: npt.NDArray[np.int8], scores: npt.NDArray[np.float64]) -> Losses:
        """1 where the prediction is wrong, else 0; float64[n]."""
        wrong: npt.NDArray[np.bool_] = (scores > self.threshold) != (labels == 1)
        return wrong.astype(np.float64)

    def row(self, labels: npt.NDArray[np.int8], scores: npt.NDArray[np.float64]) -> tuple[Any, ...]:
        """The tracker's values for one window, in the order of COLUMNS; undefined metrics are None."""
        counts = count(labels, scores > self.threshold)
        return (*astuple(counts), *binary_metrics(labels, scores, threshold=self.threshold).values())
