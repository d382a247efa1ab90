"""The verdict in words: what was found, at what cost, and what it doesn't claim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from online.tracker import Cost

from .blocks import Outlook
from .compare import CONFIDENCE, Comparison, Estimate
from .units import FEWEST_UNITS, UnitEstimate, mean_of_units

NO_CLAIM = f"A claim about the policy needs at least {FEWEST_UNITS} seeds or streams."
EXPLORATORY = "This arm is exploratory: nothing corrects its claims for the number of arms."


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a run found about one arm.

    Attributes:
        comparison: the arm held against the reference on this stream.
        outlook: what the stream says about more of the same.
        family: how many primary arms there are.
        holm_here: the comparison's p-value after Holm's correction; None for an exploratory arm.
        holm_more: the outlook's.
        detectable_here: the smallest difference that this stream could have shown in 80 % of cases, or None.
        detectable_more: the same for more of the same stream.
    """

    comparison: Comparison
    outlook: Outlook
    family: int = 1
    holm_here: float | None = None
    holm_more: float | None = None
    detectable_here: float | None = None
    detectable_more: float | None = None

    @property
    def exploratory(self) -> bool:
        """Whether nothing corrects for the number of arms."""
        return self.holm_here is None


def verdict(evidence: Evidence, cost: Cost, *, stream_records: int) -> str:
    """What this run says about one arm, in a few sentences that name what is claimed: this stream, or more of it.

    Args:
        evidence: the arm held against the reference.
        cost: what the arm did.
        stream_records: all records of the stream, labelled or not.
    """
    comparison = evidence.comparison
    if comparison.estimate is None:
        return (
            f"Nothing can be said about '{comparison.arm}' and '{comparison.reference}': "
            "no record of this stream is labelled."
        )
    where = _stream(comparison.estimate.records, stream_records)
    parts = [
        _finding(comparison, comparison.estimate, where, cost),
        _could_have_shown(evidence),
        _more_of_the_same(evidence),
        _corrected(evidence),
        _cost(cost),
        NO_CLAIM,
    ]
    return " ".join(filter(None, parts))


def _could_have_shown(evidence: Evidence) -> str:
    if evidence.comparison.finding in ("better", "worse") or evidence.detectable_here is None:
        return ""
    since = "" if evidence.outlook.fits == 0 else " since the first new model"
    return f"This stream could have shown {evidence.detectable_here:.2g} errors per 100 records{since}."


def _more_of_the_same(evidence: Evidence) -> str:
    """The second question: a claim, the lack of one, or why there can't be any."""
    outlook, estimate, detectable = evidence.outlook, evidence.outlook.estimate, evidence.detectable_more
    if evidence.comparison.finding in ("identical", "too few"):
        return ""
    if estimate is None:
        number = {0: "no fit", 1: "one independent fit"}.get(outlook.fits, f"{outlook.fits} independent fits")
        return (
            "What more of the same stream would show can't be claimed from one stream: since the first new model it "
            f"holds {number}, and {FEWEST_UNITS} blocks of windows that share none are needed."
        )
    ends = f"{_points(estimate.low, estimate)} to {_points(estimate.high, estimate)}"
    if estimate.finding == "no difference":
        said = evidence.comparison.finding in ("better", "worse")
        would = "would not say so for sure" if said else "would not show one for sure either"
        could = "" if detectable is None else f"; {detectable:.2g} could have been shown"
        return (
            f"More of the same stream {would}: over {estimate.units} blocks of windows the 95 % interval, {ends} "
            f"errors per 100 records, contains 0{could}."
        )
    word, sign = ("fewer", 1.0) if estimate.finding == "better" else ("more", -1.0)
    ends = " to ".join(_points(end, estimate) for end in sorted([sign * estimate.low, sign * estimate.high]))
    too = ", too" if estimate.finding == evidence.comparison.finding else ""
    return (
        f"More of the same stream would show {word} errors{too}: {_points(sign * estimate.difference, estimate)} per "
        f"100 records since the first new model (95 % interval {ends}, over {estimate.units} blocks of windows)."
    )


def _corrected(evidence: Evidence) -> str:
    """What the number of arms leaves of the claims."""
    claims = [
        (holm, words)
        for holm, finding, words in (
            (evidence.holm_here, evidence.comparison.finding, "on this stream"),
            (evidence.holm_more, evidence.outlook.finding, "for more of the same stream"),
        )
        if finding in ("better", "worse")
    ]
    if evidence.exploratory:
        return EXPLORATORY if claims else ""
    if evidence.family == 1 or not claims:
        return ""
    parts = (
        f"the claim {words} {'holds' if holm < 1 - CONFIDENCE else 'falls'} ({_p_value(holm)})"
        for holm, words in claims
        if holm is not None
    )
    return f"After Holm's correction for {evidence.family} primary arms {', and '.join(parts)}."


