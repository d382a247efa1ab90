"""What the detectors by a distance between binned features share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from online.interfaces import Eats, Features, Pool

from .bins import Bins, Counts, all_bins
from .by_reference import Finding, ReferenceDetector


class Divergence(BaseModel):
    """A distance per feature, with a threshold for what is worth an alarm and a level for what is chance."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    eats: ClassVar[Eats] = "features"

    reference: int = Field(default=5, ge=1)
    bins: int = Field(default=10, ge=2, le=1000)
    level: float = Field(default=0.001, gt=0, lt=1)

    @property
    @abstractmethod
    def thresholds(self) -> tuple[float, float]:
        """From which distance on there is a drift, and a warning."""

    @abstractmethod
    def distance(self, p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> float:
        """Between two distributions, float64[bins] each, none of their shares 0."""

    @abstractmethod
    def chance(self, quantile: float) -> float:
        """The distance of two samples whose chi-squared divergence is `quantile`, if that is small."""

    def begin(self, pool: Pool) -> ReferenceDetector:
        """A detector that has yet to see its reference; the pool is not used."""
        return ReferenceDetector(self.reference, lambda rows: Distances(all_bins(rows, bins=self.bins), self))


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """The bins of a reference, ready for comparing."""

    columns: Sequence[Bins]
    spec: Divergence

    def compare(self, window: Features) -> Finding:
        """The largest distance of a column decides, among those that are more than chance."""
        counts = [column.counts(window[:, k]) for k, column in enumerate(self.columns)]
        found = [self.spec.distance(*shares(both)) for both in counts]
        real = [d if d > self._by_chance(both) else 0.0 for d, both in zip(found, counts, strict=True)]
        largest = max(real, default=0.0)
        drift, warning = self.spec.thresholds
        reason = f"the distribution of feature {real.index(largest) if real else '-'} moved by {largest:.3g}"
        return Finding(largest >= drift, largest >= warning, reason)

    def _by_chance(self, counts: Counts) -> float:
        """What chance exceeds in `level` of all windows, the level shared by the columns (Bonferroni)."""
        from scipy.special import chdtri

        if counts.shape[1] < 2:
            return 0.0
        quantile = chdtri(counts.shape[1] - 1, self.spec.level / len(self.columns))
        return self.spec.chance(float(quantile * (1 / counts.sum(axis=1)).sum()))


def shares(counts: Counts) -> npt.NDArray[np.float64]:
    """The shares of the bins in each row, float64[2, bins]; half a record more in each bin keeps them above 0.

    >>> shares(np.array([[9, 9], [19, 0]])).round(3).tolist()
    [[0.5, 0.5], [0.975, 0.025]]
    """
    smoothed = counts + 0.5
    return np.asarray(smoothed / smoothed.sum(axis=1, keepdims=True))
