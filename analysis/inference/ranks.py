"""Several arms on several streams: average ranks, and which arms can be told apart.

Streams are the units here. What one stream's records say about that stream plays no part, but for the order of arms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from producer.errors import UsageError

from .multiple import holm

FEWEST_STREAMS = 6
"""With 5, an arm that is better on every stream has a two-sided p of 2 / 32: it can never reach 5 %."""
LEVEL = 0.05
EXACT = 16
"""Up to so many streams the signed-rank test counts all signs; beyond, its normal approximation does."""
SAME = 12
"""Digits after which scores are ties: means over seeds differ in the last ones by rounding alone."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms, compared stream by stream.

    Attributes:
        first: the arm with the better average rank.
        second: the other.
        wins: streams on which the first has the better score.
        losses: streams on which the second has.
        p_value: of Wilcoxon's signed-rank test, two-sided.
        adjusted: the same by Holm, over all pairs.
    """

    first: str
    second: str
    wins: int
    losses: int
    p_value: float
    adjusted: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Arms ranked over streams.

    Attributes:
        streams: how many.
        ranks: average rank of each arm, the best (lowest) first.
        friedman: p-value of Friedman's test that all arms rank alike; None for two arms, where there is nothing beside
            the pair's own test.
        pairs: every pair of arms, the better one first.
        alike: groups of arms none of which can be told from another, as large as can be; an arm may be in several.
        able: whether an arm that is better on every stream could have been told from another at all.
    """

    streams: int
    ranks: dict[str, float]
    friedman: float | None
    pairs: tuple[Pair, ...]
    alike: tuple[tuple[str, ...], ...]
    able: bool


def too_few_streams(streams: int) -> str | None:
    """Why so few streams can't be ranked, in a sentence; None where they can.

    >>> too_few_streams(6) is None
    True
    """
    if streams >= FEWEST_STREAMS:
        return None
    return (
        f"Arms aren't ranked over streams: {FEWEST_STREAMS} or more are needed, and there "
        f"{'is' if streams == 1 else 'are'} {streams}. With 5, even an arm that is better on every one has p = 0.06 by "
        "the signed-rank test, so nothing could ever be told apart."
    )


def rank_arms(scores: Mapping[str, Mapping[str, float]]) -> Ranking:
    """Average ranks, Friedman's test, and Wilcoxon's signed-rank test of every pair with Holm's correction.

    As Demšar (2006) ranks classifiers, but pairs are tested by the signed-rank test, not by Nemenyi's on average ranks:
    there the verdict on two arms depends on which other arms are in the race (Benavoli, Corani, Mangili 2016). Where
    Friedman's test finds no difference at 5 %, no pair is told apart.

    Args:
        scores: for each stream the score of each arm, higher is better; seeds are averaged before, as runs of one
            stream aren't independent units.

    Raises:
        UsageError: fewer than six streams or two arms, other arms on one stream than on another, or a score that is
            missing.

    The traps: the streams must be independent (one stream with drift planted six ways is one stream), and they say
    something about other streams only as far as they were drawn like those.

    >>> found = rank_arms({f"s{k}": {"static": 0.8, "dynamic": 0.81 + k / 100} for k in range(6)})
    >>> found.ranks, found.pairs[0].p_value
    ({'dynamic': 1.0, 'static': 2.0}, 0.03125)
    """
    arms, table = _checked(scores)
    places = _ranks(-table).mean(axis=0)
    order = np.argsort(places, kind="stable")
    ranks = {arms[at]: float(places[at]) for at in order}
    tested = {(arms[i], arms[j]): (table[:, i], table[:, j]) for i, j in combinations(order, 2)}
    p_values = {pair: signed_rank(a - b) for pair, (a, b) in tested.items()}
    names = {pair: f"{number}" for number, pair in enumerate(tested)}
    adjusted = holm({names[pair]: p for pair, p in p_values.items()})
    pairs = tuple(
        Pair(*pair, int((a > b).sum()), int((a < b).sum()), p_values[pair], adjusted[names[pair]])
        for pair, (a, b) in tested.items()
    )
    friedman = _friedman(table) if len(arms) > 2 else None
    apart = {(one.first, one.second) for one in pairs if one.adjusted <= LEVEL and (friedman or 0.0) <= LEVEL}
    able = signed_rank(np.arange(1.0, len(table) + 1)) * len(pairs) <= LEVEL
    return Ranking(len(table), ranks, friedman, pairs, _groups(list(ranks), apart), able)


