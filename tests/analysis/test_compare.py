"""The comparison's numbers, against theory, by hand and by simulation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from analysis.inference.compare import Estimate, bandwidth, compare, majority_class, no_change, pooled_difference
from online.tracker import Cost, count_cost

ONES_ZEROS = np.array([1.0, 0.0, -1.0, 0.0, 1.0, 1.0, 0.0, 0.0])


def correlated(rng: np.random.Generator, shape: tuple[int, ...], rho: float) -> npt.NDArray[np.float64]:
    """Gaussian AR(1) series of unit variance along the last axis."""
    z = rng.standard_normal(shape)
    for t in range(1, shape[-1]):
        z[..., t] = rho * z[..., t - 1] + np.sqrt(1 - rho**2) * z[..., t]
    return z


def wrong_in_turn(
    rng: np.random.Generator, trials: int, records: int, *, rates: tuple[float, float], rho: float
) -> npt.NDArray[np.bool_]:
    """bool[2, trials, records]: which records two models with related, serially dependent errors get wrong."""
    first = correlated(rng, (trials, records), rho)
    second = 0.7 * first + np.sqrt(1 - 0.7**2) * correlated(rng, (trials, records), rho)
    return np.stack([first < norm.ppf(rates[0]), second < norm.ppf(rates[1])])


def claimed_in(differences: npt.NDArray[np.float64], windows: int) -> int:
    """In how many of the trials (rows) the interval excludes 0."""
    estimates = [pooled_difference(np.split(row, windows)) for row in differences]
    return sum(not e.low <= 0 <= e.high for e in estimates)


def test_the_estimate_by_hand() -> None:
    """Eight records, bandwidth 2: weights 2/3 and 1/3, and the degrees that centring leaves."""
    estimate = pooled_difference([ONES_ZEROS])
    e = ONES_ZEROS - 0.25
    total = e @ e + 2 * (2 / 3 * (e[:-1] @ e[1:]) + 1 / 3 * (e[:-2] @ e[2:]))
    degrees = 7 - 2 * (2 / 3 * 7 / 8 + 1 / 3 * 6 / 8)
    assert estimate.difference == 25.0
    assert estimate.standard_error == pytest.approx(100 * np.sqrt(total * 8 / degrees) / 8, rel=1e-12)
    assert estimate.high - estimate.low == pytest.approx(2 * 1.959964 * estimate.standard_error, rel=1e-6)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.96, 5.0, 20.0])
def test_the_p_value_is_normal_and_two_sided(scale: float) -> None:
    """It is scipy's, however far out; where nothing tells the arms apart it is 1, without any spread 0."""
    estimate = Estimate(1000, -0.1 * scale, -1.0, 1.0, 0.1, 1, identical=False)
    assert estimate.p_value == pytest.approx(2 * norm.sf(scale), rel=1e-9, abs=0)
    assert pooled_difference([np.zeros(9)]).p_value == 1.0
    assert pooled_difference([np.ones(1000), np.zeros(1000)]).p_value == 0.0


@pytest.mark.parametrize(("records", "neighbours"), [(1, 1), (26, 2), (27, 3), (999, 9), (1000, 10), (1001, 10)])
def test_the_bandwidth_is_the_whole_cube_root(records: int, neighbours: int) -> None:
    """1,000 records look 10 neighbours far: the cube root is exact where a float's would be 9.99."""
    assert neighbours == bandwidth(records)


@pytest.mark.parametrize("size", [20, 100, 1000])
def test_the_variance_is_unbiased_for_independent_records(size: int) -> None:
    """The mean estimated variance equals the true one within its simulation error, in small windows too."""
    rng = np.random.default_rng(1)
    estimates = [pooled_difference([rng.choice([-1.0, 0.0, 1.0], size)]) for _ in range(2000)]
    variances = np.array([e.standard_error for e in estimates]) ** 2
    truth = 100**2 * (2 / 3) / size
    assert abs(variances.mean() - truth) < 4 * variances.std() / np.sqrt(2000)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_the_interval_covers_the_truth_in_about_95_percent(rho: float) -> None:
    """Of 400 simulated streams of 20 windows, independent or AR(1), about 380 hold the true 3 points."""
    wrong = wrong_in_turn(np.random.default_rng(7), 400, 10_000, rates=(0.15, 0.12), rho=rho)
    rows = wrong[0].astype(float) - wrong[1]
    covered = sum(e.low <= 3 <= e.high for e in (pooled_difference(np.split(row, 20)) for row in rows))
    assert binom.ppf(0.001, 400, 0.95) <= covered <= binom.ppf(0.999, 400, 0.95)


def test_a_gain_in_few_windows_is_claimed() -> None:
    """10 points gained in 5 of 100 windows are found in all of 50 trials: what differs by window is no noise."""
    rng = np.random.default_rng(3)
    rows = np.where(rng.random((50, 100_000)) < 0.18, rng.choice([-1.0, 1.0], (50, 100_000)), 0.0)
    gained = rng.random((50, 5000)) < 0.1
    rows[:, 40_000:45_000] = np.where(gained, 1.0, rows[:, 40_000:45_000])
    assert claimed_in(rows, 100) == 50


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_two_equal_models_are_told_apart_in_about_5_percent(rho: float) -> None:
    """A/A: of 400 duels of two noisy models of one error rate, as many are claimed as 5 % allow."""
    wrong = wrong_in_turn(np.random.default_rng(11), 400, 10_000, rates=(0.15, 0.15), rho=rho)
    claimed = claimed_in(wrong[0].astype(float) - wrong[1], 20)
    assert binom.ppf(0.001, 400, 0.05) <= claimed <= binom.ppf(0.999, 400, 0.05)


