"""A stranger's package: installed by pip, its policy and its learner duel from the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ENTRY_POINTS = """
[driftduel.policies]
weekly = theirs:Weekly

[driftduel.learners]
upside-down = theirs:UpsideDown
"""

PACKAGE = '''
"""What a third party adds."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from online.interfaces import Attempt
from online.learners.batch import ScikitLearn


class Weekly(BaseModel):
    """Asks every so many windows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = False
    kind: Literal["weekly"] = "weekly"
    days: int = 7

    def begin(self, pool):
        return self

    def step(self, seen):
        return Attempt("a week is over") if (seen.outcome.window + 1) % self.days == 0 else None


class UpsideDown(ScikitLearn):
    """Learns the opposite."""

    kind: Literal["upside-down"] = "upside-down"

    def fit(self, rows, *, like, seed):
        from dataclasses import replace

        return super().fit(replace(rows, labels=1 - rows.labels), like=like, seed=seed)
'''

ARM = "theirs:policy=weekly(days=2),train=last-2,learner=upside-down,gate=none"
Command = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip installed the stranger's package into, without an index."""
    target = tmp_path_factory.mktemp("installed")
    wheel = tmp_path_factory.mktemp("built") / "theirs-1.0-py3-none-any.whl"
    files = {
        "theirs.py": PACKAGE,
        "theirs-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n",
        "theirs-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "theirs-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
    }
    record = "".join(f"{name},,\n" for name in [*files, "theirs-1.0.dist-info/RECORD"])
    with zipfile.ZipFile(wheel, "w") as file:
        for name, text in {**files, "theirs-1.0.dist-info/RECORD": record}.items():
            file.writestr(name, text)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target]
    subprocess.run([*pip, wheel], check=True, capture_output=True, text=True)
    return target


@pytest.fixture
def driftduel(package: Path) -> Command:
    """Runs `driftduel ARGUMENTS`, with the package or without it."""

    def run(*arguments: object, installed: bool = True) -> subprocess.CompletedProcess:
        here = os.environ.get("PYTHONPATH", "")
        path = os.pathsep.join(filter(None, [here, str(package) if installed else ""]))
        command = [sys.executable, "-c", "import driftduel; driftduel.main()", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def duel(driftduel: Command, tiny_model, tiny_file, tiny_lines, tmp_path: Path) -> Command:
    """Runs the duel of these arms over 500 records into `run`."""
    model, stream = tiny_model(tmp_path / "model"), tiny_file(tmp_path / "stream.csv", tiny_lines(500, 3))

    def run(*arms: str, installed: bool = True) -> subprocess.CompletedProcess:
        asked = ("--model", model, "--file", stream, "--run", tmp_path / "run", "--window", 100)
        named = [word for arm in arms for word in ("--arm", arm)]
        return driftduel("evaluate", *asked, *named, installed=installed)

    return run


def test_its_kinds_are_listed(driftduel: Command) -> None:
    """Beside ours, with their fields and first lines."""
    shown = driftduel("evaluate", "--kinds")
    assert "  weekly(days)\n      Asks every so many windows." in shown.stdout, shown.stderr
    assert "  upside-down(refit_features)\n      Learns the opposite." in shown.stdout


def test_its_policy_and_learner_duel(duel: Command, tmp_path: Path) -> None:
    """Every second window it retrains, on inverted labels: what it promotes is mostly wrong."""
    done = duel(ARM)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "run/events.jsonl").read_text().splitlines()
    retrains = [event for event in map(json.loads, lines) if event["event"] == "retrain"]
    assert [(event["window"], event["reason"]) for event in retrains] == [(1, "a week is over"), (3, "a week is over")]
    rows = [line.split(",") for line in (tmp_path / "run/windows.csv").read_text().splitlines()]
    accuracy = {(row[1], int(row[0])): float(row[rows[0].index("accuracy")]) for row in rows[1:]}
    assert accuracy["static", 2] > 0.8
    assert accuracy["theirs", 2] < 0.3


def test_its_run_is_reported(duel: Command, driftduel: Command, tmp_path: Path) -> None:
    """A policy that doesn't say whether it looks at labels counts as one that uses all that were known."""
    assert duel(ARM).returncode == 0
    done = driftduel("report", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run/summary.json").read_text())["arms"]["theirs"]["cost"]["labels"] == 500


def test_a_run_whose_package_is_gone_says_what_is_missing(duel: Command, tmp_path: Path) -> None:
    """Taken up without the package, the run is refused in a sentence; with it, it goes on."""
    assert duel(ARM).returncode == 0
    gone = duel("static", installed=False)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "the arm 'theirs' of" in gone.stderr
    assert "no policy 'weekly'" in gone.stderr
    assert "Install the package that it came from" in gone.stderr
    assert "Traceback" not in gone.stderr
    assert duel("static").returncode == 0


def test_a_broken_package_is_one_sentence(duel: Command, package: Path, tmp_path: Path) -> None:
    """It names the package; exit code 2, and no run directory."""
    kept = shutil.move(package / "theirs.py", tmp_path / "kept.py")
    shutil.rmtree(package / "__pycache__", ignore_errors=True)
    try:
        done = duel("strict:c=5000")
    finally:
        shutil.move(kept, package / "theirs.py")
    assert done.returncode == 2
    assert "theirs:Weekly of the package theirs can't be used: it can't be loaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
