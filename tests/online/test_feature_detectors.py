"""Detectors on features: false alarms by simulation, changes that they find, and the tests against SciPy's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp

from online.detectors.by_reference import ReferenceDetector
from online.detectors.divergence import Divergence
from online.detectors.hellinger import Hellinger
from online.detectors.ks import KolmogorovSmirnov, chi_squared, distance, prepare
from online.detectors.psi import Psi
from online.interfaces import Features, Pool
from online.registry import build

NONE = Pool(0, 0)
KINDS = [KolmogorovSmirnov(), Psi(), Hellinger()]
IDS = [kind.kind for kind in KINDS]
Kind = KolmogorovSmirnov | Divergence


def rows(rng: np.random.Generator, n: int = 1000) -> Features:
    """Six features: normal, exponential, rounded, rarely set, of three values, and the same always."""
    return np.column_stack(
        [
            rng.normal(size=n),
            rng.exponential(size=n),
            rng.poisson(60, n),
            rng.random(n) < 0.004,
            rng.choice(3, n, p=[0.6, 0.3, 0.1]),
            np.ones(n),
        ]
    ).astype(float)


def fed(kind: Kind, seed: int, windows: int = 5) -> ReferenceDetector:
    """A detector whose reference is complete."""
    rng = np.random.default_rng(seed)
    detector = kind.begin(NONE)
    for _ in range(windows):
        detector.update(rows(rng))
    return detector


def shifted(window: Features) -> Features:
    """The first feature moves by one deviation."""
    return window + np.eye(6)[0]


def new_value(window: Features) -> Features:
    """A tenth of the fifth feature takes a value that was never seen."""
    window[:100, 4] = 7
    return window


def missing(window: Features) -> Features:
    """A third of the second feature is missing."""
    window[:333, 1] = np.nan
    return window


def constant(window: Features) -> Features:
    """What was the same always takes another value."""
    window[:, 5] = 0
    return window


@pytest.mark.parametrize("change", [shifted, new_value, missing, constant])
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_changes_of_every_sort_are_found(kind: Kind, change: Callable[[Features], Features]) -> None:
    """A shift, a new value, missing values and the end of a constant are drifts; the window before is none."""
    detector, rng = fed(kind, 1), np.random.default_rng(2)
    detector.update(rows(rng))
    assert (detector.drift, detector.warning) == (False, False)
    detector.update(change(rows(rng)))
    assert (detector.drift, detector.warning) == (True, True)


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_nothing_is_found_before_the_reference_is_complete(kind: Kind) -> None:
    """The first five windows are the reference, whatever they hold."""
    detector, rng = kind.begin(NONE), np.random.default_rng(3)
    for window in range(5):
        detector.update(rows(rng) + window)
        assert (detector.drift, detector.warning) == (False, False)
    assert detector.reason == "the reference isn't complete yet"


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_a_reset_takes_the_windows_to_come_for_normal(kind: Kind) -> None:
    """After a reset the changed stream is the reference, and the former one a drift."""
    detector, rng = fed(kind, 4), np.random.default_rng(5)
    detector.reset(NONE)
    for _ in range(6):
        detector.update(shifted(rows(rng)))
        assert not detector.drift
    detector.update(rows(rng))
    assert detector.drift


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_an_empty_window_changes_nothing(kind: Kind) -> None:
    """It is neither part of the reference nor compared."""
    detector, rng = fed(kind, 6, windows=4), np.random.default_rng(7)
    detector.update(np.empty((0, 6)))
    detector.update(rows(rng))
    detector.update(shifted(rows(rng)))
    detector.update(np.empty((0, 6)))
    assert detector.drift


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        (1000, KolmogorovSmirnov(level=0.02)),
        (60, Psi(threshold=1e-6, level=0.02)),
        (60, Hellinger(threshold=1e-6, level=0.02)),
    ],
    ids=IDS,
)
def test_false_alarms_keep_to_the_level(size: int, kind: Kind) -> None:
    """At a level of 2 % (50 references of 20 windows each) at most 3.5 % of windows without a change raise an alarm.

    The level is raised so that few windows tell; the threshold of the distances is put out of the way.
    """
    alarms = 0
    for seed in range(50):
        rng, detector = np.random.default_rng(seed), kind.begin(NONE)
        for _ in range(25):
            detector.update(rows(rng, size))
            alarms += detector.drift
    assert alarms <= 35


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_false_alarms_are_rare_by_default(kind: Kind) -> None:
    """About 1 per 1,000 windows at most: among 1,000 windows without a change there are at most 4 alarms."""
    alarms = 0
    for seed in range(20):
        rng, detector = np.random.default_rng(100 + seed), kind.begin(NONE)
        for _ in range(55):
            detector.update(rows(rng, 300))
            alarms += detector.drift
    assert alarms <= 4


@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(2, 60), st.sampled_from([0, 1, 6]))
def test_the_distance_is_scipys(seed: int, m: int, n: int, digits: int) -> None:
    """With and without ties, for any sizes."""
    rng = np.random.default_rng(seed)
    reference, column = rng.normal(size=m).round(digits), rng.normal(size=n).round(digits)
    expected = ks_2samp(reference, column, method="asymp").statistic
    assert distance(np.sort(reference), column) == pytest.approx(expected, abs=1e-12)


def test_p_values_are_scipys() -> None:
    """Kolmogorov-Smirnov for many-valued features, chi-squared for few-valued ones."""
    rng = np.random.default_rng(8)
    reference, window = rows(rng, 5000), rows(rng)
    found = prepare(reference, KolmogorovSmirnov()).p_values(window)
    for column in (0, 1, 2):
        expected = ks_2samp(reference[:, column], window[:, column], method="asymp").pvalue
        assert found[column] == pytest.approx(expected, rel=1e-9)
    counts = [[np.count_nonzero(part[:, 4] == value) for value in range(3)] for part in (reference, window)]
    assert found[4] == pytest.approx(chi2_contingency(np.array(counts), correction=False).pvalue, rel=1e-9)
    assert found[3] == found[5] == 1.0  # too rare to tell, and the same always


def test_few_decides_which_test_a_feature_gets() -> None:
    """With few=0 every feature gets the Kolmogorov-Smirnov test."""
    rng = np.random.default_rng(9)
    reference, window = rows(rng, 5000), rows(rng)
    found = prepare(reference, KolmogorovSmirnov(few=0)).p_values(window)
    expected = ks_2samp(reference[:, 4], window[:, 4], method="asymp").pvalue
    assert found[4] == pytest.approx(expected, rel=1e-9)


def test_a_p_value_of_a_chi_squared_test_with_one_bin_is_1() -> None:
    """There is nothing to compare."""
    assert chi_squared(np.array([[500], [60]])) == 1.0


def test_the_thresholds_hold_beyond_chance() -> None:
    """A shift that is real but small is a warning of the index, and no drift until the threshold is lowered to it."""
    found = []
    for threshold in (0.25, 0.12):
        detector, rng = fed(Psi(threshold=threshold), 10), np.random.default_rng(11)
        detector.update(rows(rng) + 0.4 * np.eye(6)[0])
        found.append((detector.drift, detector.warning))
    assert found == [(False, True), (True, True)]


def test_the_reason_names_the_feature() -> None:
    """By its place among the model's features."""
    found = []
    for kind in KINDS:
        detector = fed(kind, 12)
        detector.update(new_value(rows(np.random.default_rng(13))))
        found.append(detector.reason.partition(" by ")[0].partition(":")[0])
    assert found == ["the distribution of features 4 changed", *["the distribution of feature 4 moved"] * 2]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ks(0.01)", KolmogorovSmirnov(level=0.01)),
        ("psi(0.2, reference=10)", Psi(threshold=0.2, reference=10)),
        ("hellinger", Hellinger()),
    ],
)
def test_they_are_found_by_their_words(words: str, expected: object) -> None:
    """What decides comes first."""
    assert build("detector", words) == expected
