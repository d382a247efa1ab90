"""Gates: which challenger may replace the champion."""

from __future__ import annotations

import numpy as np
import pytest

from online.gates.none import NoGate
from online.gates.shadow import Shadow
from online.judging import paired_gain

RIGHT, WRONG = np.zeros(1000), np.ones(1000)


def wrong_in(*rows: range) -> np.ndarray:
    """Losses of a model that is wrong in these rows."""
    losses = np.zeros(1000)
    for row in rows:
        losses[row.start : row.stop] = 1
    return losses


def test_the_largest_gain_wins() -> None:
    """Of two challengers that are better the one with the larger mean gain is promoted."""
    verdict = Shadow().judge(WRONG, {"good": wrong_in(range(500)), "better": wrong_in(range(100))})
    assert verdict.winner == "better"
    assert verdict.gains["good"][0] == 0.5


def test_ties_go_to_the_first_named() -> None:
    """Equal gains promote the challenger that was named first."""
    same = {"first": wrong_in(range(100)), "second": wrong_in(range(100))}
    assert Shadow().judge(WRONG, same).winner == "first"


def test_no_challenger_wins_by_chance() -> None:
    """A gain whose lower bound isn't above 0 promotes nobody: 12 against 10 errors in 1,000."""
    verdict = Shadow().judge(wrong_in(range(12)), {"new": wrong_in(range(500, 510))})
    assert verdict.winner is None
    assert verdict.gains["new"] == pytest.approx((0.002, -0.0057), abs=1e-4)


def test_a_challenger_may_win_with_fewer_mean_gain_only_if_sure() -> None:
    """A larger gain that isn't sure loses against a smaller one that is."""
    champion = wrong_in(range(20))
    noisy = wrong_in(range(200, 205), range(300, 310))  # mean gain 0.005, not sure
    sure = wrong_in(range(16))  # mean gain 0.004, sure
    assert Shadow().judge(champion, {"noisy": noisy, "sure": sure}).winner == "sure"


def test_the_margin_is_what_the_lower_bound_must_exceed() -> None:
    """With a margin of one point, a lower bound below it promotes nobody."""
    challengers = {"new": wrong_in(range(10))}
    assert Shadow(margin=0.0).judge(wrong_in(range(25)), challengers).winner == "new"
    assert Shadow(margin=0.01).judge(wrong_in(range(25)), challengers).winner is None


def test_false_promotions_are_as_rare_as_promised() -> None:
    """Between equally good models with errors of their own, about 5 % are promoted."""
    rng = np.random.default_rng(2)
    trials = 2000
    wins = sum(
        paired_gain((rng.random(1000) < 0.1).astype(float), (rng.random(1000) < 0.1).astype(float))[1] > 0
        for _ in range(trials)
    )
    assert 60 <= wins <= 135  # 5 % of 2,000 is 100; beyond these bounds lies less than 0.001


def test_without_a_gate_the_first_is_promoted_unseen() -> None:
    """Gate none promotes the first challenger and has measured nothing."""
    verdict = NoGate().judge(np.empty(0), {"new": np.empty(0)})
    assert (verdict.winner, verdict.gains) == ("new", {"new": (None, None)})
