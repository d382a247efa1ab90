"""A metric's table: the tracker's values and their bands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from analysis.loaded import load_run
from analysis.measures.bands import count_bands, record_bands
from analysis.measures.per_window import metric_table, scored_windows
from analysis.runs import read_run
from static_model.metrics import wilson

ONE = [np.array([0, 1, 1, 0], dtype=np.int8), np.array([1, 1], dtype=np.int8)]


def test_undefined_metrics_are_undefined(make_run: Callable[..., Path]) -> None:
    """In a window of one class there is an accuracy and no recall: no number and no band."""
    run = read_run(make_run(ONE, {"static": ONE}))
    recall = metric_table(run.windows, "recall")
    assert [False, True] == recall["recall"].isna().tolist()
    assert [False, True] == recall[["low", "high"]].isna().all(axis=1).tolist()
    assert [1.0, 1.0] == metric_table(run.windows, "accuracy")["accuracy"].tolist()


def test_bands_stand_on_their_own_denominators(drifting: Path) -> None:
    """Accuracy's band counts all 100 records, recall's the 50 positives only, and F1's comes from the four counts."""
    windows = read_run(drifting).windows
    row = windows.index[(windows["window"] == 4) & (windows["arm"] == "static")][0]
    expected = {
        "accuracy": wilson(70, 100),
        "recall": wilson(35, 50),
        "f1": tuple(count_bands("f1", np.array([[35, 15, 35, 15]]))[0]),
    }
    for metric, band in expected.items():
        assert band == tuple(metric_table(windows, metric).loc[row, ["low", "high"]])
    assert metric_table(windows, "f1", bootstrap=False)[["low", "high"]].isna().all(axis=None)


def test_records_are_asked_for_by_metrics_of_scores_only(drifting: Path) -> None:
    """The ledger is read for ROC-AUC and log loss; each model in force is resampled once in a window."""
    loaded = load_run(drifting)
    asked = []

    def scored():
        asked.append(1)
        return scored_windows(loaded.entries(), "y")

    metric_table(loaded.run.windows, "f1", scored=scored)
    assert [] == asked
    table = metric_table(loaded.run.windows, "roc_auc", scored=scored)
    assert [1] == asked
    for window, labels, scores in scored_windows(loaded.entries(), "y"):
        for row in table[table["window"] == window].itertuples():
            score = scores[f"model-of-{row.arm}"]
            assert roc_auc_score(labels, score) == pytest.approx(row.roc_auc)
            assert record_bands("roc_auc", labels, [score])[0].tolist() == [row.low, row.high]
    assert metric_table(loaded.run.windows, "roc_auc")[["low", "high"]].isna().all(axis=None)
