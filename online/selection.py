"""Which rows of a set are kept: decided by a hash of each record's number, so that it repeats without any state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int8]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def draws(numbers: Numbers, *, seed: int) -> npt.NDArray[np.float64]:
    """A number from 0 up to 1 for each record number, as if drawn at random: the same for the same number and seed.

    The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).

    >>> draws(np.arange(3), seed=1).round(3).tolist()
    [0.937, 0.613, 0.354]
    """
    with np.errstate(over="ignore"):
        start = np.uint64(seed % 2**64) * np.uint64(0xD1342543DE82EF95) + np.uint64(1)
        mixed = (numbers.astype(np.uint64) + start) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def chosen(
    labels: Labels, drawn: npt.NDArray[np.float64], *, per_class: int | None = None, ratio: float | None = None
) -> Mask:
    """Which rows stay, bool[n]: first at most `per_class` of each class, then the larger class cut to `ratio`.

    Args:
        labels: int8[n], 0 or 1.
        drawn: float64[n]; of a class the rows with the smallest draws stay.
        per_class: at most so many rows of each class; None keeps all.
        ratio: at most so many rows of the larger class for each row of the smaller; None keeps all.

    >>> labels = np.array([0, 0, 0, 0, 0, 1, 1], dtype=np.int8)
    >>> chosen(labels, np.arange(7) / 7, ratio=2.0).tolist()
    [True, True, True, True, False, True, True]
    """
    most = [per_class if per_class is not None else len(labels)] * 2
    counts = [min(int((labels == value).sum()), most[value]) for value in (0, 1)]
    if ratio is not None:
        counts = [int(min(count, ratio * min(counts))) for count in counts]
    kept = np.zeros(len(labels), dtype=bool)
    for value, count in enumerate(counts):
        places = np.flatnonzero(labels == value)
        kept[places[np.argsort(drawn[places], kind="stable")[:count]]] = True
    return kept


def smallest(drawn: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.intp]:
    """The places of the `count` smallest draws, ascending: a sample of that many rows in their order."""
    found: npt.NDArray[np.intp] = np.sort(np.argsort(drawn, kind="stable")[:count])
    return found
