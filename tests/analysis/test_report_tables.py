"""The tables of a report."""

from __future__ import annotations

from analysis.report_tables import result_table

METRICS = dict.fromkeys(("accuracy", "precision", "recall", "f1", "mcc"))
COST = dict.fromkeys(("alarms", "fits", "rows", "promoted"), 0)


def test_an_arm_called_like_a_baseline_keeps_its_row() -> None:
    """Neither hides the other: there is a row for each."""
    arm, baseline = {"metrics": {**METRICS, "accuracy": 0.9}, "cost": COST}, {"metrics": METRICS}
    table = result_table({"arms": {"majority": arm}, "baselines": {"majority": baseline}})
    assert [row[0] for row in table.rows] == ["majority", "majority"]
    assert [row[1] for row in table.rows] == ["0.9000", ""]
