"""Which columns to recommend as features, and why, in words: from what all methods say together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .pairs import Link
from .statistics import holm, ranks

METHODS = ("mutual information", "chi-squared", "ANOVA F", "forest importance", "permutation importance")
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What each method says of one feature; NaN is undefined.

    Attributes:
        name: the column.
        varies: whether it has more than one value (missing is one).
        empty: whether it has no value at all.
        mutual_information: in bits.
        chi2: the statistic, and `chi2_p` its p-value before any correction.
        chi2_p: see there.
        anova_f: the statistic, and `anova_p` its p-value before any correction.
        anova_p: see there.
        forest: the forest's importance.
        permutation: the mean loss of MCC, and `deviation` its standard deviation over the shuffles.
        deviation: see there.
    """

    name: str
    varies: bool = True
    empty: bool = False
    mutual_information: float = math.nan
    chi2: float = math.nan
    chi2_p: float = math.nan
    anova_f: float = math.nan
    anova_p: float = math.nan
    forest: float = math.nan
    permutation: float = math.nan
    deviation: float = math.nan


@dataclass(frozen=True, slots=True)
class Judged:
    """A feature with its ranks (by `METHODS`), p-values after Holm's correction, and the verdict."""

    evidence: Evidence
    ranks: tuple[int | None, ...]
    mean_rank: float
    chi2_p: float
    anova_p: float
    recommended: bool
    reason: str


def judge(features: Sequence[Evidence], links: Sequence[Link], *, one_class: bool) -> list[Judged]:
    """Rank the features by each method and decide which to recommend.

    A feature is dropped if it is constant, if no method finds more than noise in it, or if a better ranked one that is
    kept says the same. Ranks are of the statistics; p-values are corrected over the features for each test.

    Args:
        features: in the order of the contract.
        links: pairs of them that say the same.
        one_class: whether all rows have the same label, so that nothing can be measured.
    """
    ranked = list(zip(*(ranks(values) for values in _values(features)), strict=True))
    means = [_mean(found) for found in ranked]
    chi2, anova = holm([x.chi2_p for x in features]), holm([x.anova_p for x in features])
    reasons: dict[str, tuple[bool, str]] = {}
    order = sorted(range(len(features)), key=lambda i: (math.isnan(means[i]), means[i], i))
    for i in order:
        better = _better(features[i].name, links, reasons)
        reasons[features[i].name] = _verdict(
            features[i], ranked[i], (chi2[i], anova[i]), better, _of(ranked), one_class=one_class
        )
    return [
        Judged(x, tuple(r), mean, p, q, *reasons[x.name])
        for x, r, mean, p, q in zip(features, ranked, means, chi2, anova, strict=True)
    ]


def _values(features: Sequence[Evidence]) -> list[list[float]]:
    return [
        [x.mutual_information for x in features],
        [x.chi2 for x in features],
        [x.anova_f for x in features],
        [x.forest for x in features],
        [x.permutation for x in features],
    ]


def _mean(found: Iterable[int | None]) -> float:
    known = [rank for rank in found if rank is not None]
    return sum(known) / len(known) if known else math.nan


def _of(ranked: Sequence[Sequence[int | None]]) -> int:
    """How many features have a rank by mutual information."""
    return sum(found[0] is not None for found in ranked)


def _better(name: str, links: Sequence[Link], reasons: Mapping[str, tuple[bool, str]]) -> Link | None:
    """The closest link to a feature that is kept, turned so that this feature is `b`."""
    turned = [link if link.b == name else Link(link.b, link.a, link.association, link.measure) for link in links]
    kept = [link for link in turned if link.b == name and reasons.get(link.a, (False, ""))[0]]
    return max(kept, key=lambda link: abs(link.association), default=None)


def _verdict(
    found: Evidence,
    places: Sequence[int | None],
    p_values: tuple[float, float],
    better: Link | None,
    of: int,
    *,
    one_class: bool,
) -> tuple[bool, str]:
    if found.empty:
        return False, "dropped: no row has a value"
    if not found.varies:
        return False, "dropped: constant"
    known = [p for p in p_values if not math.isnan(p)]
    if known and min(known) > SIGNIFICANT and not found.permutation > 2 * found.deviation:
        return False, f"dropped: no method finds more than noise (Holm p = {min(known):.2g}{_permutation(found)})"
    if better is not None:
        return False, f"dropped: same information as {better.a} ({_closeness(better)}), which ranks higher"
    if one_class:
        return True, "kept: all rows are of one class, so nothing can be measured"
    return True, f"kept: {_praise(found, places, of)}"


def _closeness(link: Link) -> str:
    return link.measure if link.measure == "an exact copy" else f"{link.measure} {link.association:.2f}"


def _permutation(found: Evidence) -> str:
    if math.isnan(found.permutation):
        return ""
    # Adding 0 turns a rounded -0.0 into 0.0, which has no sign.
    return f", permutation {round(found.permutation, 3) + 0.0:.3f} ± {found.deviation:.3f}"


def _praise(found: Evidence, places: Sequence[int | None], of: int) -> str:
    parts = [f"MI {found.mutual_information:.2g} bits (rank {places[0]} of {of})"]
    parts += [f"forest rank {places[3]}"] if places[3] is not None else []
    spare = "; the forest can do without it" if found.permutation <= 2 * found.deviation else ""
    return ", ".join(parts) + _permutation(found) + spare


def settled(links: Sequence[Link], judged: Sequence[Judged]) -> list[tuple[str, str, float, str | None, str | None]]:
    """For each pair that says the same: a, b, association, which of them is kept, and which is dropped.

    Of two that are dropped, none is kept; the one that ranks lower is named. None is dropped where both are kept, which
    no pair is.
    """
    known = {found.evidence.name: (found.recommended, -_last(found.mean_rank)) for found in judged}
    table: list[tuple[str, str, float, str | None, str | None]] = []
    for link in links:
        loser, winner = sorted((link.b, link.a), key=lambda name: known[name])
        table.append((link.a, link.b, link.association, winner if known[winner][0] else None, loser))
    return table


def _last(rank: float) -> float:
    return math.inf if math.isnan(rank) else rank
