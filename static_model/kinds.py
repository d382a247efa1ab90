"""Kinds of attack: which of them a binary model finds, and how a model of several classes confuses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .metrics import wilson

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Detection:
    """How many rows of one kind a binary model calls positive, with Wilson's 95 % interval.

    For the kind of ordinary rows that is the share of false alarms.
    """

    kind: str
    rows: int
    positive: int
    share: float
    low: float
    high: float
    in_training: bool


def detection_by_kind(kinds: Sequence[str], predicted: Bits, *, known: Sequence[str]) -> tuple[Detection, ...]:
    """For each kind among the rows, the most frequent first, what a binary model says of it.

    Args:
        kinds: each row's kind.
        predicted: bool[n], whether the model calls it positive.
        known: the kinds that the training rows have; others were never seen.

    >>> found = detection_by_kind(["a", "b", "a"], np.array([1, 1, 0]) > 0, known=["a"])
    >>> [(d.kind, d.positive, d.in_training) for d in found]
    [('a', 1, True), ('b', 1, False)]
    """
    names, places = np.unique(np.asarray(kinds, object).astype(str), return_inverse=True)
    totals = np.bincount(places, minlength=len(names))
    hits = np.bincount(places, weights=predicted, minlength=len(names)).astype(int)
    order = sorted(range(len(names)), key=lambda place: (-totals[place], names[place]))
    return tuple(
        Detection(
            str(names[at]),
            int(totals[at]),
            int(hits[at]),
            float(hits[at] / totals[at]),
            *wilson(int(hits[at]), int(totals[at])),
            str(names[at]) in set(known),
        )
        for at in order
    )


@dataclass(frozen=True, slots=True, eq=False)
class KindReport:
    """How a model of several classes does.

    Attributes:
        names: the kinds, in the order of rows and columns.
        counts: int64[k, k], rows by actual kind (rows) and predicted kind (columns).
        recall: per kind; None where no row is of it.
        precision: per kind; None where none is predicted.
        f1: per kind, 0 where neither is defined otherwise, as scikit-learn's.
        macro_f1: their mean over the kinds that occur or are predicted; None where none does: there is no row.
    """

    names: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    recall: tuple[float | None, ...]
    precision: tuple[float | None, ...]
    f1: tuple[float, ...]
    macro_f1: float | None


def kind_report(actual: Sequence[str], predicted: Sequence[str], names: Sequence[str]) -> KindReport:
    """K x K counts and what follows from them; of no rows, counts of 0 and nothing else.

    Args:
        actual: each row's kind.
        predicted: each row's predicted kind.
        names: the kinds in the order to show; those that are missing from it come last, by name.
    """
    order = [*names, *sorted({*actual, *predicted} - set(names))]
    place = {name: at for at, name in enumerate(order)}
    size = len(order)
    cells = [place[a] * size + place[p] for a, p in zip(actual, predicted, strict=True)]
    counts = np.bincount(np.array(cells, np.int64), minlength=size * size).reshape(size, size)
    hits, rows, calls = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    f1 = np.divide(2.0 * hits, rows + calls, out=np.zeros(size), where=rows + calls > 0)
    return KindReport(
        names=tuple(order),
        counts=counts,
        recall=tuple(float(h / n) if n else None for h, n in zip(hits, rows, strict=True)),
        precision=tuple(float(h / n) if n else None for h, n in zip(hits, calls, strict=True)),
        f1=tuple(f1.tolist()),
        macro_f1=float(f1[rows + calls > 0].mean()) if cells else None,
    )
