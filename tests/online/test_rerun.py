"""A run over files, repeated from its own directory: arms of every kind, from anywhere, and when things are gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from contents import every_file

from analysis.rerun import Rerun, rerun
from analysis.rerun_command import rerun as command
from analysis.rerun_words import words
from online.experiment import read_experiment
from online.repeat import Found
from producer.dataset import Dataset
from producer.errors import ModelError, RunError, UsageError
from producer.label_plan import Lateness, plan_arrivals, write_label_file

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
RIVER = "river:learner=river(logistic-regression)"
ARMS = ("static", "dynamic", CLASSICAL, RIVER)
RELATIVE = {"model": Path("model"), "file": Path("stream.csv"), "training": (Path("training.csv"),)}


@pytest.fixture
def home(tiny_lines, tiny_file, tiny_model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, its training rows and a stream of 850 records with one change; temporary files, too."""
    lines = tiny_lines(850, seed=3, flip_from=400)
    lines[37] = b"one,2.0,word,attack"
    tiny_file(tmp_path / "home/stream.csv", lines)
    tiny_file(tmp_path / "home/training.csv", tiny_lines(300, seed=0))
    tiny_model(tmp_path / "home/model")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def duel(run_asked, home: Path) -> Callable[..., Path]:
    """A duel in windows of 100, into `home/run`; relative paths, as typed."""

    def call(**options) -> Path:
        run_asked(run=home / "run", **(RELATIVE | {"window": 100, "arms": ARMS, "seed": 5} | options))
        return home / "run"

    return call


def test_a_pipe_in_a_run_is_refused(duel: Callable[..., Path]) -> None:
    """Reading it might never end; in a process of its own, which can be ended if it does."""
    run = duel(arms=("static",))
    (run / "truth.json").unlink(missing_ok=True)
    os.mkfifo(run / "truth.json")
    arguments = [sys.executable, "-P", "-m", "driftduel", "rerun", str(run)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=100)
    assert (1, "") == (done.returncode, done.stdout)
    assert "truth.json is a pipe, a socket or a device" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def leftovers(home: Path) -> list[str]:
    """What lies among the temporary files."""
    return [path.name for path in home.with_name("temporary").iterdir()]


def told(*arguments: object) -> Result:
    """What the command prints, on stdout alone."""
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


