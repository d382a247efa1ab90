"""The run directory: one run each, taken up again by asking for the same, and refused in words otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from online.arms import DYNAMIC, STATIC, Arm, parse_arm
from online.run import Run, open_run, read_contract, read_manifest
from online.windows import Position
from producer.dataset import Dataset
from producer.errors import RunError, UsageError
from static_model.artifact import Model, load_model, model_digest

Open = Callable[..., AbstractContextManager[Run]]
CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.81,train=last-1,gate=none"


@pytest.fixture
def model(tiny_model, tmp_path: Path) -> Model:
    """A starting model."""
    return load_model(tiny_model(tmp_path / "model"))


@pytest.fixture
def opened(model: Model, tmp_path: Path) -> Open:
    """Opens the run directory `run` for a plain run; what differs is named."""

    def call(**options: Any) -> AbstractContextManager[Run]:
        asked = {"format": 1, "window": 1000, "source": {"file": "stream.csv"}}
        plain = {"model": model, "arms": (STATIC, DYNAMIC), "source": {"file": "abc"}, "window": 1000, "seed": 0}
        return open_run(**{"path": tmp_path / "run", "asked": asked} | plain | options)

    return call


def content(folder: Path) -> dict[str, bytes]:
    """All files, by their relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_new_run_says_what_it_is(opened: Open, model: Model, tiny: Dataset, tmp_path: Path) -> None:
    """Manifest, experiment and starting model are there as soon as the run is open."""
    digest = model_digest(model)
    with opened() as run:
        manifest = read_manifest(run.path)
        assert not run.finished
    identity = {"source": {"file": "abc"}, "contract": tiny.fingerprint, "model": digest, "window": 1000, "seed": 0}
    assert manifest["identity"] == identity
    assert (manifest["format"], manifest["state"], manifest["threshold"]) == (1, "running", 0.5)
    assert list(manifest["arms"]) == ["static", "dynamic"]
    assert {"python", "driftduel", "numpy", "pyarrow", "scikit-learn"} <= set(manifest["versions"])
    assert manifest["static"] == digest[:12]
    assert digest == model_digest(load_model(tmp_path / "run/models" / digest[:12]))
    assert tiny == read_contract(tmp_path / "run")


def test_experiment_holds_what_was_asked_with_all_defaults(opened: Open, tmp_path: Path) -> None:
    """The file says every arm in full, so that it repeats the run whatever the defaults become."""
    with opened():
        pass
    experiment = tomllib.loads((tmp_path / "run/experiment.toml").read_text())
    assert (experiment["window"], experiment["source"]) == (1000, {"file": "stream.csv"})
    assert [STATIC, DYNAMIC] == [Arm.model_validate(arm) for arm in experiment["arm"]]
    assert experiment["arm"][1]["policy"]["detector"]["c"] == 1443


def test_taken_up_again_nothing_changes(opened: Open, tmp_path: Path) -> None:
    """The same call opens the same run, byte for byte, with its facts as they were left."""
    with opened() as run:
        run.update(state="finished", ends={"0": 7})
    before = content(tmp_path / "run")
    with opened() as run:
        assert run.finished
        assert run.manifest["ends"] == {"0": 7}
        assert run.arms == (STATIC, DYNAMIC)
    assert before == content(tmp_path / "run")


def test_new_arms_join_the_ones_that_are_there(opened: Open) -> None:
    """Asking for another arm keeps the others, in the order in which they came."""
    with opened(arms=(STATIC, DYNAMIC)):
        pass
    with opened(arms=(STATIC, parse_arm(CLASSICAL))) as run:
        assert [arm.name for arm in run.arms] == ["static", "dynamic", "classical"]


@pytest.mark.parametrize(
    ("key", "changed"),
    [("source", {"source": {"file": "abd"}}), ("window", {"window": 999}), ("seed", {"seed": 1})],
)
def test_another_run_is_refused(opened: Open, tmp_path: Path, key: str, changed: dict[str, Any]) -> None:
    """Another stream, window size or seed is another run; the message has both values, and nothing changes."""
    with opened():
        pass
    before = content(tmp_path / "run")
    message = rf"run holds another run: its {key} is .*, now asked for is .*\. Choose another --run"
    with pytest.raises(RunError, match=message), opened(**changed):
        pass
    assert before == content(tmp_path / "run")


def test_another_starting_model_is_refused(opened: Open, model: Model) -> None:
    """A model that differs in anything is another one."""
    with opened():
        pass
    with pytest.raises(RunError, match="another run: its model is"), opened(model=replace(model, threshold=0.6)):
        pass


def test_another_contract_is_refused(opened: Open, model: Model, tiny: Dataset) -> None:
    """Records that mean something else are another run, and the contract is what the message names."""
    words = tiny.label.model_copy(update={"positive": ("bad",)})
    other = replace(model, dataset=tiny.model_copy(update={"label": words}))
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
    assert content(tmp_path / "run") == {"thesis.tex": b"mine"}


def test_what_a_dying_process_left_is_swept_away(opened: Open, tmp_path: Path) -> None:
    """Files and models that were never renamed into place go when the run is taken up again; all else stays."""
    with opened() as run:
        before = content(run.path)
    (tmp_path / "run/segments").mkdir()
    (tmp_path / "run/models/.abc.tmp1").mkdir()
    for name in (".windows.csv.tmp", "segments/.000000.arrow.tmp", "models/.abc.tmp1/model.json"):
        (tmp_path / "run" / name).write_text("half a")
    (tmp_path / "run/models/.DS_Store").write_text("a desktop's")
    with opened():
        assert content(tmp_path / "run") == {**before, "models/.DS_Store": b"a desktop's"}


