"""Which features are recommended, and why."""

from __future__ import annotations

from static_model.profile.choice import Evidence, judge, settled
from static_model.profile.pairs import Link

GOOD = {"chi2_p": 1e-9, "anova_p": 1e-9, "deviation": 0.01}


def found(name: str, strength: float, **more) -> Evidence:
    """A feature that all methods find so strong."""
    same = dict.fromkeys(("mutual_information", "chi2", "anova_f", "forest", "permutation"), strength)
    return Evidence(name=name, **{**same, **GOOD, **more})


def test_ranks_come_from_all_methods() -> None:
    """The mean rank is over the methods that are defined for a feature, and the reason shows its evidence."""
    a, b, c = judge([found("a", 0.1), found("b", 0.3), found("c", 0.2, anova_f=float("nan"))], [], one_class=False)
    assert [3, 1, 2] == [x.ranks[0] for x in (a, b, c)]
    assert [2, 1, None] == [x.ranks[2] for x in (a, b, c)]
    assert 2.0 == c.mean_rank
    assert "kept: MI 0.3 bits (rank 1 of 3), forest rank 1, permutation 0.300 ± 0.010" == b.reason


def test_what_can_say_nothing_is_dropped_with_the_reason() -> None:
    """A column that is empty, constant, or no more than noise isn't recommended, and the sentence says which."""
    noise = {"chi2_p": 0.2, "anova_p": 0.5, "permutation": 0.0}
    features = [
        found("good", 0.3),
        found("empty", float("nan"), empty=True, varies=False),
        found("constant", float("nan"), varies=False),
        found("noise", 0.001, **noise),
    ]
    good, *others = judge(features, [], one_class=False)
    assert good.recommended
    assert [False] * 3 == [x.recommended for x in others]
    assert ["dropped: no row has a value", "dropped: constant"] == [x.reason for x in others[:2]]
    assert "dropped: no method finds more than noise (Holm p = 0.2, permutation 0.000 ± 0.010)" == others[2].reason


def test_a_forest_can_save_what_tests_of_single_columns_miss() -> None:
    """A column that only matters beside others is kept, if shuffling it costs more than two deviations."""
    (judged,) = judge([found("a", 0.001, chi2_p=0.9, anova_p=0.9, permutation=0.05)], [], one_class=False)
    assert judged.recommended


def test_of_two_that_say_the_same_the_better_is_kept() -> None:
    """The lower ranked one names the other; what is linked to a dropped column only isn't dropped for it."""
    features = [found("a", 0.3), found("b", 0.2), found("c", 0.1)]
    links = [Link("b", "a", -0.97, "rank correlation"), Link("b", "c", 1.0, "an exact copy")]
    judged = judge(features, links, one_class=False)
    assert [True, False, True] == [x.recommended for x in judged]
    assert "dropped: same information as a (rank correlation -0.97), which ranks higher" == judged[1].reason
    assert [("b", "a", -0.97, "a", "b"), ("b", "c", 1.0, "c", "b")] == settled(links, judged)


def test_with_one_class_nothing_is_dropped_for_saying_nothing() -> None:
    """Columns that vary are kept, as nothing can be measured, and the reason says so."""
    undefined = dict.fromkeys(("chi2_p", "anova_p", "deviation"), float("nan"))
    (judged,) = judge([found("a", float("nan"), **undefined)], [], one_class=True)
    assert (True, "kept: all rows are of one class, so nothing can be measured") == (judged.recommended, judged.reason)
