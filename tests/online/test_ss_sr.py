"""The default detector: its numbers and its edges; tests/evidence shows its false alarms and delays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from online.detectors.ss_sr import SHIFTS, ShiryaevRoberts, _upper_tail
from online.interfaces import Pool

WINDOW = 1000


def losses(errors: int, records: int = WINDOW) -> np.ndarray:
    """A window with that many errors; their places don't matter to the detector."""
    return np.repeat([0.0, 1.0], [records - errors, errors])


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
