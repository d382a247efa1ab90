"""The short forms of the evidence: seeded, in seconds, with bounds that their size allows."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom

QUANTILE = 0.999
"""Of the binomial distribution: a short form fails by chance in one of 1,000 seeds."""


def short_form(script: str) -> dict[str, Any]:
    """What the script's short form returns."""
    return runpy.run_path(str(Path(__file__).with_name(script)))["main"](full=False)


@pytest.fixture(scope="module")
def duels() -> dict[int, dict[str, Any]]:
    """The A/A table, by windows between retrains."""
    return {row["every"]: row for row in short_form("aa.py")["rows"]}


@pytest.fixture(scope="module")
def power() -> dict[str, Any]:
    """The figures of power."""
    return short_form("power.py")


@pytest.mark.parametrize("every", [1, 5, 20])
def test_equals_are_seldom_told_apart(duels: dict[int, dict[str, Any]], every: int) -> None:
    """Two arms of one kind, retrained 1, 5 or 20 windows apart: claimed in no more duels than 5 % allow."""
    row = duels[every]
    assert row["claimed"] <= binom.ppf(QUANTILE, row["duels"], 0.05)
    assert row["refused"] == 0


@pytest.mark.parametrize("every", [70, 140])
def test_few_fits_are_refused(duels: dict[int, dict[str, Any]], every: int) -> None:
    """Two fits or one in a stream: nothing is claimed about more of it, where HAC claims most of the time."""
    row = duels[every]
    assert (row["claimed"], row["refused"]) == (0, row["duels"])
    assert row["hac"] > row["duels"] / 3


def test_a_gain_in_few_windows_is_found(power: dict[str, Any]) -> None:
    """A gain of 10 points in 5 of 100 windows is found in at least 80 % of duels, and not foretold to come again."""
    gains = power["few_windows"]
    assert gains["found"] >= 0.8 * gains["duels"]
    assert gains["foretold"] <= 0.05 * gains["duels"]


def test_the_printed_difference_is_met(power: dict[str, Any]) -> None:
    """In every setting a true gain of the printed size is found in 80 %, within three standard errors."""
    missed = {
        name: row["power"] for name, row in power["settings"].items() if abs(row["power"] - 0.8) > 3 * row["error"]
    }
    assert missed == {}
