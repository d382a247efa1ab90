"""The verb `import`: what it prints, as text and as JSON, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import skops.io
from click.testing import CliRunner
from sklearn.tree import DecisionTreeClassifier

from producer.errors import ModelError
from static_model.foreign.command import import_command

NUMBERS = ["gap", "seconds", "size"]
CONTRACT = """
name = "numbers"
label = { positive = ["attack"], negative = ["benign"] }
columns = [
    { name = "gap", type = "float" },
    { name = "seconds", type = "int", feature = false },
    { name = "size", type = "float" },
    { name = "y", type = "label" },
]
"""


@pytest.fixture
def place(rows, tmp_path: Path) -> Path:
    frame, labels = rows(500, 1, whole=True)
    skops.io.dump(DecisionTreeClassifier(max_depth=2).fit(frame[NUMBERS].to_numpy(), labels), tmp_path / "m.skops")
    (tmp_path / "d.toml").write_text(CONTRACT)
    return tmp_path / "m.skops"


def call(place: Path, *options: str) -> str:
    where = ("--dataset", str(place.with_name("d.toml")), "--out", str(place.with_name("model")))
    done = CliRunner().invoke(import_command, [str(place), *where, *options], catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return done.output


def test_it_says_what_was_read_and_what_cannot_be_known(place: Path) -> None:
    """Steps, columns, estimator, size and threshold; no hold-out; the learner; the digest."""
    lines = call(place, "--feature", "seconds").splitlines()
    expected = [
        "Read: scikit-learn pipeline: DecisionTreeClassifier.",
        "Columns: gap, seconds, size (3 features).",
        "Estimator: decision tree, 1 tree of 7 nodes; positive above a score of 0.5.",
        "The model names no columns: the contract's features are taken in their order: gap, seconds, size.",
        "Not known: the rows that it was trained on, and how it does on others. There is no hold-out, so a drift "
        "detector starts without a pool.",
        "A retraining fits: decision_tree (max_depth=2, min_instances=1, trees=1).",
    ]
    assert expected == lines[:-1]
    assert lines[-1].startswith(f"Model: {place.with_name('model')} (digest ")


def test_json_says_the_same(place: Path) -> None:
    """A script gets the digest, the parts, the threshold, the learner and the notes."""
    found = json.loads(call(place, "--feature", "seconds", "--json", "--threshold", "0.3", "--learner", "linear_svc"))
    learner = {"family": "linear_svc", "reg_param": 0.01, "max_iter": 100}
    assert (["DecisionTreeClassifier"], 0.3, learner) == (found["parts"], found["threshold"], found["learner"])
    assert 64 == len(found["digest"])
    assert 1 == len(found["notes"])


def test_a_number_of_columns_that_differs_is_told(place: Path) -> None:
    """Bare arrays have no names: the contract's features must be as many."""
    with pytest.raises(ModelError, match="fitted on 3 columns without names, but the contract 'numbers' has 2 f"):
        call(place)


def test_values_out_of_bounds_are_wrong_usage(place: Path) -> None:
    """A threshold is a share."""
    done = CliRunner().invoke(import_command, [str(place), "--dataset", "d", "--out", "m", "--threshold", "2"])
    assert 2 == done.exit_code
    assert "2.0 is not in the range 0<=x<=1" in done.output
