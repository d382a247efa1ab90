"""The baselines in a terminal: what stands in the tables, and what is said with them."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from analysis.hindsight.tables import arm_table, baseline_notes, path_table
from analysis.tabular import Tabular
from analysis.terminal import make_table


def price(alpha: float, retrains: float) -> dict[str, float]:
    """The oracle at a price."""
    return {
        "alpha": alpha,
        "errors": 400,
        "retrains": retrains,
        "cost": 0.0,
        "gain": 600.0,
        "low": 550.0,
        "high": 650.0,
    }


@pytest.fixture
def found() -> dict[str, Any]:
    """Two arms beside one training set, and one that isn't comparable."""
    never = {"errors": 1000, "accuracy": 0.9, "retrains": 0, "rows": 0, "gain": 0.0, "low": 0.0, "high": 0.0}
    always = {"errors": 500, "accuracy": 0.95, "retrains": 9, "rows": 9000, "gain": 500.0, "low": 460.0, "high": 540.0}
    prices = [price(0.0, 2.5), price(1.0, 2.5), price(50.0, 1.0), price(10000.0, 0.0)]
    table = {"paths": {"never": never, "always": always}, "oracle": prices, "records": 10_000}
    arm = {"beside": "last 20", "beats": ["it trains on since-change"], "fits": 8, "random": {"percentile": 97.55}}
    unsure = {"beside": "last 20", "beats": [], "fits": 0, "random": None}
    return {
        "every": 4,
        "tables": {"last 20": table},
        "arms": {
            "dynamic": arm | {"regret": [{"alpha": 0.0, "regret": 50.0, "share": 0.917}]},
            "lazy": unsure | {"regret": [{"alpha": 0.0, "regret": 600.0, "share": None}]},
            "river": {"reason": "not comparable: it learns by record"},
        },
        "causes": {"dynamic": {"words": "Freshness gained much."}, "lazy": {"reason": "not known: no rows"}},
    }


def lines(table: Tabular) -> list[str]:
    """The rows as a terminal shows them, blanks squeezed."""
    console = Console(width=120)
    with console.capture() as capture:
        console.print(make_table(table))
    return [" ".join(line.split()) for line in capture.get().splitlines()][2:]


def test_paths_stand_beside_the_oracle_at_the_prices_that_change_it(found: dict[str, Any]) -> None:
    """A price that leaves the oracle's schedules as they are has no row, nor one at which it never retrains."""
    assert lines(path_table(found)) == [
        "never last 20 1,000 0.9000 0 0",
        "always last 20 500 0.9500 9 9,000 500 (460 to 540)",
        "oracle last 20 400 0.9600 2.5 600 (550 to 650)",
        "oracle at 50 last 20 400 0.9600 1 600 (550 to 650)",
    ]


def test_arms_that_may_beat_the_oracle_are_marked(found: dict[str, Any]) -> None:
    """Regret, share and percentile where they are known; an incremental arm isn't comparable."""
    assert lines(arm_table(found)) == ["dynamic last 20 * 8 50 92% 97.5", "lazy last 20 0 600", "river not comparable"]


def test_the_notes_say_what_the_tables_cannot(found: dict[str, Any]) -> None:
    """Thinning, the cross-fit, why an arm may beat its oracle, what isn't sure, and the causes."""
    assert baseline_notes(found) == [
        "Baselines and oracle retrain after every 4 windows at most.",
        "The oracle chooses its schedule on every other record and is scored on the rest, so it can't fit noise.",
        "* 'dynamic' may beat the oracle beside it: it trains on since-change.",
        "No share of the oracle's gain is said for 'lazy': it isn't sure that there was a gain.",
        "Freshness gained much.",
        "The causes of 'lazy' are not known: no rows.",
    ]


def test_stale_baselines_have_one_note_and_no_rows() -> None:
    """Nothing else is shown of baselines that don't fit the run."""
    stale = {"every": 1, "stale": "Compute them again."}
    assert (lines(path_table(stale)), lines(arm_table(stale)), baseline_notes(stale)) == (
        [],
        [],
        ["Compute them again."],
    )
