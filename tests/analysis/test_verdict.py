"""The verdict in words: each finding has its sentence, and none claims more than was found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.inference.blocks import Outlook
from analysis.inference.compare import Comparison, Estimate
from analysis.inference.units import UnitEstimate
from analysis.inference.verdict import EXPLORATORY, NO_CLAIM, Evidence, alone, policy_verdict, verdict
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


SAYS_SO = Outlook(first=28, fits=30, estimate=UnitEstimate(8, 10.1, 8.2, 12.0, 0.8, 0.0001))
TOO_FEW_FITS = Outlook(first=28, fits=2, estimate=None)


def said(comparison: Comparison, cost: Cost = COST, *, stream_records: int = 64_039, **evidence: object) -> str:
    """The verdict on a single primary arm, unless a test says otherwise."""
    given = {"outlook": SAYS_SO, "holm_here": 0.0, "holm_more": 0.0001, **evidence}
    return verdict(Evidence(comparison, **given), cost, stream_records=stream_records)


def estimate(**changes: float) -> Estimate:
    assert TUNNELS.estimate is not None
    return replace(TUNNELS.estimate, **changes)


def test_a_better_arm() -> None:
    """The whole verdict: the estimand, the interval, both accuracies, the cost, and what isn't claimed."""
    assert said(TUNNELS) == (
        "On this stream of 64,039 records the arm 'dynamic' made 9.98 errors per 100 records fewer than "
        "'static' (95 % interval 9.74 to 10.22): accuracy 0.9962 instead of 0.8964. More of the same stream would show "
        "fewer errors, too: 10.10 per 100 records since the first new model (95 % interval 8.20 to 12.00, over 8 "
        "blocks of windows). It cost 8 fits on 45,000 rows and one alarm (3 promoted, 5 rejected, 0 refused). "
        "A claim about the policy needs at least 5 seeds or streams."
    )


def test_a_worse_arm() -> None:
    """A loss is told as plainly as a gain, with the interval's ends in the same sense."""
    worse = replace(TUNNELS, estimate=estimate(difference=-0.5, low=-0.7, high=-0.3, standard_error=0.1))
    assert ("made 0.50 errors per 100 records more than 'static' (95 % interval 0.30 to 0.70)") in said(worse, COST)


def test_no_difference() -> None:
    """An interval that contains 0 is no finding, whatever its middle."""
    none = replace(TUNNELS, estimate=estimate(difference=0.03, low=-0.051, high=0.111, standard_error=0.041))
    assert said(none, COST).startswith(
        "On this stream of 64,039 records no difference was found between 'dynamic' and 'static': 'dynamic' made "
        "0.030 errors per 100 records fewer, and the 95 % interval, -0.051 to 0.111, contains 0"
    )


