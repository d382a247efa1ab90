"""How sure a window's metric is: 95 % bands by Wilson for rates, by the bootstrap for the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from static_model.metrics import RATES, Counts, wilson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]

RESAMPLES = 500
CONFIDENCE = 0.95
SEED = 0
_CELLS = 4_000_000
"""So many records of resamples are held at once, whatever the size of a window."""


def rate_bands(metric: str, counts: Ints) -> Floats:
    """Wilson's 95 % interval of a rate on its own denominator, for each window.

    Args:
        metric: one of `static_model.metrics.RATES`.
        counts: int[n, 4], tp, fp, tn and fn.

    Returns:
        float64[n, 2], the lower and the upper end.

    >>> rate_bands("recall", np.array([[35, 0, 50, 15]])).round(3).tolist()
    [[0.562, 0.809]]
    """
    found = [wilson(*RATES[metric](Counts(*map(int, row)))) for row in counts]
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _f1(tp: Floats, fp: Floats, tn: Floats, fn: Floats) -> Floats:
    return 2 * tp / (2 * tp + fp + fn)


def _mcc(tp: Floats, fp: Floats, tn: Floats, fn: Floats) -> Floats:
    return (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))


def _balanced_accuracy(tp: Floats, fp: Floats, tn: Floats, fn: Floats) -> Floats:
    return (tp / (tp + fn) + tn / (tn + fp)) / 2


COUNTED: Mapping[str, Callable[[Floats, Floats, Floats, Floats], Floats]] = {
    "f1": _f1,
    "mcc": _mcc,
    "balanced_accuracy": _balanced_accuracy,
}
"""The metrics that follow from the counts, but are no share of anything counted."""


def count_bands(metric: str, counts: Ints, *, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """The bootstrap's 95 % percentile interval of a metric of counts, for each window (Efron 1979).

    To draw a window's records again, with replacement, is to draw its four counts from a multinomial distribution.
    Every window starts from the same seed, so that equal counts have equal bands.

    Args:
        metric: one of `COUNTED`.
        counts: int[n, 4], tp, fp, tn and fn.
        resamples: of each window.
        seed: of the random numbers.

    Returns:
        float64[n, 2], the lower and the upper end; NaN where no resample has a value.

    The traps: a resample in which the metric is undefined (a class is missing) counts for nothing, so that with a
    handful of positives the band is too narrow; without a single error it has no width; and records are taken to be
    independent.

    >>> count_bands("f1", np.array([[40, 10, 45, 5], [50, 0, 50, 0]])).round(2).tolist()
    [[0.76, 0.91], [1.0, 1.0]]
    """
    if not len(counts):
        return np.empty((0, 2))
    distinct, where = np.unique(counts, axis=0, return_inverse=True)
    drawn = np.stack([_redrawn(row, resamples, seed) for row in distinct]).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = COUNTED[metric](*np.moveaxis(drawn, -1, 0))
        one_class = (drawn[..., 0] + drawn[..., 3] == 0) | (drawn[..., 1] + drawn[..., 2] == 0)
    return percentiles(np.where(one_class, np.nan, values))[where.ravel()]


def _redrawn(row: Ints, resamples: int, seed: int) -> Ints:
    total = int(row.sum())
    return np.random.default_rng(seed).multinomial(total, row / max(total, 1), size=resamples)


def percentiles(values: Floats, *, confidence: float = CONFIDENCE) -> Floats:
    """The ends of each row's middle part, NaN left out: `numpy.nanquantile`, for many rows in a fraction of its time.

    Args:
        values: float64[rows, resamples].
        confidence: the share of the middle part.

    Returns:
        float64[rows, 2]; NaN in a row without a number.

    >>> percentiles(np.array([[0.0, np.nan, 1.0, 2.0]]), confidence=0.5)
    array([[0.5, 1.5]])
    """
    ordered = np.sort(values, axis=1)  # NaN come last
    last = np.count_nonzero(~np.isnan(values), axis=1) - 1
    ends = []
    for share in ((1 - confidence) / 2, (1 + confidence) / 2):
        at = share * np.maximum(last, 0)
        low = np.floor(at).astype(np.intp)
        below = np.take_along_axis(ordered, low[:, None], axis=1)[:, 0]
        above = np.take_along_axis(ordered, np.minimum(low + 1, np.maximum(last, 0))[:, None], axis=1)[:, 0]
        ends.append(below + (at - low) * (above - below))
    return np.stack(ends, axis=1)


def record_bands(
    metric: str,
    labels: npt.NDArray[np.int8],
    scores: Sequence[Floats],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Floats:
    """The bootstrap's 95 % percentile interval of a metric of scores, for each of several models in one window.

    A resample gives each record a weight, how often it was drawn; all models see the same resamples.

    Args:
        metric: `roc_auc` or `log_loss`.
        labels: int8[n], 0 or 1.
        scores: of each model float64[n].
        resamples: how many.
        seed: of the random numbers.

    Returns:
        float64[models, 2]; NaN with labels of one class, and for a model with a NaN score.

    The traps are those of `count_bands`.

    >>> rng = np.random.default_rng(1)
    >>> labels = rng.integers(0, 2, 500).astype(np.int8)
    >>> record_bands("roc_auc", labels, [labels + rng.normal(size=500), 1.0 * labels]).round(2).tolist()
    [[0.73, 0.81], [1.0, 1.0]]
    """
    positive = labels.astype(np.bool_)
    bands = np.full((len(scores), 2), np.nan)
    if positive.all() or not positive.any():
        return bands
    resampled = {"roc_auc": _auc_of, "log_loss": _log_loss_of}[metric]
    whole = [model for model, score in enumerate(scores) if not np.isnan(score).any()]
    values = np.empty((len(whole), resamples))
    at_once = max(1, _CELLS // len(labels))
    for first in range(0, resamples, at_once):
        weights = _weights(len(labels), min(at_once, resamples - first), seed + first)
        ones, zeros = weights[:, positive], weights[:, ~positive]
        for row, model in enumerate(whole):
            score = scores[model]
            values[row, first : first + at_once] = resampled(score[positive], score[~positive], ones, zeros)
    bands[whole] = percentiles(values)
    return bands


@lru_cache(maxsize=1)
def _weights(records: int, resamples: int, seed: int) -> Weights:
    """How often each resample drew each record, [resamples, records]: whole numbers, kept short for speed."""
    drawn = np.random.default_rng(seed).integers(0, records, (resamples, records))
    drawn += records * np.arange(resamples)[:, None]
    counted = np.bincount(drawn.ravel(), minlength=resamples * records)
    return counted.reshape(resamples, records).astype(np.float32)


def _auc_of(positives: Floats, negatives: Floats, ones: Weights, zeros: Weights) -> Floats:
    """The area under the ROC curve of each resample: pairs that are ordered well, ties by half, by pairs."""
    order = np.argsort(negatives, kind="stable")
    below = np.zeros((len(zeros), len(negatives) + 1), dtype=np.float32)
    np.cumsum(zeros[:, order], axis=1, out=below[:, 1:])
    ordered = negatives[order]
    wins = below[:, np.searchsorted(ordered, positives, side="left")]
    wins += below[:, np.searchsorted(ordered, positives, side="right")]
    with np.errstate(invalid="ignore"):  # one class only
        pairs = 2.0 * ones.sum(axis=1, dtype=np.float64) * zeros.sum(axis=1)
        areas: Floats = np.einsum("bi,bi->b", ones, wins).astype(np.float64) / pairs
    return areas


def _log_loss_of(positives: Floats, negatives: Floats, ones: Weights, zeros: Weights) -> Floats:
    """The mean negative log likelihood of each resample; undefined where it has one class only."""
    eps = float(np.finfo(np.float64).eps)
    losses = ones @ -np.log(positives.clip(eps, 1 - eps)) + zeros @ -np.log((1 - negatives).clip(eps, 1 - eps))
    many = ones.sum(axis=1)
    both = (many > 0) & (many < len(positives) + len(negatives))
    return np.where(both, losses / (len(positives) + len(negatives)), np.nan)
