"""Several runs beside each other: which of them can be compared, and what they say together about a policy.

A claim about a policy takes streams as units, each the mean over its seeds; where all runs read one stream, its seeds.
What can't be compared is set apart and said so, never merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

from analysis.inference.compare import CONFIDENCE
from analysis.inference.multiple import holm
from analysis.inference.ranks import too_few_streams
from analysis.inference.units import SAME, policy_claim
from analysis.inference.verdict import policy_verdict
from online.identity import differences

from .experiment_tables import stream_scores
from .members import Member
from .tidy import tidy_rows

FORMAT = 1
REFERENCE = "static"


@dataclass(slots=True)
class _Pool:
    """Differences to static by arm, stream and seed, totals by stream, seed and arm, and what is said of the rest."""

    values: dict[str, dict[str, dict[int | None, float]]] = field(default_factory=dict)
    totals: dict[tuple[str, Any], dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    specs: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def add(self, one: Member) -> None:
        totals = self.totals.setdefault((one.stream, one.seed), {})
        if REFERENCE in one.summary["arms"]:
            totals.setdefault(REFERENCE, one.summary["arms"][REFERENCE])
        for arm, found in one.summary.get("comparisons", {}).items():
            if reason := self._reason(one, arm, found):
                self.notes.append(f"The arm '{arm}' of {one.name} is left out of what is claimed: {reason}.")
            else:
                seeds = self.values.setdefault(arm, {}).setdefault(one.stream, {})
                seeds[one.seed] = float(found["estimate"]["difference"])
                totals[arm] = one.summary["arms"][arm]

    def scores(self) -> tuple[dict[str, dict[str, float | None]], tuple[str, ...]]:
        """By stream the accuracy of the arms that every run has, its seeds averaged; and the other arms."""
        arms = dict.fromkeys(arm for totals in self.totals.values() for arm in totals)
        everywhere = [arm for arm in arms if all(arm in totals for totals in self.totals.values())]
        runs = {unit: {"arms": {arm: totals[arm] for arm in everywhere}} for unit, totals in self.totals.items()}
        scores = {
            stream: {arm: None if isnan(value) else value for arm, value in row.items()}
            for stream, row in stream_scores(runs).items()
        }
        return scores, tuple(arm for arm in arms if arm not in everywhere)

    def _reason(self, one: Member, arm: str, found: Mapping[str, Any]) -> str | None:
        spec = one.manifest.get("arms", {}).get(arm)
        holder, held = self.specs.setdefault(arm, (one.name, spec))
        for place, was, now in differences(held, spec):
            return f"it is another arm than that of {holder}: its {place} is {now}, not {was}"
        if found["reference"] != REFERENCE:
            return f"it is held against '{found['reference']}', not against '{REFERENCE}'"
        if found["estimate"] is None:
            return "no record is labelled"
        if one.seed in self.values.get(arm, {}).get(one.stream, {}):
            return f"another run has the same stream, arm and seed ({one.seed})"
        return None


def compare_runs(members: Sequence[Member]) -> dict[str, Any]:
    """What several runs say together, as plain JSON values.

    Args:
        members: at least two; the settings of the first one that can be compared at all are those that the others
            must have.
    """
    apart = dict(_apart(members))
    pool = _Pool()
    for one in members:
        if one.name not in apart:
            pool.add(one)
    scores, unranked = pool.scores()
    claims = _claims(pool.values, _primary([one for one in members if one.name not in apart]))
    return {
        "format": FORMAT,
        "confidence": CONFIDENCE,
        "runs": {one.name: _plain(one) for one in members},
        "claims": claims,
        "verdicts": {arm: _verdict(arm, claim) for arm, claim in claims.items()},
        "apart": apart,
        "scores": scores,
        "notes": [*_notes(members, apart), *pool.notes, *_unranked(scores, unranked)],
    }


def _unranked(scores: Mapping[str, Any], arms: Sequence[str]) -> Iterator[str]:
    """What must be said of a ranking that isn't of all arms."""
    if arms and too_few_streams(len(scores)) is None:
        yield f"Not ranked over the streams, as not every run has them: {', '.join(arms)}."


