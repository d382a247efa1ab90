"""The metrics of a binary classifier, as scikit-learn defines them; what is undefined is None, never 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc", "roc_auc", "log_loss")
"""Every metric, in the order of the tracker's columns."""


@dataclass(frozen=True, slots=True)
class Counts:
    """A confusion matrix: true and false positives and negatives. Counts of windows may be added up."""

    tp: int
    fp: int
    tn: int
    fn: int

    @property
    def total(self) -> int:
        """How many records were counted."""
        return self.tp + self.fp + self.tn + self.fn

    def __add__(self, other: Counts) -> Counts:
        """The counts of both together."""
        return Counts(self.tp + other.tp, self.fp + other.fp, self.tn + other.tn, self.fn + other.fn)


RATES: Mapping[str, Callable[[Counts], tuple[int, int]]] = {
    "accuracy": lambda c: (c.tp + c.tn, c.total),
    "precision": lambda c: (c.tp, c.tp + c.fp),
    "recall": lambda c: (c.tp, c.tp + c.fn),
}
"""The metrics that are shares of something counted: successes and trials, each on its own denominator."""


def count(labels: npt.NDArray[Any], predictions: npt.NDArray[Any]) -> Counts:
    """The confusion matrix of labels and predictions.

    Args:
        labels: [records], 0 or 1 (or bool).
        predictions: [records], likewise.
    """
    actual, predicted = labels.astype(np.bool_), predictions.astype(np.bool_)
    tp = int(np.count_nonzero(actual & predicted))
    positives, alarms = int(np.count_nonzero(actual)), int(np.count_nonzero(predicted))
    fp, fn = alarms - tp, positives - tp
    return Counts(tp=tp, fp=fp, tn=len(actual) - tp - fp - fn, fn=fn)


def metrics_from_counts(counts: Counts) -> dict[str, float | None]:
    """The first six of `METRICS`, which need no scores.

    With records of one class there is accuracy only; with none, nothing. MCC is undefined where all predictions agree.
    """
    tp, fp, tn, fn = counts.tp, counts.fp, counts.tn, counts.fn
    values: dict[str, float | None] = dict.fromkeys(METRICS[:6])
    values["accuracy"] = _share(tp + tn, counts.total)
    if tp + fn and tn + fp:
        values["balanced_accuracy"] = (tp / (tp + fn) + tn / (tn + fp)) / 2
        values["precision"] = _share(tp, tp + fp)
        values["recall"] = _share(tp, tp + fn)
        values["f1"] = _share(2 * tp, 2 * tp + fp + fn)
        spread = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        values["mcc"] = (tp * tn - fp * fn) / math.sqrt(spread) if spread else None
    return values


def kappa(*, tp: float, fp: float, tn: float, fn: float) -> float | None:
    """Cohen's kappa: what the agreement of labels and predictions has above chance (Cohen 1960).

    Chance is another prediction with the same share of positives. The four cells are counts, or the weights of a
    fading factor. None with labels of one class only: whatever is predicted then, kappa says 0 at best.

    >>> kappa(tp=45, fp=15, tn=25, fn=15)
    0.375
    """
    if not tp + fn or not tn + fp:
        return None
    return 2 * (tp * tn - fn * fp) / ((tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))


def binary_metrics(
    labels: npt.NDArray[np.int8], scores: npt.NDArray[np.float64], *, threshold: float
) -> dict[str, float | None]:
    """All of `METRICS`, in that order, for one batch.

    Args:
        labels: int8[records], 0 or 1.
        scores: float64[records], the probability of class 1.
        threshold: a record is predicted positive iff its score is strictly above.

    Returns:
        A value or None for each metric. None is "undefined": with one class everything but accuracy, with no record
        everything, without predicted positives the precision; ROC-AUC and log loss also where a score is NaN.
    """
    values = metrics_from_counts(count(labels, scores > threshold)) | dict.fromkeys(METRICS[6:])
    positive = labels.astype(np.bool_)
    if positive.any() and not positive.all() and not np.isnan(scores).any():
        values["roc_auc"] = _roc_auc(scores[positive], scores[~positive])
        values["log_loss"] = _log_loss(positive, scores)
    return values


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a share (Wilson 1927).

    Without trials nothing is known of the share: (0, 1).
    """
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else centre - half
    return low, 1.0 if successes == trials else centre + half


def _share(successes: int, trials: int) -> float | None:
    return successes / trials if trials else None


def _roc_auc(positives: npt.NDArray[np.float64], negatives: npt.NDArray[np.float64]) -> float:
    """The share of pairs in which the positive scores higher (Mann-Whitney); a tie is half a pair."""
    ordered = np.sort(negatives)
    asked = np.sort(positives)  # sorted questions are answered faster
    wins = int(np.searchsorted(ordered, asked, side="left").sum())
    wins_and_ties = int(np.searchsorted(ordered, asked, side="right").sum())
    return (wins + wins_and_ties) / (2 * len(positives) * len(negatives))


def _log_loss(positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    """The mean negative log likelihood, probabilities clipped by the machine's epsilon as scikit-learn clips them."""
    eps = float(np.finfo(np.float64).eps)
    likelihood = np.where(positive, scores, 1 - scores).clip(eps, 1 - eps)
    return float(-np.log(likelihood).mean())
