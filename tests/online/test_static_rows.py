"""The rows that the starting model was trained on: asked for where an arm needs them, and checked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftduel import cli
from online.static_rows import StaticRows
from producer.errors import DriftduelError, RunError, UsageError

NEEDY = "mix:policy=periodic-2,train=static-last-1,gate=none"
PLAIN = "plain:policy=periodic-2,train=last-1,gate=none"


@pytest.fixture
def files(tiny_file, tiny_lines, tmp_path: Path) -> list[Path]:
    """Two training files."""
    return [tiny_file(tmp_path / f"static{part}.csv", tiny_lines(200, seed=part)) for part in (0, 1)]


@pytest.fixture
def model(tiny_model, tmp_path: Path) -> Path:
    """A starting model that doesn't say what it was trained on."""
    return tiny_model(tmp_path / "model")


@pytest.fixture
def knowing(model: Path, files: list[Path]) -> Path:
    """A starting model that says it was trained on both files."""
    facts = [{"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in files]
    (model / "assessment").mkdir()
    (model / "assessment" / "sources.json").write_text(json.dumps({"training": {"files": facts}}))
    return model


@pytest.fixture
def duel(run_asked, model: Path, tiny_file, tiny_lines, tmp_path: Path):
    """Runs the duel over 500 records in windows of 100, into `run`."""
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(500, 3))

    def call(*arms: str, run: str = "run", **options) -> None:
        run_asked(run=tmp_path / run, model=model, file=file, window=100, arms=arms, **options)

    return call


def test_without_the_file_nothing_is_written(duel, tmp_path: Path) -> None:
    """The refusal names the arm and the option, exits with 2, and there is no run directory."""
    with pytest.raises(UsageError, match=r"the arm 'mix' learns from the rows .* name their file with --training"):
        duel(PLAIN, NEEDY)
    assert not (tmp_path / "run").exists()


def test_the_command_exits_with_2(model: Path, tmp_path: Path) -> None:
    """As any wrong usage."""
    words = ["evaluate", "--model", model, "--file", "x.csv", "--run", tmp_path / "run", "--arm", NEEDY]
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert isinstance(done.exception, DriftduelError)
    assert (done.exception.exit_code, (tmp_path / "run").exists()) == (2, False)


def test_a_run_whose_arms_need_them_is_not_taken_up_without(duel, files: list[Path], tmp_path: Path) -> None:
    """Also if only other arms are asked for now; the run stays as it was."""
    duel(NEEDY, training=files, max_windows=3)
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="the arm 'mix' learns from the rows"):
        duel(PLAIN)
    assert before == {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}


@pytest.mark.usefixtures("knowing")
def test_files_that_the_model_was_not_trained_on_are_refused(duel, files, tiny_file, tiny_lines, tmp_path) -> None:
    """The sentence names the file and those that the model was trained on; nothing is written."""
    wrong = tiny_file(tmp_path / "wrong.csv", tiny_lines(200, seed=2))
    with pytest.raises(UsageError, match=r"wrong\.csv: the model .* other files \(static0\.csv, static1\.csv\)"):
        duel(NEEDY, training=[files[0], wrong])
    with pytest.raises(UsageError, match=r"a part of what .* was trained on; name static1\.csv, too"):
        duel(NEEDY, training=files[:1])
    with pytest.raises(UsageError, match=r"nothing\.csv can't be read: No such file"):
        duel(NEEDY, training=[tmp_path / "nothing.csv"])
    assert not (tmp_path / "run").exists()
    duel(NEEDY, training=files)


def test_a_run_keeps_the_rows_that_it_was_made_with(duel, files: list[Path], tmp_path: Path) -> None:
    """Where the model doesn't say what it was trained on, other files than at the first start are refused."""
    duel(NEEDY, training=files, max_windows=3)
    with pytest.raises(RunError, match="holds another run: its training is "):
        duel(NEEDY, training=files[:1])
    duel(NEEDY, training=files)


def test_files_that_no_arm_needs_change_nothing_but_what_was_asked(duel, files: list[Path], tmp_path: Path) -> None:
    """They aren't even read."""
    duel(PLAIN, run="with", training=[*files, tmp_path / "nothing.csv"])
    duel(PLAIN, run="without")
    for name in ("windows.csv", "events.jsonl", "manifest.json"):
        assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_the_fits_say_how_many_static_rows_they_had(duel, files: list[Path], tmp_path: Path) -> None:
    """The event counts them, and so is the arm charged."""
    few = NEEDY.replace("mix", "few").replace("static-last-1", "static-last-1(static=50)")
    duel(NEEDY, few, training=files)
    events = [json.loads(line) for line in (tmp_path / "run/events.jsonl").read_text().splitlines()]
    found = {(e["arm"], e["rows"], e["static"], e["training_set"]) for e in events if e["event"] == "retrain"}
    assert found == {("mix", 500, "all", "static + last 1"), ("few", 150, 50, "50 static + last 1")}


def test_a_sample_is_as_large_as_asked_and_never_larger_than_what_is_there() -> None:
    """Another seed gives another sample; more than all is all."""
    rows = StaticRows(None, [0] * 40, "", ())  # type: ignore[arg-type]
    assert len(rows.sample(10, seed=1)) == 10
    assert rows.sample(10, seed=1).tolist() == rows.sample(10, seed=1).tolist() != rows.sample(10, seed=2).tolist()
    assert rows.sample(50, seed=1).tolist() == list(range(40))
