"""How small a difference could have been shown? Measured where arms do differ: never against always."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from .compare import CONFIDENCE, FEWEST_DISCORDANT, Wrong, bandwidth, pooled_difference

POWER = 0.8
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Yardstick:
    """How noisy a duel on this stream is, from the static model and one that is retrained after every window.

    Never from an arm that happened to equal static: it would promise that nothing escapes.

    Attributes:
        records: int[n], labelled records of each window.
        discordant: float64[n], the share of them that one of the two got wrong and the other right.
        within: long-run over independent variance of neighbouring records.
        between: long-run over independent variance of neighbouring windows; drift is a part of it.
    """

    records: npt.NDArray[np.int64]
    discordant: Shares
    within: float = 1.0
    between: float = 1.0


def measure(never: Sequence[Wrong], always: Sequence[Wrong]) -> Yardstick:
    """The yardstick from what the paths never and always got wrong, bool[n_w] for each window.

    >>> rng = np.random.default_rng(1)
    >>> never, always = ([rng.random(1000) < 0.03 for _ in range(50)] for _ in range(2))
    >>> found = measure(never, always)
    >>> round(float(found.discordant.mean()), 3), round(found.within, 1), round(found.between, 1)
    (0.057, 1.0, 1.0)
    """
    pairs = [n.astype(np.float64) - a for n, a in zip(never, always, strict=True)]
    records = np.array([len(pair) for pair in pairs], dtype=np.int64)
    discordant = np.array([np.abs(pair).mean() if len(pair) else 0.0 for pair in pairs])
    net = np.array([pair.mean() if len(pair) else 0.0 for pair in pairs])
    independent = records * (discordant - net**2)
    if not independent.sum():
        return Yardstick(records, discordant)
    error = pooled_difference(pairs).standard_error / 100 * records.sum()
    seen = records > 0
    between = _long_run(net[seen]) / float((independent[seen] / records[seen] ** 2).mean())
    return Yardstick(records, discordant, max(1.0, error**2 / float(independent.sum())), max(1.0, between))


def _long_run(series: Shares) -> float:
    """The long-run variance of a series, by Bartlett weights up to the cube root of its length."""
    centred = series - series.mean()
    lags = min(bandwidth(len(series)), len(series) - 1)
    products = [(1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag]) for lag in range(1, lags + 1)]
    return (float(centred @ centred) + 2 * math.fsum(products)) / len(series)


def smallest_detectable(yardstick: Yardstick, *, first: int = 0, units: int | None = None) -> float | None:
    """The difference that is found in 80 % of such streams, in errors per 100 records from window `first` on.

    Args:
        yardstick: how noisy a duel on this stream is.
        first: the first window in which the arm isn't the reference; before it nothing can differ. So a gain must be
            larger by the root of the share of windows that are left.
        units: None for the interval on this stream; the number of blocks for that about more of the same.

    Returns:
        Error points, at least six records' worth (fewer are never judged), or None where no record is left.

    The trap: for more of the same it holds for arms whose fits last as long as those of always; the luck of fits that
    last longer isn't in it.

    >>> stream = Yardstick(np.full(140, 1000), np.full(140, 0.06))
    >>> [round(smallest_detectable(stream, first=f, units=u), 3) for f, u in ((0, None), (105, None), (0, 8))]
    [0.183, 0.367, 0.214]
    """
    records, share = yardstick.records[first:], yardstick.discordant[first:]
    total = int(records.sum())
    if not total:
        return None
    inflation = yardstick.within if units is None else max(yardstick.within, yardstick.between)
    error = math.sqrt(inflation * float(records @ share)) / total
    return 100 * max(_noncentrality(units) * error, FEWEST_DISCORDANT / total)


def _noncentrality(units: int | None) -> float:
    """How many standard errors a difference must measure: 2.80 for the normal interval, more for few units."""
    tail = 0.5 + CONFIDENCE / 2
    if units is None:
        return NormalDist().inv_cdf(tail) + NormalDist().inv_cdf(POWER)
    from scipy.special import nctdtrinc, stdtrit

    return float(nctdtrinc(units - 1, 1 - POWER, stdtrit(units - 1, tail)))
