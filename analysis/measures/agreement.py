"""Accuracy above chance, above no-change and above the majority class: prequential, by window, and with fading memory.

Everything here takes labels and predictions in stream order, a list with one array per window, as
`analysis.runs.read_outcomes` gives them (a prediction is the label, flipped where the arm was wrong).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from analysis.inference.compare import Labels, majority_class, no_change
from producer.errors import UsageError
from static_model.metrics import count, kappa


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far predictions agree with labels; what is undefined is None.

    Attributes:
        records: how many records were compared.
        accuracy: the share that was predicted right.
        kappa: above chance (Cohen 1960).
        kappa_temporal: above the no-change classifier, which repeats the label before (Zliobaite et al. 2015).
        kappa_m: above the majority-class classifier (Bifet et al. 2015).
    """

    records: int
    accuracy: float | None
    kappa: float | None
    kappa_temporal: float | None
    kappa_m: float | None


@dataclass(frozen=True, slots=True)
class Prequential:
    """An arm's agreement over the whole stream, and window by window."""

    total: Agreement
    windows: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class Fading:
    """Metrics with a fading factor, as they stand at the end of each window; None before the first record.

    Attributes:
        alpha: each record weighs this many times what the next one weighs.
        accuracy: for each window.
        error: for each window.
        kappa: for each window; None while only one class has been seen.
    """

    alpha: float
    accuracy: tuple[float | None, ...]
    error: tuple[float | None, ...]
    kappa: tuple[float | None, ...]


def prequential(labels: Sequence[Labels], predictions: Sequence[Labels]) -> Prequential:
    """Accuracy and the three kappas of predictions that were made before the labels were known.

    The two reference classifiers (`compare.no_change`, `compare.majority_class`) run through the whole stream, so the
    first record of a window is compared with the label before it. A window of one class has accuracy only: there
    no-change is right almost always, and MOA's kappa-temporal takes values like -118.

    Args:
        labels: for each window int8[n_w], 0 or 1, in stream order; a window may be empty.
        predictions: for each window int8[n_w] of the same records.

    Raises:
        ValueError: the two don't hold the same windows.

    The traps: MOA lets its majority class know the very label that is to be predicted, which matters where the
    classes are almost equally frequent; this one doesn't, so kappa-M may differ from MOA's. The other numbers are
    MOA's. And with late labels the no-change classifier knows more than the arms do.

    >>> stream = [np.array([0, 0, 1, 1], dtype=np.int8), np.array([1, 0, 0, 0], dtype=np.int8)]
    >>> prequential(stream, [np.array([0, 0, 1, 1], dtype=np.int8), np.array([1, 1, 0, 0], dtype=np.int8)]).total
    Agreement(records=8, accuracy=0.875, kappa=0.75, kappa_temporal=0.5, kappa_m=0.75)
    """
    ends = _ends(labels, predictions)
    actual, predicted = _joined(labels), _joined(predictions)
    series = (actual, predicted, no_change(actual), majority_class(actual))
    parts = zip(*(np.split(one, ends[:-1]) for one in series), strict=True)
    return Prequential(_agreement(*series), tuple(_agreement(*part) for part in parts) if labels else ())


def skill(right: int, reference_right: int, records: int) -> float | None:
    """The accuracy above a reference classifier's, as a share of what the reference leaves to be won.

    This is kappa-temporal or kappa-M, depending on the reference: 1 is perfect, 0 as good as the reference, below 0
    worse. None where the reference made no error.

    >>> skill(95, 90, 100), skill(85, 90, 100), skill(100, 100, 100)
    (0.5, -0.5, None)
    """
    return (right - reference_right) / (records - reference_right) if records > reference_right else None


def fading(labels: Sequence[Labels], predictions: Sequence[Labels], *, alpha: float) -> Fading:
    """Accuracy, error and kappa that forget: with a fading factor instead of a window (Gama et al. 2013).

    After record i each is the weighted mean S_i / B_i with S_i = x_i + alpha S_(i-1) and B_i = 1 + alpha B_(i-1),
    both 0 before the first record; x_i is 1 if record i was predicted right (accuracy), wrong (error), or fell into
    a cell of the confusion matrix (kappa, from the four faded cells). The memory is about 1 / (1 - alpha) records.

    Args:
        labels: for each window int8[n_w], 0 or 1, in stream order; an empty window repeats the numbers before it.
        predictions: for each window int8[n_w] of the same records.
        alpha: above 0, at most 1; with 1 nothing is forgotten and the numbers are the prequential ones.

    Raises:
        UsageError: alpha is none.
        ValueError: labels and predictions don't hold the same windows.
    """
    if not 0 < alpha <= 1:
        raise UsageError(f"a fading factor of {alpha:g} forgets nothing or everything; use one above 0 and at most 1")
    _ends(labels, predictions)
    at_ends = [cells.tolist() for cells in _faded(labels, predictions, alpha)]
    accuracy = tuple((tp + tn) / (tp + fp + tn + fn) if tp + fp + tn + fn else None for tp, fp, tn, fn in at_ends)
    return Fading(
        alpha=alpha,
        accuracy=accuracy,
        error=tuple(None if value is None else 1.0 - value for value in accuracy),
        kappa=tuple(kappa(tp=tp, fp=fp, tn=tn, fn=fn) for tp, fp, tn, fn in at_ends),
    )


def _faded(labels: Sequence[Labels], predictions: Sequence[Labels], alpha: float) -> Iterator[npt.NDArray[np.float64]]:
    """float64[4] after each window: the faded weights of tp, fp, tn and fn."""
    weights = alpha ** np.arange(max(map(len, labels), default=0) + 1, dtype=np.float64)[::-1]
    cells = np.zeros(4)
    for actual, predicted in zip(map(_flags, labels), map(_flags, predictions), strict=True):
        hits = np.stack([actual & predicted, ~actual & predicted, ~actual & ~predicted, actual & ~predicted])
        cells = hits @ weights[len(weights) - len(actual) :] + weights[-1 - len(actual)] * cells
        yield cells


def _flags(window: Labels) -> npt.NDArray[np.bool_]:
    return np.asarray(window, dtype=np.bool_)


def _agreement(labels: Labels, predictions: Labels, unchanged: Labels, majority: Labels) -> Agreement:
    counts, records = count(labels, predictions), len(labels)
    right = counts.tp + counts.tn
    both_classes = 0 < counts.tp + counts.fn < records
    references = [int((reference == labels).sum()) for reference in (unchanged, majority)]
    above = [skill(right, reference, records) if both_classes else None for reference in references]
    return Agreement(records, right / records if records else None, kappa(**asdict(counts)), *above)


def _ends(labels: Sequence[Labels], predictions: Sequence[Labels]) -> npt.NDArray[np.int64]:
    """After how many records each window ends, once both are seen to hold the same windows."""
    sizes, others = [len(window) for window in labels], [len(window) for window in predictions]
    if sizes != others:
        raise ValueError(f"labels and predictions differ in their windows: {sizes[:5]}... and {others[:5]}... records")
    return np.cumsum(sizes, dtype=np.int64)


def _joined(windows: Sequence[Labels]) -> Labels:
    return np.concatenate([*windows, np.empty(0, dtype=np.int8)]).astype(np.int8)