def signed_rank(differences: Floats) -> float:
    """Two-sided p-value of Wilcoxon's (1945) signed-rank test, exact up to 16 streams, ties and zeros included.

    The ranks of differences of 0 are split evenly between both signs (Demšar 2006), so that they speak for no
    difference; 1 where all are 0.

    Args:
        differences: float64[streams].

    >>> signed_rank(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])), signed_rank(np.zeros(6))
    (0.03125, 1.0)
    """
    places = _ranks(np.abs(differences)[None])[0]
    signs = np.sign(differences)
    moving = places[signs != 0]
    if not len(moving):
        return 1.0
    found = abs(float((places * signs).sum()))
    if len(differences) > EXACT:
        return math.erfc(found / math.sqrt(2 * float((moving**2).sum())))
    sums = np.zeros(1)
    for place in moving:
        sums = np.concatenate([sums + place, sums - place])
    return float((np.abs(sums) >= found - 1e-9).mean())


def _checked(scores: Mapping[str, Mapping[str, float]]) -> tuple[list[str], Floats]:
    if (few := too_few_streams(len(scores))) is not None:
        raise UsageError(few)
    arms = list(next(iter(scores.values())))
    if len(arms) < 2:
        raise UsageError(f"there is nothing to rank: the streams have {len(arms)} arm; give each at least two")
    for stream, row in scores.items():
        if set(row) != set(arms):
            raise UsageError(
                f"stream '{stream}' has the arms {', '.join(sorted(row))}, others have {', '.join(sorted(arms))}; only "
                "arms that are on every stream can be ranked"
            )
        for arm in arms:
            if row[arm] is None or not math.isfinite(row[arm]):
                raise UsageError(f"the arm '{arm}' has no score on stream '{stream}'; leave out one or the other")
    return arms, np.array([[round(row[arm], SAME) for arm in arms] for row in scores.values()])


def _ranks(rows: Floats) -> Floats:
    from scipy.stats import rankdata

    return np.asarray(rankdata(rows, axis=1))


def _friedman(table: Floats) -> float:
    from scipy.stats import friedmanchisquare

    if (table == table[:, :1]).all():
        return 1.0
    return float(friedmanchisquare(*table.T).pvalue)


def _groups(arms: Sequence[str], apart: set[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """The largest groups of two or more arms without a pair that is apart (Bron and Kerbosch 1973), in order.

    >>> _groups(["a", "b", "c"], {("a", "c")})
    (('a', 'b'), ('b', 'c'))
    """
    place = {arm: at for at, arm in enumerate(arms)}
    near = {a: {b for b in arms if a != b and not {(a, b), (b, a)} & apart} for a in arms}
    found: list[tuple[str, ...]] = []

    def extend(group: set[str], open_: set[str], seen: set[str]) -> None:
        if not open_ and not seen:
            found.append(tuple(sorted(group, key=place.__getitem__)))
        pivot = max(open_ | seen, key=lambda arm: len(near[arm] & open_), default=None)
        for arm in open_ - (near[pivot] if pivot is not None else set()):
            extend(group | {arm}, open_ & near[arm], seen & near[arm])
            open_, seen = open_ - {arm}, seen | {arm}

    extend(set(), set(arms), set())
    return tuple(sorted((group for group in found if len(group) > 1), key=lambda group: [place[arm] for arm in group]))