def test_a_run_comes_out_the_same_from_any_folder(
    duel: Callable[..., Path], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arms of every kind, started elsewhere; nothing in the run changes, and no repeat is left."""
    run = duel(primary=("dynamic",), label_delay=150, label_share=0.6)
    before = every_file(run)
    monkeypatch.chdir(tmp_path)
    done = rerun(run)
    assert (True, None, {}) == (done.same, done.kept, done.versions)
    assert (9, 850) == (done.found.windows, done.found.numbers)
    assert before == every_file(run)
    assert [] == leftovers(home)


def test_a_kept_repeat_is_the_run_itself(duel: Callable[..., Path], home: Path) -> None:
    """With --out it stays, byte for byte but for times, truth included."""
    (home / "truth.json").write_text('{"format": 1, "drifts": []}')
    run = duel(truth=Path("truth.json"))
    done = rerun(run, out=home / "deep/again")
    assert (True, home / "deep/again") == (done.same, done.kept)
    then, now = every_file(run), every_file(home / "deep/again")
    assert {"timings.jsonl"} == {name for name in {*then, *now} if then.get(name) != now.get(name)}


def test_arms_that_were_added_later_are_repeated_with_the_others(duel: Callable[..., Path]) -> None:
    """The repeat asks for all at once: other segments, but the same windows."""
    duel(arms=("static", "dynamic"), primary=("dynamic",))
    run = duel(arms=(CLASSICAL,))
    assert ("dynamic",) == read_experiment(run / "experiment.toml").primary
    assert rerun(run).same


def test_an_unfinished_run_is_repeated_as_far_as_it_goes(duel: Callable[..., Path]) -> None:
    """And no further; the words say so."""
    run = duel(max_windows=6)
    done = rerun(run)
    assert (True, False, 6) == (done.same, done.finished, done.found.windows)
    assert words(done)[0].endswith("It isn't finished: its first 6 windows were repeated.")


def test_experiment_toml_holds_from_any_folder(duel: Callable[..., Path], home: Path) -> None:
    """Its paths are whole, however they were typed."""
    asked = read_experiment(duel(max_windows=1) / "experiment.toml")
    assert (home / "model", (home / "training.csv",)) == (asked.model, asked.training)
    assert home / "stream.csv" == asked.streams[0].file


@pytest.mark.parametrize("loss", ["gone", "another"])
def test_without_the_original_model_the_runs_own_serves(
    duel: Callable[..., Path], home: Path, tiny_lines, loss: str
) -> None:
    """The run keeps the model that it began with."""
    run = duel()
    shutil.rmtree(home / "model")
    if loss == "another":
        other = next(path for path in (run / "models").glob("*/model.json") if "trained_on" in path.read_text())
        shutil.copytree(other.parent, home / "model")
    assert rerun(run).same


def test_a_stream_that_moved_is_found_where_it_is_now(duel: Callable[..., Path], home: Path) -> None:
    """So are training files and labels."""
    run = duel()
    for name in ("stream.csv", "training.csv"):
        (home / name).rename(home / f"moved-{name}")
    assert rerun(run, found=Found(file=Path("moved-stream.csv"), training=(Path("moved-training.csv"),))).same


def test_labels_from_a_file_are_read_again(duel: Callable[..., Path], home: Path, tiny: Dataset) -> None:
    """Where they lie now; other labels are refused."""
    labels = home / "labels.csv"
    write_label_file(
        plan_arrivals(home / "stream.csv", tiny, Lateness(delay=40, jitter=150, share=0.8, seed=3)), labels
    )
    run = duel(labels_file=Path("labels.csv"), label_horizon=100)
    labels.rename(home / "moved.csv")
    assert rerun(run, found=Found(labels_file=Path("moved.csv"))).same
    lines = (home / "moved.csv").read_text().splitlines(keepends=True)
    labels.write_text("".join(lines[:-1]))
    with pytest.raises(
        RunError, match=r"its labels\.digest was .* Name the file of its labels, as it was .* --labels-fi"
    ):
        rerun(run)


def lose(*names: str) -> Callable[[Path, Path], object]:
    return lambda home, run: [(home / name).unlink() for name in names]


def grow(name: str) -> Callable[[Path, Path], object]:
    return lambda home, run: (home / name).write_text((home / name).read_text() + "1,2.5,w,benign\n")


def spoil(name: str, old: str, new: str) -> Callable[[Path, Path], object]:
    return lambda home, run: (run / name).write_text((run / name).read_text().replace(old, new))


def tear(home: Path, run: Path) -> None:
    path = run / "segments/000004.arrow"
    path.write_bytes(path.read_bytes()[:-300])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lose("stream.csv"), r"stream\.csv, which it read, isn't there; name where it lies now with --file"),
        (lose("training.csv"), r"training\.csv, which it read, isn't there; .* with --training"),
        (grow("stream.csv"), r"its source\.file was '.*, and is '.* now\. Name the stream's file, as it was then"),
        (grow("training.csv"), r"its training was '.* now\. Name the files that the starting model was trained on"),
        (
            spoil("experiment.toml", "window = 100", "window = 50"),
            "its window was 100, and is 50 now. Its experiment.t",
        ),
        (spoil("experiment.toml", "seeds", "seds"), r"doesn't say what was asked: .* \(did you mean 'seeds'"),
        (lambda home, run: (run / "experiment.toml").unlink(), r"doesn't say what was asked: .* can't be read"),
        (lambda home, run: (run / "manifest.json").unlink(), r"is no run directory: it has no manifest\.json"),
        (lambda home, run: shutil.rmtree(run / "segments"), "holds no window yet that could be repeated"),
        (tear, r"segments/000004\.arrow is damaged"),
    ],
)
def test_what_is_gone_or_changed_is_named(
    duel: Callable[..., Path], home: Path, change: Callable[[Path, Path], object], message: str
) -> None:
    """One sentence, and nothing is left behind."""
    run = duel()
    change(home, run)
    with pytest.raises(RunError, match=message):
        rerun(run, out=home / "again")
    assert not (home / "again").exists()
    with pytest.raises(RunError, match=message):
        rerun(run)
    assert [] == leftovers(home)


def test_a_model_that_is_nowhere_whole_is_named(duel: Callable[..., Path], home: Path) -> None:
    """Without the original, the run's own copy must be whole."""
    run = duel()
    shutil.rmtree(home / "model")
    static = json.loads((run / "manifest.json").read_text())["static"]
    (run / "models" / static / "model.json").write_text("{}")
    with pytest.raises(ModelError, match=static):
        rerun(run)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (Found(labels_file=Path("stream.csv")), "read no labels from a file; leave out --labels-file"),
        (Found(file=Path("nowhere.csv")), "nowhere.csv, which it read, isn't there"),
    ],
)
def test_places_that_cannot_be_meant_are_refused(duel: Callable[..., Path], found: Found, message: str) -> None:
    """A place is for something that the run read."""
    run = duel()
    with pytest.raises((UsageError, RunError), match=message):
        rerun(run, found=found)


