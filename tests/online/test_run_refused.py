"""The run directory: other runs, foreign folders, damage and runs in use are refused in words, and left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from contents import every_file

from online.arms import parse_arm
from online.run import Run, read_manifest
from producer.dataset import Dataset
from producer.errors import RunError
from static_model.artifact import Model

Open = Callable[..., AbstractContextManager[Run]]


@pytest.mark.parametrize(
    ("key", "changed"),
    [("source", {"source": {"file": "abd"}}), ("window", {"window": 999}), ("seed", {"seed": 1})],
)
def test_another_run_is_refused(opened: Open, tmp_path: Path, key: str, changed: dict[str, Any]) -> None:
    """Another stream, window size or seed is another run; the message has both values, and nothing changes."""
    with opened():
        pass
    before = every_file(tmp_path / "run")
    message = rf"run holds another run: its {key}(\.[a-z]+)? is .*, now asked for is .*\. Choose another --run"
    with pytest.raises(RunError, match=message), opened(**changed):
        pass
    assert before == every_file(tmp_path / "run")


def test_another_starting_model_is_refused(opened: Open, tiny_start: Model) -> None:
    """A model that differs in anything is another one."""
    with opened():
        pass
    with pytest.raises(RunError, match="another run: its model is"), opened(model=replace(tiny_start, threshold=0.6)):
        pass


def test_another_contract_is_refused(opened: Open, tiny_start: Model, tiny: Dataset) -> None:
    """Records that mean something else are another run, and the contract is what the message names."""
    words = tiny.label.model_copy(update={"positive": ("bad",)})
    other = replace(tiny_start, dataset=tiny.model_copy(update={"label": words}))
    with opened():
        pass
    with pytest.raises(RunError, match="another run: its contract is"), opened(model=other):
        pass


def test_a_known_arm_with_another_specification_is_refused(opened: Open) -> None:
    """A name stands for one specification."""
    with opened():
        pass
    other = parse_arm("dynamic:c=100")
    message = r"the arm 'dynamic' of .* has another specification: .*1443.* now .*100.* a name of its own"
    with pytest.raises(RunError, match=message), opened(arms=(other,)):
        pass


def test_a_foreign_folder_is_refused_and_left_alone(opened: Open, tmp_path: Path) -> None:
    """A folder with something else in it isn't touched, not even by a lock."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.tex").write_text("mine")
    message = r"run is no run directory and not empty \(it holds thesis\.tex\); choose another --run"
    with pytest.raises(RunError, match=message), opened():
        pass
    assert every_file(tmp_path / "run") == {"thesis.tex": b"mine"}


def test_nothing_is_swept_from_a_foreign_folder(opened: Open, tmp_path: Path) -> None:
    """In a folder that is no run, hidden files are somebody's too."""
    (tmp_path / "run/models/.cache").mkdir(parents=True)
    (tmp_path / "run/models/.cache/weights").write_text("mine")
    (tmp_path / "run/.notes.tmp").write_text("mine")
    with pytest.raises(RunError, match=r"is no run directory and not empty \(it holds models\)"), opened():
        pass
    assert every_file(tmp_path / "run") == {"models/.cache/weights": b"mine", ".notes.tmp": b"mine"}


def test_a_file_in_its_place_is_refused(opened: Open, tmp_path: Path) -> None:
    """A file can't be a run directory."""
    (tmp_path / "run").write_text("mine")
    with (
        pytest.raises(RunError, match=r"can't write the run directory .*run: File exists; choose"),
        opened(),
    ):
        pass


@pytest.mark.parametrize("damage", ["", "{", "[]", "7", '{"format": 1}', '{"format": 1, "identity": 3}', "\udcff"])
def test_a_damaged_manifest_is_named(opened: Open, tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with the file, the message names it."""
    with opened():
        pass
    (tmp_path / "run/manifest.json").write_bytes(damage.encode(errors="surrogateescape"))
    with pytest.raises(RunError, match=r"the run's manifest .*manifest\.json is damaged"), opened():
        pass


def test_an_unknown_kind_of_arm_is_named(opened: Open, tmp_path: Path) -> None:
    """Where the package that an arm came from is gone, the message says what is missing."""
    with opened() as run:
        arms = {"odd": {**run.manifest["arms"]["static"], "policy": {"kind": "oracle"}}}
        run.update(arms=arms)
    with (
        pytest.raises(RunError, match=r"the arm 'odd' of .*: policy: no policy 'oracle'; .*Install the package"),
        opened(),
    ):
        pass


@pytest.mark.parametrize("facts", [{"format": 2}, {"format": 2, "identity": {}}, {"format": "1.1"}])
def test_a_newer_format_is_refused(opened: Open, tmp_path: Path, facts: dict[str, Any]) -> None:
    """A run of a newer version is told from a damaged one, whatever else its manifest holds."""
    with opened():
        pass
    (tmp_path / "run/manifest.json").write_text(json.dumps(facts))
    with (
        pytest.raises(RunError, match=r"has format '?[12.]+'?, written by a newer driftduel.* reads format 1"),
        opened(),
    ):
        pass


def test_no_run_directory(tmp_path: Path) -> None:
    """Reading the manifest of a folder, a file or nothing says that it is no run."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file", tmp_path / "nothing"):
        with pytest.raises(RunError, match=rf"{path} is no run directory: it has no manifest\.json"):
            read_manifest(path)


HOLDER = """
import fcntl, sys
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the run's lock until its standard input closes."""
    (tmp_path / "run").mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run/.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_run_in_use_is_refused_until_it_is_free(opened: Open, holder: subprocess.Popen[str]) -> None:
    """One process at a time works on a run; when it is gone, whatever way it went, the run is free."""
    with pytest.raises(RunError, match=r"another process is working on the run .*run; wait for it"), opened():
        pass
    holder.kill()
    holder.wait()
    with opened() as run:
        assert not run.finished


def test_a_run_holds_its_lock_against_others(opened: Open) -> None:
    """While a run is open, it can't be opened a second time."""
    with opened(), pytest.raises(RunError, match="another process is working on the run"), opened():
        pass


@pytest.mark.parametrize(("key", "value"), [("static", "../../../elsewhere"), ("threshold", "a"), ("static", "")])
def test_what_a_manifest_cannot_hold_is_damage(opened: Open, tmp_path: Path, key: str, value: str) -> None:
    """An id that is a path leads nowhere outside the run, and a threshold is a number."""
    with opened() as run:
        run.update(**{key: value})
    with pytest.raises(RunError, match=r"manifest\.json is damaged"), opened():
        pass
    assert not (tmp_path / "elsewhere").exists()
