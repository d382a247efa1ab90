"""How good a classifier is, on rows that it hasn't seen: more than the tracker's metrics, and its curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .metrics import Counts, binary_metrics, count

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

FPR = 0.01
MIN_NEGATIVES = 100
"""Below so many rows of class 0 nothing is said about a false-positive rate of 1 %."""
BINS, POINTS = 10, 500
"""Of the calibration, with equally many rows each; and of a curve, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """What a classifier does at every threshold.

    Attributes:
        roc: float64[m, 3], false-positive rate, recall, threshold; from none to all rows predicted positive.
        pr: float64[m, 3], recall, precision, threshold; likewise.
        calibration: float64[b, 3], mean score, share of class 1, rows; empty where scores are no probabilities.
    """

    roc: Floats
    pr: Floats
    calibration: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Assessed:
    """One algorithm's scores of held-out rows: int8[n] labels, float64[n] scores, and the threshold it is judged at."""

    labels: Labels
    scores: Floats
    threshold: float
    probabilistic: bool = True


def assess(
    labels: Labels,
    scores: Floats,
    *,
    threshold: float,
    prevalence: float | None = None,
    cost_fp: float = 1.0,
    cost_fn: float = 1.0,
    probabilistic: bool = True,
) -> dict[str, float | None]:
    """All metrics of one classifier on one set of rows; what is undefined is None.

    Beside those of `metrics.METRICS`: PR-AUC (scikit-learn's average precision) and its baseline, the share of class 1;
    the best recall at a false-positive rate of at most 1 % (None below 100 rows of class 0); the Brier score and the
    expected calibration error over 10 bins with equally many rows; precision and cost per record at a prevalence.

    Args:
        labels: int8[n], 0 or 1.
        scores: float64[n], higher is more like class 1.
        threshold: a row is predicted positive iff its score is strictly above.
        prevalence: share of class 1 where the model will be used; that of the rows if None.
        cost_fp: of a false alarm.
        cost_fn: of a missed attack.
        probabilistic: whether the scores are probabilities; if not, log loss, Brier and calibration are None.
    """
    values = binary_metrics(labels, scores, threshold=threshold)
    added = ("pr_auc", "pr_baseline", "recall_at_1pct_fpr", "brier", "ece")
    values |= dict.fromkeys((*added, "precision_at_prevalence", "expected_cost"))
    positives = int(labels.sum())
    if not 0 < positives < len(labels):
        return values
    found = sorted_counts(labels, scores)
    values["pr_auc"] = _average_precision(found, positives)
    values["pr_baseline"] = positives / len(labels)
    if len(labels) - positives >= MIN_NEGATIVES:
        values["recall_at_1pct_fpr"] = recall_at_fpr(labels, scores, fpr=FPR)
    if probabilistic:
        values["brier"] = float(np.mean((scores - labels) ** 2))
        values["ece"] = _calibration_error(calibration(labels, scores))
    else:
        values["log_loss"] = None
    share = positives / len(labels) if prevalence is None else prevalence
    counts = count(labels, scores > threshold)
    values["precision_at_prevalence"] = precision_at(counts, share)
    values["expected_cost"] = expected_cost(counts, share, cost_fp=cost_fp, cost_fn=cost_fn)
    return values


def precision_at(counts: Counts, prevalence: float) -> float | None:
    """The precision where this share of records is of class 1, at the same recall and false-positive rate.

    >>> precision_at(Counts(tp=90, fp=10, tn=90, fn=10), 0.01)
    0.08333333333333333
    """
    recall, fpr = _rates(counts)
    alarms = prevalence * recall + (1 - prevalence) * fpr
    return prevalence * recall / alarms if alarms else None


def expected_cost(counts: Counts, prevalence: float, *, cost_fp: float, cost_fn: float) -> float:
    """The mean cost of a record where this share of records is of class 1."""
    recall, fpr = _rates(counts)
    return cost_fp * fpr * (1 - prevalence) + cost_fn * (1 - recall) * prevalence


def _rates(counts: Counts) -> tuple[float, float]:
    return counts.tp / (counts.tp + counts.fn), counts.fp / (counts.fp + counts.tn)


def recall_at_fpr(labels: Labels, scores: Floats, *, fpr: float) -> float:
    """The best recall of all thresholds whose false-positive rate is at most this; 0 where none has any."""
    tp, fp, _ = sorted_counts(labels, scores)
    allowed = fp <= fpr * (len(labels) - labels.sum())
    return float(tp[allowed].max(initial=0) / labels.sum())


def curves(labels: Labels, scores: Floats, *, probabilistic: bool = True) -> Curves:
    """ROC, PR and calibration curves; at most 500 points each, the ends exactly.

    Args:
        labels: int8[n] of both classes.
        scores: float64[n].
        probabilistic: whether the scores are probabilities.
    """
    tp, fp, thresholds = sorted_counts(labels, scores)
    positives = int(labels.sum())
    at = _thinned(len(tp))
    recall, rate = tp[at] / positives, fp[at] / (len(labels) - positives)
    roc = np.column_stack([rate, recall, thresholds[at]])
    pr = np.column_stack([recall, tp[at] / (tp[at] + fp[at]), thresholds[at]])
    return Curves(
        roc=np.vstack([[0.0, 0.0, np.inf], roc]),
        pr=np.vstack([[0.0, pr[0, 1], np.inf], pr]),
        calibration=calibration(labels, scores) if probabilistic else np.empty((0, 3)),
    )


def calibration(labels: Labels, scores: Floats) -> Floats:
    """Mean score, share of class 1 and rows, in bins of the sorted scores with equally many rows; no tie is parted."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    ends = np.searchsorted(ranked, ranked[np.linspace(0, len(ranked) - 1, BINS + 1).astype(int)[1:]], side="right")
    ends = np.unique(ends)
    starts = np.append(0, ends[:-1])
    rows = ends - starts
    means = np.add.reduceat(ranked, starts) / rows
    shares = np.add.reduceat(labels[order].astype(np.float64), starts) / rows
    return np.column_stack([means, shares, rows.astype(np.float64)])


def _calibration_error(bins: Floats) -> float:
    return float(np.average(np.abs(bins[:, 0] - bins[:, 1]), weights=bins[:, 2]))


def sorted_counts(labels: Labels, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """For each distinct score, the highest first: true and false positives if it and all above are positive."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    tp = np.cumsum(labels[order], dtype=np.float64)[last]
    return tp, last + 1.0 - tp, ranked[last]


def _average_precision(found: tuple[Floats, Floats, Floats], positives: int) -> float:
    tp, fp, _ = found
    return float(np.sum(np.diff(tp, prepend=0.0) / positives * tp / (tp + fp)))


def _thinned(size: int) -> npt.NDArray[np.int64]:
    if size <= POINTS - 1:
        return np.arange(size)
    return np.unique(np.linspace(0, size - 1, POINTS - 1).astype(np.int64))
