"""The run directory: what it says it is, and taking it up again, also after a process died."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from contents import every_file

from online.arms import DYNAMIC, STATIC, Arm, parse_arm
from online.run import Run, read_contract, read_manifest
from online.windows import Position
from producer.dataset import Dataset
from producer.errors import ContractError, RunError
from static_model.artifact import Model, load_model, model_digest

Open = Callable[..., AbstractContextManager[Run]]
CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.81,train=last-1,gate=none"


def test_a_new_run_says_what_it_is(opened: Open, tiny_start: Model, tiny: Dataset, tmp_path: Path) -> None:
    """Manifest, experiment and starting model are there as soon as the run is open."""
    digest = model_digest(tiny_start)
    with opened() as run:
        manifest = read_manifest(run.path)
        assert not run.finished
    identity = {"source": {"file": "abc"}, "contract": tiny.fingerprint, "model": digest, "window": 1000, "seed": 0}
    identity |= {"label_delay": 0, "label_share": 1.0}
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
    before = every_file(tmp_path / "run")
    with opened() as run:
        assert run.finished
        assert run.manifest["ends"] == {"0": 7}
        assert run.arms == (STATIC, DYNAMIC)
    assert before == every_file(tmp_path / "run")


def test_new_arms_join_the_ones_that_are_there(opened: Open) -> None:
    """Asking for another arm keeps the others, in the order in which they came."""
    with opened(arms=(STATIC, DYNAMIC)):
        pass
    with opened(arms=(STATIC, parse_arm(CLASSICAL))) as run:
        assert [arm.name for arm in run.arms] == ["static", "dynamic", "classical"]


def test_what_a_dying_process_left_is_swept_away(opened: Open, tmp_path: Path) -> None:
    """Files and models that were never renamed into place go when the run is taken up again; all else stays."""
    with opened() as run:
        before = every_file(run.path)
    (tmp_path / "run/segments").mkdir()
    (tmp_path / "run/models/.abc.tmp1").mkdir()
    for name in (".windows.csv.tmp", "segments/.000000.arrow.tmp", "models/.abc.tmp1/model.json"):
        (tmp_path / "run" / name).write_text("half a")
    (tmp_path / "run/models/.DS_Store").write_text("a desktop's")
    with opened():
        assert every_file(tmp_path / "run") == {**before, "models/.DS_Store": b"a desktop's"}


def test_an_empty_folder_is_taken(opened: Open, tmp_path: Path) -> None:
    """A folder may be there already, also with what a process left that died before the manifest."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.manifest.json.tmp").write_text('{"form')
    with opened() as run:
        assert not run.finished


def test_a_process_that_died_before_the_model_was_saved(opened: Open, tiny_start: Model, tmp_path: Path) -> None:
    """A run whose starting model is missing yet gets it when it is taken up again."""
    with opened() as run:
        static = run.path / "models" / run.static
    for path in (*static.rglob("*.npy"), *static.glob("*.*"), static / "DIGEST"):
        path.unlink(missing_ok=True)
    (static / "arrays").rmdir()
    static.rmdir()
    with opened():
        assert model_digest(tiny_start) == model_digest(load_model(static))


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
        before = every_file(run.path)
        run.time(3)
        after = every_file(run.path)
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
    with opened() as run, pytest.raises(ContractError, match=r"sidecar\.json (holds no planted truth|can't be read)"):
        run.keep_truth(tmp_path / "sidecar.json")


def test_a_run_that_was_deleted_under_the_hands_of_its_process_says_so(opened: Open, tmp_path: Path) -> None:
    """Half of it would be written anew, and be taken for a whole run."""
    with pytest.raises(RunError, match=r"was deleted or replaced while it was worked on"), opened():
        shutil.rmtree(tmp_path / "run")
