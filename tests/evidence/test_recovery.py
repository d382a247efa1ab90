"""The short form of the evidence on recovery: one duel of each kind of drift."""

from __future__ import annotations

from typing import Any

import pytest
import recovery


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], dict[str, Any]]:
    """The table's rows of the default arm, by kind and shape of the drift."""
    return {(row["kind"], row["shape"]): row for row in recovery.main(full=False)["rows"]}


@pytest.mark.parametrize(
    ("kind", "shape", "asked"), [("changed concept", "abrupt", 0.9), ("new sub-population", "gradual", 0.8)]
)
def test_the_default_arm_saves_nearly_what_hindsight_saves(rows, kind: str, shape: str, asked: float) -> None:
    """After a drift of 10 points or more the arm gets most of the oracle's gain, with no false alarm before it."""
    row = rows[kind, shape]
    assert row["rise"] >= 0.1
    assert (row["asked"], row["false alarms"]) == (asked, 0)
    assert row["share"] >= asked