@pytest.mark.parametrize("name", ["run", "stream.csv"])
def test_the_repeat_is_a_run_of_its_own(duel: Callable[..., Path], home: Path, name: str) -> None:
    """A directory that holds something could hold what is to be found again; nothing in it is touched."""
    run = duel(max_windows=2)
    before = every_file(home)
    with pytest.raises(UsageError, match=r"--out .* is there already; name a directory that isn't"):
        rerun(run, out=home / name)
    assert before == every_file(home)


def test_the_command_says_what_differs_and_keeps_the_repeat(duel: Callable[..., Path], home: Path) -> None:
    """Exit code 1; where, how much, which versions differ, and where the repeat is."""
    run = duel(arms=("static", "dynamic"))
    spoil("manifest.json", '"numpy": "', '"numpy": "0.')(home, run)
    spoil("windows.csv", "\n4,dynamic,400,499,100,100,", "\n4,dynamic,400,499,100,99,")(home, run)
    result = told(run)
    assert 1 == result.exit_code
    lines = result.stdout.splitlines()
    assert f"{run} did NOT come out the same. The first difference is in window 4, arm 'dynamic'." == lines[0]
    assert "- windows.csv of 'dynamic': 1 row, first in window 4: labelled '99' then, '100' now" == lines[1]
    assert lines[2].startswith("Versions: numpy 0.")
    assert lines[3].startswith("The ledger repeats; only what is exported from it differs.")
    (kept,) = leftovers(home)
    assert lines[4] == f"repeat: {home.with_name('temporary') / kept}"
    assert (home.with_name("temporary") / kept / "windows.csv").is_file()


def test_json_says_it_in_values(duel: Callable[..., Path], home: Path) -> None:
    """The same in values, for scripts; exit code 0 where it came out the same."""
    run = duel(max_windows=3)
    result = told(run, "--json")
    found = json.loads(result.stdout)
    assert (0, True, False, 3, [], None) == (
        result.exit_code,
        *(found[key] for key in ("same", "finished", "windows", "differences", "repeat")),
    )
    (run / "windows.csv").write_text((run / "windows.csv").read_text() + "0,strange\n")
    again = told(run, "--json", "--out", "again")
    (difference,) = json.loads(again.stdout)["differences"]
    assert (1, "again") == (again.exit_code, json.loads(again.stdout)["repeat"])
    assert {"what": "windows.csv", "window": 0, "arm": "strange", "was": "a row of its own", "now": "none"} == {
        key: difference[key] for key in ("what", "window", "arm", "was", "now")
    }


def test_many_differences_are_cut(duel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen are named; for all there is --json. Without other versions, the words say what it may be."""
    run = duel(max_windows=2)
    monkeypatch.setattr("analysis.rerun_words.SHOWN", 1)
    for model in (run / "models").iterdir():
        (model / "more").write_text("")
    spoil("manifest.json", '"threshold": 0.5', '"threshold": 0.4')(run, run)
    done: Rerun = rerun(run)
    said = words(done)
    assert "- and 2 more; --json names all" in said
    assert "The versions are the same, so the run was changed afterwards, or was made on another machine." in said


@pytest.mark.spark
def test_arms_that_fit_with_spark_come_out_the_same(duel: Callable[..., Path]) -> None:
    """Spark's fits repeat, too."""
    assert rerun(duel(arms=("static", "always:policy=always,learner=spark,gate=none"), max_windows=3)).same
