"""Arms ranked over streams: ranks, tests and groups, held against scipy's and against counting by hand."""

from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, rankdata, wilcoxon

from analysis.experiment_command import _rank
from analysis.figures import critical_difference
from analysis.inference.multiple import holm
from analysis.inference.ranks import rank_arms, signed_rank
from producer.errors import UsageError

ARMS = ("static", "dynamic", "always", "ks")


def drawn(
    streams: int, *, seed: int = 0, gap: float = 0.02, arms: tuple[str, ...] = ARMS
) -> dict[str, dict[str, float]]:
    """Scores by chance, each arm better than the one before by so much."""
    noise = np.random.default_rng(seed).normal(0, 0.01, (streams, len(arms)))
    return {
        f"stream-{row}": {arm: 0.8 + gap * at + float(noise[row, at]) for at, arm in enumerate(arms)}
        for row in range(streams)
    }


def test_ranks_and_p_values_equal_scipys() -> None:
    """Average ranks, Friedman's test, the signed-rank tests and Holm's correction, over twelve streams."""
    scores = drawn(12, seed=3)
    found, table = rank_arms(scores), np.array([[row[arm] for arm in ARMS] for row in scores.values()])
    expected = dict(zip(ARMS, rankdata(-table, axis=1).mean(axis=0), strict=True))
    assert expected == found.ranks
    assert list(found.ranks.values()) == sorted(found.ranks.values())
    assert found.friedman == pytest.approx(friedmanchisquare(*table.T).pvalue)
    p_values = {
        f"{pair.first}-{pair.second}": wilcoxon(
            [row[pair.first] - row[pair.second] for row in scores.values()], method="exact"
        ).pvalue
        for pair in found.pairs
    }
    assert list(p_values.values()) == pytest.approx([pair.p_value for pair in found.pairs])
    assert list(holm(p_values).values()) == pytest.approx([pair.adjusted for pair in found.pairs])


def test_where_all_arms_rank_alike_no_pair_is_told_apart() -> None:
    """One arm beats another on every stream, but two that are best and worst by turns drown it: the caption says so."""
    turns = ({"x": 0.4, "a": 0.3, "b": 0.2, "y": 0.1}, {"y": 0.4, "a": 0.3, "b": 0.2, "x": 0.1})
    scores = {f"stream-{row}": turns[row % 2] for row in range(12)}
    found = rank_arms(scores)
    (pair,) = (pair for pair in found.pairs if {pair.first, pair.second} == {"a", "b"})
    assert (True, True) == (pair.adjusted < 0.05, found.friedman > 0.05)
    assert [{"a", "b", "x", "y"}] == [set(group) for group in found.alike]
    assert "no pair is told apart, whatever its own test says" in critical_difference(scores).caption()
    assert "whatever its own test" not in critical_difference(drawn(12, seed=3)).caption()


@given(st.lists(st.integers(-4, 4), min_size=6, max_size=9))
def test_the_signed_rank_test_counts_all_signs_with_ties_and_zeros(values: list[int]) -> None:
    """Its p-value is the share of sign patterns at least as far from even; zeros keep their ranks and have no sign."""
    differences = np.array(values, dtype=np.float64)
    places = rankdata(np.abs(differences)) * (differences != 0)
    sums = [abs(float(np.dot(signs, places))) for signs in product((-1, 1), repeat=len(values))]
    found = abs(float((places * np.sign(differences)).sum()))
    assert signed_rank(differences) == pytest.approx(np.mean([one >= found - 1e-9 for one in sums]))


def test_many_streams_use_the_normal_approximation() -> None:
    """Beyond sixteen streams the p-value is scipy's approximate one, without a correction for continuity."""
    differences = np.random.default_rng(5).normal(0.3, 1, 30)
    expected = wilcoxon(differences, method="approx", correction=False, zero_method="zsplit").pvalue
    assert signed_rank(differences) == pytest.approx(expected, rel=1e-6)


def test_arms_that_are_alike_share_a_group() -> None:
    """Two that are the same on every stream can't be told apart; a far better one can."""
    scores = drawn(12, gap=0.2, arms=("static", "dynamic"))
    found = rank_arms({stream: {**row, "twin": row["static"]} for stream, row in scores.items()})
    assert (("static", "twin"),) == found.alike
    assert {"dynamic": 1.0, "static": 2.5, "twin": 2.5} == found.ranks