def test_drift_itself_is_no_noise() -> None:
    """A difference that jumps between windows but never within one leaves no standard error."""
    estimate = pooled_difference([np.ones(1000), np.zeros(1000)])
    assert (estimate.difference, estimate.standard_error) == (50.0, 0.0)


def test_identical_arms_differ_by_exactly_nothing() -> None:
    """Where no record tells two arms apart, difference and interval are 0, not nearly 0."""
    wrong = [np.random.default_rng(w).random(1000) < 0.2 for w in range(3)]
    found = compare("dynamic", wrong, "static", wrong)
    assert found.estimate is not None
    assert (found.estimate.difference, found.estimate.low, found.estimate.high) == (0.0, 0.0, 0.0)
    assert (found.finding, found.reference_only_wrong, found.arm_only_wrong) == ("identical", 0, 0)


def test_windows_of_one_record_are_taken_together() -> None:
    """A window of a single record has no spread of its own, yet its uncertainty isn't lost."""
    apart = pooled_difference(list(ONES_ZEROS.reshape(-1, 1)))
    together = pooled_difference([ONES_ZEROS])
    assert (together.standard_error, 8) == (apart.standard_error, apart.windows)


def test_a_short_last_window_counts_by_its_records() -> None:
    """Pooling weighs records, not windows."""
    assert pooled_difference([np.zeros(999), np.ones(1)]).difference == pytest.approx(0.1)


def test_a_single_record_says_nothing() -> None:
    """With one record the interval is all there is."""
    estimate = pooled_difference([np.ones(1)])
    assert (estimate.low, estimate.high) == (-100.0, 100.0)


def test_no_records_is_an_error() -> None:
    """There is no estimate without records."""
    with pytest.raises(ValueError, match="no record to compare"):
        pooled_difference([np.empty(0)])


@given(st.lists(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=40), min_size=1).filter(any))
def test_swapping_the_arms_swaps_the_sign(windows: list[list[float]]) -> None:
    """The comparison favours nobody: seen from the other arm every number changes its sign only."""
    here = pooled_difference([np.array(w) for w in windows])
    there = pooled_difference([-np.array(w) for w in windows])
    assert (here.difference, here.low, here.high) == (-there.difference, -there.high, -there.low)
    assert here.low <= here.difference <= here.high


def test_discordant_records_are_counted() -> None:
    """Records that only one of the two got wrong are counted for each, and all errors too."""
    static = [np.array([True, True, False, False]), np.array([True])]
    arm = [np.array([True, False, True, False]), np.array([False])]
    found = compare("dynamic", arm, "static", static)
    assert (found.reference_only_wrong, found.arm_only_wrong) == (2, 1)
    assert (found.reference_errors, found.arm_errors) == (3, 2)


@pytest.mark.parametrize(
    ("static_only", "arm_only", "finding"),
    [(300, 100, "better"), (100, 300, "worse"), (101, 100, "no difference"), (5, 0, "too few"), (6, 0, "better")],
)
def test_the_finding_follows_the_interval(static_only: int, arm_only: int, finding: str) -> None:
    """Better and worse need an interval off 0 and records enough for a sign test to reach 5 %."""
    order = np.random.default_rng(5).permutation(10_000)
    static = (order < static_only).reshape(10, 1000)
    arm = ((order >= 5000) & (order < 5000 + arm_only)).reshape(10, 1000)
    assert finding == compare("dynamic", list(arm), "static", list(static)).finding


def test_nothing_labelled_is_no_finding() -> None:
    """Without labels there is no estimate, and no invented one."""
    found = compare("dynamic", [np.empty(0, bool)], "static", [np.empty(0, bool)])
    assert (found.estimate, found.finding) == (None, "unlabelled")


def test_the_cost_counts_what_happened() -> None:
    """Alarms are drift events; rows are those of all fits; another arm's events are another's cost."""
    events = [
        {"window": 1, "arm": "a", "event": "drift"},
        *({"window": 1, "arm": "a", "event": "retrain", "rows": rows} for rows in (100, 250)),
        *({"window": 2, "arm": "a", "event": kind} for kind in ("promoted", "rejected", "rejected", "refused")),
        {"window": 2, "arm": "b", "event": "drift"},
    ]
    assert Cost(alarms=1, fits=2, rows=350, promoted=1, rejected=2, refused=1) == count_cost(events, "a")
    assert Cost() == count_cost(events, "c")


@given(st.lists(st.sampled_from([0, 1]), max_size=60))
def test_baselines_look_back_only(labels: list[int]) -> None:
    """Both baselines equal a hand-written loop that predicts before it looks."""
    ones, previous, majority, repeat = 0, 0, [], []
    for seen, label in enumerate(labels):
        majority.append(int(2 * ones > seen))
        repeat.append(previous)
        ones, previous = ones + label, label
    array = np.array(labels, dtype=np.int8)
    assert majority == majority_class(array).tolist()
    assert repeat == no_change(array).tolist()
