"""The short form of the evidence on the default detector: seeded, in seconds."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

SLOWEST = {
    0.02: {"+1 pp": 6, "+2 pp": 3, "+5 pp": 1, "+10 pp": 1, "+20 pp": 1, "5 pp over 20": 8},
    0.18: {"+1 pp": 25, "+2 pp": 8, "+5 pp": 3, "+10 pp": 1, "+20 pp": 1, "5 pp over 20": 13},
}
"""The median delays that SS-SR may have, by error rate and rise."""


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """What the short form returns."""
    return runpy.run_path(str(Path(__file__).with_name("ss_sr.py")))["main"](full=False)


def test_evidence_of_each_shift_is_at_most_one_on_average(shown: dict[str, Any]) -> None:
    """Given the number of all errors, the factor that a window contributes has expectation at most 1."""
    assert shown["largest_expectation"] <= 1 + 1e-9


@pytest.mark.parametrize("rate", [0.02, 0.18])
def test_false_episodes_are_at_most_one_in_a_thousand_windows(shown: dict[str, Any], rate: float) -> None:
    """Over 20,000 drift-free windows, by the exact Poisson bound."""
    (row,) = [row for row in shown["false_alarms"] if row["detector"] == "ss-sr" and row["rate"] == rate]
    assert row["windows"] == 20_000
    assert row["at_most"] <= 1


@pytest.mark.parametrize("rate", [0.02, 0.18])
def test_median_delays_are_those_of_the_table(shown: dict[str, Any], rate: float) -> None:
    """From 1 point to 20, and on a ramp."""
    medians = {r["rise"]: r["median"] for r in shown["delays"] if r["detector"] == "ss-sr" and r["rate"] == rate}
    assert medians.keys() == SLOWEST[rate].keys()
    assert {rise: median for rise, median in medians.items() if median > SLOWEST[rate][rise]} == {}


def test_abrupt_changes_of_ten_points_are_found_within_two_windows(shown: dict[str, Any]) -> None:
    """In at least 95 of 100 streams, wherever in a window the change lies."""
    assert [row["seeds"] for row in shown["abrupt"]] == [100] * 4
    assert [row for row in shown["abrupt"] if row["found"] < 95] == []


def test_rivers_detectors_stand_beside_on_the_same_streams(shown: dict[str, Any]) -> None:
    """The short form has one of them; the long one has all."""
    for table in ("false_alarms", "delays"):
        assert {row["detector"] for row in shown[table]} == {"ss-sr", "adwin"}
