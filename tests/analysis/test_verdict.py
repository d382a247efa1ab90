"""The verdict in words: each finding has its sentence, and none claims more than was found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.compare import Comparison, Estimate
from analysis.verdict import NO_CLAIM, alone, verdict
from online.tracker import Cost

TUNNELS = Comparison(
    arm="dynamic",
    reference="static",
    estimate=Estimate(64_039, 9.98, 9.7412, 10.2193, 0.12, 65, identical=False),
    reference_only_wrong=6400,
    arm_only_wrong=9,
    reference_errors=6634,
    arm_errors=243,
)
COST = Cost(alarms=1, fits=8, rows=45_000, promoted=3, rejected=5)


def estimate(**changes: float) -> Estimate:
    assert TUNNELS.estimate is not None
    return replace(TUNNELS.estimate, **changes)


def test_a_better_arm() -> None:
    """The whole verdict: the estimand, the interval, both accuracies, the cost, and what isn't claimed."""
    assert verdict(TUNNELS, COST, stream_records=64_039) == (
        "On this stream of 64,039 records the arm 'dynamic' made 9.98 errors per 100 records fewer than "
        "'static' (95 % interval 9.74 to 10.22): accuracy 0.9962 instead of 0.8964. It cost 8 fits on 45,000 "
        "rows and one alarm (3 promoted, 5 rejected, 0 refused). This concerns these models on this stream; "
        "a claim about the policy needs several seeds or streams."
    )


def test_a_worse_arm() -> None:
    """A loss is told as plainly as a gain, with the interval's ends in the same sense."""
    worse = replace(TUNNELS, estimate=estimate(difference=-0.5, low=-0.7, high=-0.3, standard_error=0.1))
    assert ("made 0.50 errors per 100 records more than 'static' (95 % interval 0.30 to 0.70)") in verdict(
        worse, COST, stream_records=64_039
    )


def test_no_difference() -> None:
    """An interval that contains 0 is no finding, whatever its middle."""
    none = replace(TUNNELS, estimate=estimate(difference=0.03, low=-0.051, high=0.111, standard_error=0.041))
    assert verdict(none, COST, stream_records=64_039).startswith(
        "On this stream of 64,039 records no difference was found between 'dynamic' and 'static': 'dynamic' made "
        "0.030 errors per 100 records fewer, and the 95 % interval, -0.051 to 0.111, contains 0"
    )


def test_identical_arms() -> None:
    """Arms that never differed are called identical, with the reason and the cost."""
    nothing = estimate(difference=0.0, low=0.0, high=0.0, standard_error=0.0)
    same = replace(TUNNELS, estimate=replace(nothing, identical=True))
    assert verdict(same, Cost(), stream_records=64_039) == (
        "On this stream of 64,039 records the arm 'dynamic' was identical to 'static' in every window: it never "
        f"promoted another model. It cost no alarm and no fit. {NO_CLAIM}"
    )


def test_too_few_discordant_records() -> None:
    """A handful of records that tell two arms apart is named and not judged."""
    few = replace(
        TUNNELS,
        estimate=estimate(difference=0.01, low=0.001, high=0.02, standard_error=0.005),
        reference_only_wrong=4,
        arm_only_wrong=0,
    )
    assert "only 4 records tell them apart, too few to judge" in verdict(few, COST, stream_records=64_039)


def test_labels_for_a_part_only() -> None:
    """Where not all records are labelled, the verdict says which ones it speaks of."""
    assert verdict(TUNNELS, COST, stream_records=70_000).startswith(
        "On the 64,039 labelled ones of this stream's 70,000 records the arm"
    )


def test_nothing_labelled() -> None:
    """Without labels nothing is said about the arms."""
    unlabelled = replace(TUNNELS, estimate=None)
    assert "no record of this stream is labelled" in verdict(unlabelled, COST, stream_records=10)


def test_a_single_arm() -> None:
    """One arm alone has nobody to be compared with."""
    assert alone("static") == "Only the arm 'static' ran: there is nothing to compare it with."


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (Cost(alarms=2), "It cost 2 alarms and no fit."),
        (Cost(alarms=1, refused=3), "It cost one alarm and no fit, and 3 fits refused."),
        (Cost(alarms=1, fits=1, rows=900, rejected=1), "It cost one fit on 900 rows and one alarm (0 promoted,"),
    ],
)
def test_the_cost_in_words(cost: Cost, words: str) -> None:
    """Costs are counted in words that fit their number."""
    assert words in verdict(TUNNELS, cost, stream_records=64_039)