def test_nothing_is_swept_from_a_foreign_folder(opened: Open, tmp_path: Path) -> None:
    """In a folder that is no run, hidden files are somebody's too."""
    (tmp_path / "run/models/.cache").mkdir(parents=True)
    (tmp_path / "run/models/.cache/weights").write_text("mine")
    (tmp_path / "run/.notes.tmp").write_text("mine")
    with pytest.raises(RunError, match=r"is no run directory and not empty \(it holds models\)"), opened():
        pass
    assert content(tmp_path / "run") == {"models/.cache/weights": b"mine", ".notes.tmp": b"mine"}


def test_an_empty_folder_is_taken(opened: Open, tmp_path: Path) -> None:
    """A folder may be there already, also with what a process left that died before the manifest."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.manifest.json.tmp").write_text('{"form')
    with opened() as run:
        assert not run.finished


def test_a_file_in_its_place_is_refused(opened: Open, tmp_path: Path) -> None:
    """A file can't be a run directory."""
    (tmp_path / "run").write_text("mine")
    with (
        pytest.raises(RunError, match=r"can't write the run directory .*run: File exists; choose"),
        opened(),
    ):
        pass


def test_a_process_that_died_before_the_model_was_saved(opened: Open, model: Model, tmp_path: Path) -> None:
    """A run whose starting model is missing yet gets it when it is taken up again."""
    with opened() as run:
        static = run.path / "models" / run.static
    for path in (*static.rglob("*.npy"), *static.glob("*.*"), static / "DIGEST"):
        path.unlink(missing_ok=True)
    (static / "arrays").rmdir()
    static.rmdir()
    with opened():
        assert model_digest(model) == model_digest(load_model(static))


@pytest.mark.parametrize("damage", ["", "{", "[]", "7", '{"format": 1}', '{"format": 1, "identity": 3}', "\udcff"])
def test_a_damaged_manifest_is_named(opened: Open, tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with the file, the message names it."""
    with opened():
        pass
    (tmp_path / "run/manifest.json").write_bytes(damage.encode(errors="surrogateescape"))
    with pytest.raises(RunError, match=r"the run's manifest .*manifest\.json is damaged"), opened():
        pass


def test_an_unknown_kind_of_arm_is_damage(opened: Open, tmp_path: Path) -> None:
    """An arm that this version can't read is a sentence, not a traceback."""
    with opened() as run:
        arms = {"odd": {**run.manifest["arms"]["static"], "policy": {"kind": "oracle"}}}
        run.update(arms=arms)
    with pytest.raises(RunError, match=r"(?s)manifest\.json is damaged .*oracle"), opened():
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


POSITIONS = [
    Position(0, {0: 5, 2: 7}, 3, ((0, 2), (2, 6)), 1),
    Position(1, {0: 9, 2: 8}, -1, (), 4),
]


def test_positions_come_back(opened: Open) -> None:
    """Where each window ended is known after a restart; of two notes about a window the later one holds."""
    with opened() as run:
        run.note(Position(1, {0: 6, 2: 7}))
        for position in POSITIONS:
            run.note(position)
    with opened() as run:
        assert dict(enumerate(POSITIONS)) == run.positions


@pytest.mark.parametrize("kept", range(1, 12))
def test_a_torn_last_line_is_skipped_and_healed(opened: Open, tmp_path: Path, kept: int) -> None:
    """A line that a dying process didn't finish is no position, and doesn't spoil the next one."""
    with opened() as run:
        run.note(POSITIONS[0])
        run.note(POSITIONS[1])
    path = tmp_path / "run/positions.jsonl"
    first, second = path.read_text().splitlines(keepends=True)
    path.write_text(first + second[: len(second) * kept // 12])
    with opened() as run:
        assert run.positions == {0: POSITIONS[0]}
        run.note(POSITIONS[1])
    with opened() as run:
        assert dict(enumerate(POSITIONS)) == run.positions


def test_times_are_written_apart(opened: Open, tmp_path: Path) -> None:
    """When a window was done stands in timings.jsonl and nowhere else."""
    with opened() as run:
        before = content(run.path)
        run.time(3)
        after = content(run.path)
    assert {"timings.jsonl"} == after.keys() - before.keys()
    assert before == {name: after[name] for name in before}
    assert json.loads(after["timings.jsonl"])["window"] == 3


def test_truth_is_kept_beside_the_run(opened: Open, tmp_path: Path) -> None:
    """The planted drift is copied, whole."""
    truth = {"format": 1, "records": 9, "drifts": [{"kind": "encoding", "shape": "abrupt", "start": 4, "end": 4}]}
    (tmp_path / "sidecar.json").write_text(json.dumps(truth))
    with opened() as run:
        run.keep_truth(tmp_path / "sidecar.json")
    assert truth == json.loads((tmp_path / "run/truth.json").read_text())


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"drifts": [{"start": 1}]}'])
def test_what_is_no_truth_is_refused(opened: Open, tmp_path: Path, text: str | None) -> None:
    """A sidecar that isn't there, or says something else, is refused by name."""
    if text is not None:
        (tmp_path / "sidecar.json").write_text(text)
    with opened() as run, pytest.raises(UsageError, match=r"sidecar\.json is no readable sidecar with planted drift"):
        run.keep_truth(tmp_path / "sidecar.json")