def _plain(one: Member) -> dict[str, Any]:
    return {
        "path": str(one.path),
        "stream": one.stream,
        "seed": one.seed,
        "finished": one.finished,
        **one.settings,
        **{key: one.identity.get(key) for key in ("contract", "model")},
        **{key: one.summary.get(key) for key in ("windows", "records", "labelled")},
        "arms": list(tidy_rows(one.summary)),
        "verdicts": one.summary.get("verdicts", {}),
    }


def _apart(members: Sequence[Member]) -> Iterator[tuple[str, str]]:
    """The runs that nothing is claimed from together with the others, and why."""
    first, streams = next((one for one in members if not one.alone), members[0]), dict[str, Member]()
    for one in members:
        if alone := one.alone:
            yield one.name, alone
            continue
        own = {key: one.identity.get(key) for key in ("contract", "model")}
        like = streams.setdefault(one.stream, one)
        held = {key: like.identity.get(key) for key in ("contract", "model")}
        found = [(first, *d) for d in differences(first.settings, one.settings)]
        found += [(like, *d) for d in differences(held, own)]
        if found:
            yield one.name, "; ".join(f"its {place} is {now}, that of {o.name} {was}" for o, place, was, now in found)


def _primary(members: Sequence[Member]) -> set[str]:
    """The arms that every run declared primary beforehand; all of them if none was."""
    having = [one for one in members if one.summary["comparisons"]]
    declared = [set(one.manifest.get("primary") or one.summary["comparisons"]) for one in having]
    return set.intersection(*declared) if declared else set()


def _claims(
    values: Mapping[str, Mapping[str, Mapping[int | None, float]]], primary: set[str]
) -> dict[str, dict[str, Any]]:
    found = {arm: _claim(streams) for arm, streams in values.items()}
    # An arm of which nothing is claimed is one of the family all the same.
    corrected = holm({arm: claim.get("p_value", 1.0) for arm, claim in found.items() if arm in primary})
    return {
        arm: {
            **claim,
            "primary": arm in primary,
            "family": len(corrected),
            "p_holm": corrected.get(arm) if "p_value" in claim else None,
        }
        for arm, claim in found.items()
    }


def _claim(streams: Mapping[str, Mapping[int | None, float]]) -> dict[str, Any]:
    """The mean difference over units; with too few of them, no interval."""
    units = "streams" if len(streams) > 1 else "seeds"
    by_stream = {stream: sum(seeds.values()) / len(seeds) for stream, seeds in streams.items()}
    differing = list(by_stream.values() if units == "streams" else next(iter(streams.values())).values())
    told = policy_claim(differing, unit=units)
    return {**told, "unit": units, "units": len(differing), "differences": differing, "by_stream": by_stream}


def _verdict(arm: str, claim: Mapping[str, Any]) -> str:
    if claim["finding"] == SAME:
        return (
            f"Nothing is claimed about the policy of '{arm}': it came out the same for each of {claim['units']} seeds, "
            "which are one result, then."
        )
    said = policy_verdict(arm, REFERENCE, claim["differences"], units=claim["unit"])
    if claim["finding"] not in ("better", "worse"):
        return said
    if not claim["primary"]:
        return f"{said} This arm is exploratory: nothing corrects its claim for the number of arms."
    if claim["family"] == 1:
        return said
    holds = "holds" if claim["p_holm"] < 1 - CONFIDENCE else "falls"
    return f"{said} After Holm's correction for {claim['family']} arms it {holds} (p = {claim['p_holm']:.2g})."


def _notes(members: Sequence[Member], apart: Mapping[str, str]) -> Iterator[str]:
    for name, reason in apart.items():
        yield f"{name} is set apart, and nothing is claimed from it together with the others: {reason}."
    for one in members:
        if one.missing:
            yield f"{one.name} isn't whole; its own report says what is missing ({len(one.missing)})."
    merged = [one for one in members if one.name not in apart]
    streams = {one.stream for one in merged}
    if len(streams) == 1 and len(merged) > 1:
        yield "All of these runs read the same stream: what they say of a policy holds for this stream alone."
    for key, words in (("contract", "contracts"), ("model", "starting models")):
        if len({one.identity.get(key) for one in merged}) > 1:
            yield f"The streams have {words} of their own; a claim over them is about the policy with each of these."
