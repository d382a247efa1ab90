"""The default detector: its validity by enumeration, its false alarms and delays by simulation."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.stats import hypergeom

from online.detectors.ss_sr import SHIFTS, ShiryaevRoberts, _normal_score, _upper_tail
from online.interfaces import Pool

WINDOW = 1000


def losses(errors: int, records: int = WINDOW) -> np.ndarray:
    """A window with that many errors; their places don't matter to the detector."""
    return np.repeat([0.0, 1.0], [records - errors, errors])


def alarm_after(rng: np.random.Generator, detector: ShiryaevRoberts, rate: float, windows: int) -> int | None:
    """How many windows of that error rate pass until the alarm, or None."""
    for index, errors in enumerate(rng.binomial(WINDOW, rate, windows), start=1):
        detector.update(losses(int(errors)))
        if detector.drift:
            return index
    return None


@pytest.mark.parametrize(("pool", "draws"), [(0, 8), (5, 8), (12, 8), (40, 12), (200, 20)])
def test_evidence_of_each_shift_is_at_most_one_on_average(pool: int, draws: int) -> None:
    """Given the total number of errors, the factor that a window contributes has expectation at most 1."""
    for total in range(pool + draws + 1):
        factors = np.zeros(len(SHIFTS))
        for errors in range(max(0, draws - (pool + draws - total)), min(draws, total) + 1):
            if total - errors > pool:
                continue
            ways = comb(total, errors) * comb(pool + draws - total, draws - errors) / comb(pool + draws, draws)
            score = _normal_score(Pool(pool, total - errors), draws, errors)
            factors += ways * np.exp(np.array(SHIFTS) * score - np.array(SHIFTS) ** 2 / 2)
        assert (factors <= 1 + 1e-9).all()


@pytest.mark.parametrize("errors", [0, 1, 5, 40, 400, 1000])
def test_tail_equals_scipys_hypergeometric(errors: int) -> None:
    """The upper tail is the hypergeometric one."""
    for population, wrong in ((1000, errors), (9000, errors + 700), (100_000, errors + 50)):
        expected = hypergeom.sf(errors - 1, population, wrong, 1000)
        actual = _upper_tail(errors, population=population, wrong=wrong, draws=1000)
        assert actual == pytest.approx(expected, rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("first_errors", [0, 1])
def test_flawless_and_almost_flawless_streams_raise_no_alarm(first_errors: int) -> None:
    """Neither the all-correct stream nor the stream with one error is a drift, also without any held-out records."""
    detector = ShiryaevRoberts(1443.0, Pool(0, 0))
    for index in range(200):
        detector.update(losses(first_errors if index == 60 else 0))
        assert not detector.drift


@pytest.mark.parametrize("rate", [0.02, 0.18])
def test_false_alarms_are_rare(rate: float) -> None:
    """In 40 drift-free streams of 1,000 windows there are at most 20 alarms (about 6 are usual)."""
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(40):
        detector = ShiryaevRoberts(1443.0, Pool(2000, int(rng.binomial(2000, rate))))
        for errors in rng.binomial(WINDOW, rate, 1000):
            detector.update(losses(int(errors)))
            if detector.drift:
                alarms += 1
                detector.reset(Pool(2000, int(rng.binomial(2000, rate))))
    assert alarms <= 20


@pytest.mark.parametrize(("rise", "at_most"), [(0.01, 25), (0.05, 2), (0.20, 1)])
def test_delays_at_an_error_rate_of_0_185(rise: float, at_most: int) -> None:
    """After 60 calm windows a rise by 1, 5 and 20 points is found within a median of 25, 2 and 1 windows."""
    rng = np.random.default_rng(5)
    delays = []
    for _ in range(60):
        detector = ShiryaevRoberts(1443.0, Pool(5000, int(rng.binomial(5000, 0.185))))
        if alarm_after(rng, detector, 0.185, 60) is None:
            delays.append(alarm_after(rng, detector, 0.185 + rise, 100) or 1000)
    assert float(np.median(delays)) <= at_most


def test_the_reference_grows_with_every_window() -> None:
    """Known numbers: each window joins the pool that the next one is compared with (a frozen pool would differ)."""
    detector = ShiryaevRoberts(1443.0, Pool(2000, 40))
    statistics = []
    for errors in (20, 25, 30, 35):
        detector.update(losses(errors))
        statistics.append(detector.statistic)
    assert statistics == pytest.approx(PINNED, rel=1e-9)


def reference_statistics() -> list[float]:
    """The same numbers by SciPy's distributions and a plain loop over the definition."""
    from scipy.stats import norm

    n, s, sums, found = 2000, 40, [0.0] * len(SHIFTS), []
    for errors in (20, 25, 30, 35):
        tail = hypergeom.sf(errors - 1, n + WINDOW, s + errors, WINDOW)
        z = min(8.0, norm.isf(max(tail, 1e-15)))
        n, s = n + WINDOW, s + errors
        sums = [(m + 1) * np.exp(shift * z - shift**2 / 2) for m, shift in zip(sums, SHIFTS, strict=True)]
        found.append(float(np.mean(sums)))
    return found


PINNED = reference_statistics()


def test_an_empty_window_changes_nothing() -> None:
    """A window without labelled records leaves pool and statistic as they were."""
    detector = ShiryaevRoberts(1443.0, Pool(2000, 40))
    detector.update(losses(60))
    before = detector.statistic
    detector.update(np.empty(0))
    assert detector.statistic == before
    detector.update(losses(60))
    other = ShiryaevRoberts(1443.0, Pool(2000, 40))
    for _ in range(2):
        other.update(losses(60))
    assert detector.statistic == other.statistic


def test_improvements_raise_no_alarm() -> None:
    """The detector is one-sided: fewer errors are no drift."""
    detector = ShiryaevRoberts(1443.0, Pool(20_000, 4000))
    for _ in range(300):
        detector.update(losses(20))
        assert not detector.drift


def test_a_warning_comes_at_a_tenth_of_the_alarm() -> None:
    """The statistic warns from c / 10 on, and an alarm is a warning, too."""
    detector = ShiryaevRoberts(1443.0, Pool(20_000, 400))
    found = []
    for _ in range(4):
        detector.update(losses(33))
        found.append((detector.statistic >= 144.3, detector.warning, detector.drift))
    assert found == [(False, False, False), (False, False, False), (True, True, False), (True, True, True)]