def test_groups_are_the_largest_that_no_pair_splits() -> None:
    """Every pair that isn't apart is in a group together, and no pair that is."""
    found = rank_arms(drawn(12, seed=8, gap=0.006, arms=(*ARMS, "a", "b", "c")))
    apart = {(pair.first, pair.second) for pair in found.pairs if pair.adjusted <= 0.05}
    assert apart
    grouped = {pair for group in found.alike for pair in combinations(group, 2)}
    assert {(pair.first, pair.second) for pair in found.pairs} - apart == grouped
    assert not any(set(one) < set(other) for one in found.alike for other in found.alike)


def test_without_an_overall_difference_nothing_is_told_apart() -> None:
    """Where Friedman's test finds nothing, one bar joins all arms."""
    found = rank_arms(drawn(8, gap=0.0, seed=2))
    assert found.friedman is not None
    assert found.friedman > 0.05
    assert (tuple(found.ranks),) == found.alike


def test_means_that_differ_by_rounding_are_ties() -> None:
    """0.1 + 0.2 and 0.3 rank alike."""
    found = rank_arms({f"s{k}": {"a": 0.1 + 0.2, "b": 0.3} for k in range(6)})
    assert {"a": 1.5, "b": 1.5} == found.ranks


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (
            drawn(5),
            "Arms aren't ranked over streams: 6 or more are needed, and there are 5. With 5, even an arm that is",
        ),
        (drawn(1), "6 or more are needed, and there is 1."),
        ({}, "6 or more are needed, and there are 0."),
        (drawn(6, arms=("static",)), "there is nothing to rank: the streams have 1 arm; give each at least two"),
        (
            {**drawn(6), "odd": {"static": 0.5}},
            "stream 'odd' has the arms static, others have always, dynamic, ks, static",
        ),
        (
            {**drawn(6), "odd": dict.fromkeys(ARMS, float("nan"))},
            "the arm 'static' has no score on stream 'odd'; leave",
        ),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_words(scores: dict[str, dict[str, float]], words: str) -> None:
    """The figure says why, and ranking itself raises the same."""
    chart = critical_difference(scores)
    assert words in str(chart.refusal)
    with pytest.raises(UsageError) as caught:
        rank_arms(scores)
    assert str(caught.value) == chart.refusal


def test_the_figures_table_and_words_are_the_rankings() -> None:
    """A row per pair, and a caption that says the ranks, how many pairs are joined, and how many streams."""
    chart = critical_difference(drawn(12, seed=3))
    table = chart.table()
    assert 6 == len(table)
    assert [pair.adjusted for pair in chart.ranking.pairs] == table["holm"].tolist()
    joined = {pair for group in chart.ranking.alike for pair in combinations(group, 2)}
    assert joined == set(table.loc[table["joined"], ["first", "second"]].itertuples(index=False, name=None))
    assert (table["wins"] + table["losses"] == 12).all()
    assert "over 12 streams" in chart.caption()
    assert f": {len(joined)} of 6 pairs" in chart.caption()
    assert ", ".join(f"{arm} {rank:.2f}" for arm, rank in chart.ranking.ranks.items()) in chart.caption()
    assert "Mind that" not in chart.caption()


def test_too_few_streams_for_many_pairs_are_warned_of() -> None:
    """Six streams can tell two arms apart, and not three."""
    assert "Mind that 6 streams are too few for 3 pairs" in critical_difference(drawn(6, arms=ARMS[:3])).caption()
    assert "Mind that" not in critical_difference(drawn(6, arms=ARMS[:2])).caption()


def test_a_bar_is_drawn_for_each_group_with_a_dot_for_each_arm() -> None:
    """Dots stand at the average ranks of the group's members."""
    chart = critical_difference(drawn(12, seed=3, gap=0.006))
    lines = chart.draw().axes[0].lines
    dots = [tuple(line.get_xdata()) for line in lines if line.get_marker() == "o"]
    assert [tuple(chart.ranking.ranks[arm] for arm in group) for group in chart.ranking.alike] == dots


def test_an_experiment_draws_the_ranks_or_says_why_not(tmp_path: Path) -> None:
    """Six streams give figures/critical-difference with its numbers; five give the reason and no file."""
    found = _rank(drawn(6), tmp_path)
    assert {"svg", "png", "pdf", "csv"} == {path.suffix[1:] for path in (tmp_path / "figures").iterdir()}
    assert (6, "over 6 streams" in found["words"]) == (found["streams"], True)
    assert json.loads(json.dumps(found))["ranks"] == found["ranks"]
    few = _rank(drawn(5), tmp_path / "few")
    assert 5 == few["streams"]
    assert few["reason"].startswith("Arms aren't ranked over streams: 6 or more are needed, and there are 5.")
    assert not (tmp_path / "few").exists()