def test_identical_arms() -> None:
    """Arms that never differed are called identical, with the reason and the cost."""
    nothing = estimate(difference=0.0, low=0.0, high=0.0, standard_error=0.0)
    same = replace(TUNNELS, estimate=replace(nothing, identical=True))
    assert said(same, Cost()) == (
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
    assert "only 4 records tell them apart, too few to judge" in said(few, COST)


def test_labels_for_a_part_only() -> None:
    """Where not all records are labelled, the verdict says which ones it speaks of."""
    assert said(TUNNELS, stream_records=70_000).startswith(
        "On the 64,039 labelled ones of this stream's 70,000 records the arm"
    )


def test_nothing_labelled() -> None:
    """Without labels nothing is said about the arms."""
    unlabelled = replace(TUNNELS, estimate=None)
    assert "no record of this stream is labelled" in said(unlabelled, stream_records=10)


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
    assert words in said(TUNNELS, cost)


def outlook(low: float, high: float) -> Outlook:
    return replace(SAYS_SO, estimate=UnitEstimate(8, (low + high) / 2, low, high, 0.8, 0.0))


def test_more_of_the_same_may_not_say_so() -> None:
    """A gain on this stream that blocks of windows don't bear out is told, with what could have been shown."""
    assert (
        "More of the same stream would not say so for sure: over 8 blocks of windows the 95 % interval, -1.00 to 4.00 "
        "errors per 100 records, contains 0; 0.21 could have been shown."
    ) in said(TUNNELS, outlook=outlook(-1, 4), detectable_more=0.2136)
    none = replace(TUNNELS, estimate=estimate(difference=0.03, low=-0.051, high=0.111, standard_error=0.041))
    assert "More of the same stream would not show one for sure either: over 8" in said(none, outlook=outlook(-1, 4))


def test_more_of_the_same_may_say_the_contrary() -> None:
    """The second question's direction is its own."""
    assert "More of the same stream would show more errors: 2.50 per 100 records since the first new model " in (
        said(TUNNELS, outlook=outlook(-4, -1))
    )


@pytest.mark.parametrize(("fits", "words"), [(0, "no fit"), (1, "one independent fit"), (2, "2 independent fits")])
def test_one_stream_cannot_say(fits: int, words: str) -> None:
    """With few fits in a stream nothing is claimed about more of it, and the sentence says why."""
    assert (
        "What more of the same stream would show can't be claimed from one stream: since the first new model it holds "
        f"{words}, and 5 blocks of windows that share none are needed."
    ) in said(TUNNELS, outlook=replace(TOO_FEW_FITS, fits=fits))


def test_what_this_stream_could_have_shown() -> None:
    """No difference comes with the smallest one that would have been found; a found one doesn't."""
    none = replace(TUNNELS, estimate=estimate(difference=0.03, low=-0.051, high=0.111, standard_error=0.041))
    assert "This stream could have shown 0.18 errors per 100 records since the first new model." in said(
        none, detectable_here=0.1834
    )
    assert "could have shown" not in said(TUNNELS, detectable_here=0.1834)


def test_identical_arms_could_have_differed() -> None:
    """An arm that never changed is no proof that nothing was to be found: the stream's power stands beside it."""
    nothing = replace(estimate(difference=0.0, low=0.0, high=0.0, standard_error=0.0), identical=True)
    never = Outlook(first=65, fits=0, estimate=None)
    words = said(replace(TUNNELS, estimate=nothing), Cost(), outlook=never, detectable_here=0.2)
    assert "never promoted another model. This stream could have shown 0.2 errors per 100 records. It cost" in words


def test_holm_takes_a_claim_back() -> None:
    """Where several arms are primary, each claim says whether it survives their number."""
    assert (
        "After Holm's correction for 3 primary arms the claim on this stream holds (p = 0.03), and the claim for more "
        "of the same stream falls (p = 0.08)."
    ) in said(TUNNELS, family=3, holm_here=0.03, holm_more=0.08)


def test_exploratory_arms_say_so() -> None:
    """A claim of an arm that wasn't declared beforehand is marked."""
    assert EXPLORATORY in said(TUNNELS, family=3, holm_here=None, holm_more=None)
    assert "Holm" not in said(TUNNELS)


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        (
            [1.0, 1.2, 0.9, 1.1, 0.8],
            "Over 5 seeds the policy of 'dynamic' made 1.000 errors per 100 records fewer than that of 'static' (95 % "
            "interval 0.804 to 1.196): a claim about the policy, for seeds like these.",
        ),
        ([-1.0, -1.2, -0.9, -1.1, -0.8], "made 1.000 errors per 100 records more than that of 'static' (95 % interval"),
        (
            [1.0, -1.0, 0.5, -0.4, 0.2],
            "Over 5 seeds no difference was found between the policies of 'dynamic' and 'static': the 95 % interval, "
            "-0.91 to 1.03 errors per 100 records, contains 0.",
        ),
        ([1.0, 1.2, 0.9, 1.1], "Nothing is claimed about the policy of 'dynamic': 4 seeds were run, and at least 5"),
    ],
)
def test_a_policy_over_seeds(differences: list[float], words: str) -> None:
    """A claim about a policy takes whole duels as its units, at least five."""
    assert words in policy_verdict("dynamic", "static", differences)
