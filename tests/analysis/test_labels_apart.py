"""The report on runs whose labels are few: records, windows, or a whole stream, without any."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.report import write_report

WINDOWS, SIZE = 12, 100
TRUTH = {"format": 1, "records": 1200, "drifts": [{"kind": "swap", "shape": "abrupt", "start": 400, "end": 400}]}


@pytest.fixture
def gappy(make_run: Callable[..., Path]) -> Callable[..., Path]:
    """A run of 12 windows in which the records of a mask have no label; from window 4 on static errs on 30 of each."""

    def call(unlabelled: Callable[[int, np.ndarray], np.ndarray], name: str = "run") -> Path:
        plain = [np.tile(np.array([0, 1], dtype=np.int8), SIZE // 2) for _ in range(WINDOWS)]
        fallen = np.array([1] * 30 + [0] * 70, dtype=np.int8)
        static = [found ^ fallen if k >= 4 else found for k, found in enumerate(plain)]
        labels = [np.ma.masked_array(found, unlabelled(k, np.arange(SIZE))) for k, found in enumerate(plain)]
        run = make_run(labels, {"static": static, "dynamic": plain}, name=name)
        (run / "truth.json").write_text(json.dumps(TRUTH))
        return run

    return call


def test_only_labelled_records_are_compared(gappy: Callable[..., Path]) -> None:
    """A window without a label, and records without one between others, are in no total and no comparison."""
    run = gappy(lambda k, place: (place >= 50) | (k in (0, 5, 6, 11)))
    summary = write_report(run).summary
    assert (summary["records"], summary["labelled"]) == (1200, 400)
    assert summary["arms"]["static"]["counts"] == {"tp": 125, "fp": 75, "tn": 125, "fn": 75}
    found = summary["comparisons"]["dynamic"]
    assert (found["finding"], found["reference_only_wrong"], found["arm_only_wrong"]) == ("better", 150, 0)
    rows = (run / "figures/accuracy.csv").read_text().splitlines()
    assert rows[1].startswith("0,static,0,99,100,0,,,")


def test_a_stream_without_a_label_is_said_to_have_none(gappy: Callable[..., Path]) -> None:
    """Nothing is found, nothing fails, and the verdict says why."""
    summary = write_report(gappy(lambda k, place: place >= 0)).summary
    assert summary["comparisons"]["dynamic"]["finding"] == "unlabelled"
    assert "no record of this stream is labelled" in json.dumps(summary)
    assert summary["arms"]["static"]["metrics"]["accuracy"] is None
