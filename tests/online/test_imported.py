"""The duel with a model that somebody else made: no hold-out, its own learner, and what a run says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import skops.io
from click.testing import CliRunner
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from analysis.report import write_report
from online.cli import evaluate
from online.duel import Duel, DuelOutcome, Stream, run_duel
from online.run import read_manifest
from producer.codec import decode
from producer.dataset import Dataset
from static_model.artifact import load_model
from static_model.foreign.importing import import_model

SAID = "The starting model was imported from tree.skops: its training rows are unknown"


@pytest.fixture
def imported(tiny: Dataset, tiny_lines, tmp_path: Path) -> Path:
    """The directory of a scaled tree that skops saved."""
    records = decode(tiny_lines(1000, seed=0), tiny, wire="csv").records.to_pandas()
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=6, min_samples_leaf=5))
    skops.io.dump(pipeline.fit(records[["a", "b"]], records["y"]), tmp_path / "tree.skops")
    import_model(tmp_path / "tree.skops", tiny, tmp_path / "model", learner=None, threshold=None)
    return tmp_path / "model"


@pytest.fixture
def stream(tiny_lines, tiny_file, tmp_path: Path) -> Path:
    """2,000 records whose rule turns round at 1,000."""
    return tiny_file(tmp_path / "stream.csv", tiny_lines(2000, seed=3, flip_from=1000))


def duel(imported: Path, stream: Path, run: Path) -> DuelOutcome:
    return run_duel(Duel(model=imported, stream=Stream(file=stream), window=200, seed=1), run=run)


def test_static_and_dynamic_duel_without_a_hold_out(imported: Path, stream: Path, tmp_path: Path) -> None:
    """The detector's pool starts empty, the change is found, and the learner's family is kept by what it fits."""
    outcome = duel(imported, stream, tmp_path / "run")
    assert "tree.skops" == outcome.imported
    static, dynamic = outcome.arms["static"], outcome.arms["dynamic"]
    assert static.accuracy is not None
    assert dynamic.accuracy is not None
    assert dynamic.accuracy > static.accuracy + 0.2
    assert dynamic.cost.promoted >= 1
    models = [load_model(path) for path in (tmp_path / "run" / "models").iterdir()]
    assert len(models) > 1
    assert {"decision_tree"} == {model.estimator.parameters["family"] for model in models}
    assert {(0, 0)} == {(model.holdout_records, model.holdout_errors) for model in models}


def test_evaluate_and_report_say_that_the_training_rows_are_unknown(imported: Path, stream: Path, tmp_path) -> None:
    """A reader must know that the stream's rows may have been among them."""
    options = ["--model", str(imported), "--file", str(stream), "--run", str(tmp_path / "run"), "--window", "200"]
    done = CliRunner().invoke(evaluate, options, catch_exceptions=False)
    assert SAID in done.output.replace("\n", " ")
    assert "tree.skops" == read_manifest(tmp_path / "run")["imported"]
    notes = write_report(tmp_path / "run").summary["notes"]
    assert [note for note in notes if note.startswith(SAID)] == notes[:1]


def test_a_model_of_ones_own_needs_no_such_sentence(tiny_model, stream: Path, tmp_path: Path) -> None:
    """Nothing is said of a model that was trained here."""
    outcome = duel(tiny_model(tmp_path / "own"), stream, tmp_path / "run")
    assert outcome.imported is None
    assert "imported" not in json.loads((tmp_path / "run" / "manifest.json").read_text())


def test_another_family_may_take_over(imported: Path, stream: Path, tiny: Dataset, tmp_path: Path) -> None:
    """A tree that was imported with another learner named is retrained as that, again and again."""
    asked = "logistic_regression:reg_param=0.001"
    import_model(tmp_path / "tree.skops", tiny, tmp_path / "other", learner=asked, threshold=None)
    outcome = duel(tmp_path / "other", stream, tmp_path / "run")
    assert outcome.arms["dynamic"].cost.promoted >= 1
    models = [load_model(path) for path in (tmp_path / "run" / "models").iterdir()]
    assert {"Forest", "Linear"} == {type(model.estimator).__name__ for model in models}
    assert {"logistic_regression"} == {model.estimator.parameters["family"] for model in models}
