"""The verdict in words: what was found, at what cost, and what it doesn't claim."""

from __future__ import annotations

import math

from online.tracker import Cost

from .compare import Comparison, Estimate

NO_CLAIM = "This concerns these models on this stream; a claim about the policy needs several seeds or streams."


def verdict(comparison: Comparison, cost: Cost, *, stream_records: int) -> str:
    """What this run says about one arm, in a few sentences that name the estimand.

    Args:
        comparison: the arm held against the reference.
        cost: what the arm did.
        stream_records: all records of the stream, labelled or not.
    """
    if comparison.estimate is None:
        return (
            f"Nothing can be said about '{comparison.arm}' and '{comparison.reference}': "
            "no record of this stream is labelled."
        )
    where = _stream(comparison.estimate.records, stream_records)
    return " ".join([_finding(comparison, comparison.estimate, where, cost), _cost(cost), NO_CLAIM])


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


def _points(value: float, estimate: Estimate) -> str:
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
        f"({cost.promoted} promoted, {cost.rejected} rejected, {cost.refused} refused)."
    )


def _times(number: int, what: str) -> str:
    words = {0: f"no {what}", 1: f"one {what}"}
    return words.get(number, f"{number:,} {what}s")
