"""`import` as a user types it: a scikit-learn forest becomes a model, predicts, and duels."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from producer.dataset import load_dataset

pytestmark = pytest.mark.e2e


def test_a_forest_is_imported_predicts_and_duels(driftduel, tmp_path: Path) -> None:
    """Predictions equal scikit-learn's; the run says where its starting model came from."""
    for name, records, seed, drift in (("static", 3000, 1, ()), ("stream", 4000, 2, ("--drift", "encoding@2000"))):
        options = ("--records", records, "--seed", seed, *drift, "--out", tmp_path / f"{name}.csv")
        driftduel("generate", "dns-exfil", *options)
    static, stream = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("static", "stream"))
    features = [column.name for column in load_dataset("dns-exfil").features]
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(10, max_depth=6, random_state=0))
    skops.io.dump(forest.fit(static[features], static["Target Attack"]), tmp_path / "forest.skops")
    printed = driftduel("import", tmp_path / "forest.skops", "--dataset", "dns-exfil", "--out", tmp_path / "model")
    assert "Read: scikit-learn pipeline: StandardScaler > RandomForestClassifier." in printed
    assert "A retraining fits: random_forest (max_depth=6, min_instances=1, trees=10)." in printed
    driftduel("predict", tmp_path / "stream.csv", "--model", tmp_path / "model", "--out", tmp_path / "out.csv")
    assert forest.predict(stream[features]).tolist() == pd.read_csv(tmp_path / "out.csv")["prediction"].tolist()
    where = ("--file", tmp_path / "stream.csv", "--run", tmp_path / "run", "--window", 500)
    printed = driftduel("evaluate", "--model", tmp_path / "model", *where)
    assert "The starting model was imported from forest.skops: its training rows are unknown" in printed
    driftduel("report", tmp_path / "run")
    assert "imported from forest.skops" in json.loads((tmp_path / "run" / "summary.json").read_text())["notes"][0]


def test_a_damaged_file_is_a_sentence(driftduel, tmp_path: Path) -> None:
    """Exit code 1 and one line, no traceback; nothing is left behind."""
    (tmp_path / "cut.skops").write_bytes(b"PK\x03\x04")
    options = ("--dataset", "dns-exfil", "--out", tmp_path / "model")
    printed = driftduel("import", tmp_path / "cut.skops", *options, exit_code=1)
    assert f"driftduel: {tmp_path}/cut.skops is no readable .skops file: BadZipFile" in printed
    assert 1 == len(printed.splitlines())
    assert ["cut.skops"] == [path.name for path in tmp_path.iterdir()]
