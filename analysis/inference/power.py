"""How small a difference could have been shown? Measured where arms do differ: never against always."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from .compare import CONFIDENCE, FEWEST_DISCORDANT, Wrong, pooled_difference, variance_of_sum

POWER = 0.8
BANDWIDTH = 0.1
"""How far windows depend on each other, as a share of their number."""
DEGREES = 15
"""The long-run variance of windows is then as uncertain as one of 16 independent values (1.5 / `BANDWIDTH`)."""
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Discordance:
    """How noisy a duel on this stream is, from the static model and one that is retrained after every window.

    Never from an arm that happened to equal static: it would promise that nothing escapes.

    Attributes:
        records: int[n], labelled records of each window.
        share: float64[n], the part of them that one of the two got wrong and the other right.
        within: long-run over independent variance of neighbouring records.
        between: long-run variance of windows over that of independent records; drift is a part of it.
    """

    records: npt.NDArray[np.int64]
    share: Shares
    within: float = 1.0
    between: float = 1.0


def discordance(never: Sequence[Wrong], always: Sequence[Wrong]) -> Discordance:
    """How noisy a duel is, from what the paths never and always got wrong, bool[n_w] for each window.

    >>> rng = np.random.default_rng(2)
    >>> never, always = ([rng.random(1000) < 0.03 for _ in range(140)] for _ in range(2))
    >>> found = discordance(never, always)
    >>> round(float(found.share.mean()), 3), round(found.within, 1), round(found.between, 1)
    (0.058, 1.0, 0.7)
    """
    pairs = [n.astype(np.float64) - a for n, a in zip(never, always, strict=True)]
    records = np.array([len(pair) for pair in pairs], dtype=np.int64)
    share = np.array([np.abs(pair).mean() if len(pair) else 0.0 for pair in pairs])
    net = np.array([pair.mean() if len(pair) else 0.0 for pair in pairs])
    independent, seen = records * (share - net**2), records > 0
    if not independent.sum() or seen.sum() == 1:
        return Discordance(records, share)
    error = pooled_difference(pairs).standard_error / 100 * records.sum()
    windows = int(seen.sum())
    long_run = variance_of_sum(net[seen], lags=max(1, round(BANDWIDTH * windows)) - 1) / windows
    between = long_run / float((independent[seen] / records[seen] ** 2).mean())
    return Discordance(records, share, max(1.0, error**2 / float(independent.sum())), between)


def smallest_detectable(noise: Discordance, *, first: int = 0, units: int | None = None) -> float | None:
    """The difference that is found in 80 % of such streams, in errors per 100 records from window `first` on.

    Args:
        noise: how noisy a duel on this stream is.
        first: the first window in which the arm isn't the reference; before it nothing can differ. So a gain must be
            larger by the root of the share of windows that are left.
        units: None for the interval on this stream; the number of blocks for that about more of the same.

    Returns:
        Error points, at least six records' worth (fewer are never judged), or None where no record is left.

    The trap: for more of the same it holds for arms whose fits last as long as those of always; the luck of fits that
    last longer isn't in it.

    >>> stream = Discordance(np.full(140, 1000), np.full(140, 0.06))
    >>> [round(smallest_detectable(stream, first=f, units=u), 3) for f, u in ((0, None), (105, None), (0, 8))]
    [0.183, 0.367, 0.226]
    """
    records, share = noise.records[first:], noise.share[first:]
    total = int(records.sum())
    if not total:
        return None
    inflation = noise.within if units is None else noise.between
    error = math.sqrt(inflation * float(records @ share)) / total
    return 100 * max(_noncentrality(units) * error, FEWEST_DISCORDANT / total)


def _noncentrality(units: int | None) -> float:
    """How many standard errors a difference must measure for the power.

    It is 2.80 for the normal interval. For Student's it is more, and more again as the printed standard error is itself
    an estimate: the power is the mean over what it may be.
    """
    tail = 0.5 + CONFIDENCE / 2
    if units is None:
        return NormalDist().inv_cdf(tail) + NormalDist().inv_cdf(POWER)
    from scipy.optimize import brentq
    from scipy.special import chdtri, nctdtr, stdtrit

    errors = np.sqrt(chdtri(DEGREES, (np.arange(200) + 0.5) / 200) / DEGREES)
    critical = stdtrit(units - 1, tail)
    return float(brentq(lambda size: POWER - 1 + nctdtr(units - 1, size * errors, critical).mean(), 2.0, 20.0))