def _p_value(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def policy_verdict(arm: str, reference: str, differences: Sequence[float], *, units: str = "seeds") -> str:
    """What several duels say about a policy, where one stream can't.

    Args:
        arm: the policy's arm.
        reference: the arm it is held against.
        differences: per seed or stream the pooled difference, in error points, positive where the arm is better.
        units: what they are, in the plural.

    >>> policy_verdict("dynamic", "static", [1.0, 1.2, 0.9])
    "Nothing is claimed about the policy of 'dynamic': 3 seeds were run, and at least 5 are needed."
    """
    found = mean_of_units(differences)
    if found is None:
        return (
            f"Nothing is claimed about the policy of '{arm}': {_were_run(len(differences), units)}, and at least "
            f"{FEWEST_UNITS} are needed."
        )
    over = f"Over {found.units} {units}"
    if found.finding == "no difference":
        return (
            f"{over} no difference was found between the policies of '{arm}' and '{reference}': the 95 % interval, "
            f"{_points(found.low, found)} to {_points(found.high, found)} errors per 100 records, contains 0."
        )
    word, sign = ("fewer", 1.0) if found.finding == "better" else ("more", -1.0)
    ends = " to ".join(_points(end, found) for end in sorted([sign * found.low, sign * found.high]))
    return (
        f"{over} the policy of '{arm}' made {_points(sign * found.difference, found)} errors per 100 records {word} "
        f"than that of '{reference}' (95 % interval {ends}): a claim about the policy, for {units} like these."
    )


def _were_run(number: int, units: str) -> str:
    """A number of runs, of units in the plural.

    >>> _were_run(1, "seeds"), _were_run(3, "streams")
    ('one seed was run', '3 streams were run')
    """
    return f"one {units.removesuffix('s')} was run" if number == 1 else f"{number} {units} were run"


def alone(arm: str) -> str:
    """The verdict where only one arm ran."""
    return f"Only the arm '{arm}' ran: there is nothing to compare it with."


def _stream(compared: int, records: int) -> str:
    if compared == records:
        return f"On this stream of {records:,} records"
    return f"On the {compared:,} labelled ones of this stream's {records:,} records"


def _finding(comparison: Comparison, estimate: Estimate, where: str, cost: Cost) -> str:
    arm, reference = f"'{comparison.arm}'", f"'{comparison.reference}'"
    low, high = _points(estimate.low, estimate), _points(estimate.high, estimate)
    if comparison.finding == "identical":
        reason = "it promoted another model, but no prediction differed"
        if cost.promoted == 0:
            reason = "it never promoted another model"
        return f"{where} the arm {arm} was identical to {reference} in every window: {reason}."
    if comparison.finding == "too few":
        apart = comparison.reference_only_wrong + comparison.arm_only_wrong
        return (
            f"{where} no difference was found between {arm} and {reference}: only {apart} "
            f"{'record tells' if apart == 1 else 'records tell'} them apart, too few to judge."
        )
    if comparison.finding == "no difference":
        return (
            f"{where} no difference was found between {arm} and {reference}: {arm} made "
            f"{_points(abs(estimate.difference), estimate)} errors per 100 records "
            f"{'fewer' if estimate.difference > 0 else 'more'}, "
            f"and the 95 % interval, {low} to {high}, contains 0 "
            f"({_accuracies(comparison, estimate)})."
        )
    word, sign = ("fewer", 1.0) if comparison.finding == "better" else ("more", -1.0)
    ends = sorted([sign * estimate.low, sign * estimate.high])
    return (
        f"{where} the arm {arm} made {_points(sign * estimate.difference, estimate)} errors per 100 records "
        f"{word} than {reference} (95 % interval {_points(ends[0], estimate)} to "
        f"{_points(ends[1], estimate)}): {_accuracies(comparison, estimate)}."
    )


def _accuracies(comparison: Comparison, estimate: Estimate) -> str:
    arm = 1 - comparison.arm_errors / estimate.records
    reference = 1 - comparison.reference_errors / estimate.records
    return f"accuracy {arm:.4f} instead of {reference:.4f}"


def _points(value: float, estimate: Estimate | UnitEstimate) -> str:
    """A number of error points with as many decimals as its standard error deserves: 2 to 5."""
    error = estimate.standard_error
    decimals = min(5, max(2, 1 - math.floor(math.log10(error)))) if error > 0 else 2
    return f"{value:.{decimals}f}"


def _cost(cost: Cost) -> str:
    alarms = _times(cost.alarms, "alarm")
    if cost.fits == 0:
        refused = f", and {_times(cost.refused, 'fit')} refused" if cost.refused else ""
        return f"It cost {alarms} and no fit{refused}."
    return (
        f"It cost {_times(cost.fits, 'fit')} on {cost.rows:,} rows and {alarms} "
        f"({cost.promoted} promoted, {cost.rejected} rejected, {cost.refused} refused"
        f"{f', {cost.rolled_back} rolled back' if cost.rolled_back else ''})."
    )


def _times(number: int, what: str) -> str:
    words = {0: f"no {what}", 1: f"one {what}"}
    return words.get(number, f"{number:,} {what}s")
