"""The baselines of a run as a whole: which matrices are made, what each arm is set beside, and the three causes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from contents import every_file

from analysis.hindsight.beside import summarise_baselines
from analysis.runs import read_outcomes, read_run
from online.baselines.building import Ask
from online.baselines.causes import Causes
from online.baselines.computing import BY_RECORD, NO_ROWS, Beside, compute, read_baselines
from online.baselines.seal import seal
from online.interfaces import Rows
from online.learners.batch import ScikitLearn
from online.ledger import Ledger
from online.memo import Memo
from online.run import read_contract, read_manifest
from online.static_rows import read_static_rows
from online.training_sets.last import Last
from producer.errors import RunError
from static_model.artifact import load_model

ALWAYS = "always:policy=always,train=last-1,gate=none"
RIVER = "river:learner=river(logistic-regression,warm_up=false)"


def matrices(run: Path) -> set[str]:
    """The titles of the training sets that were computed, each with its number of models."""
    found = read_baselines(run)
    assert found is not None
    return {f"{matrix.facts['title']}: {len(matrix.fitted)}" for matrix in found.matrices.values()}


def test_each_arm_is_set_beside_its_own_or_the_nearest_training_set(duel) -> None:
    """One matrix for each training set and learner; what an oracle over it can't do is said."""
    run = duel("static", "dynamic", ALWAYS, RIVER, "old:policy=drift,train=since-change,gate=none,latency=1")
    compute(run, every=4)
    found = read_baselines(run)
    assert found is not None
    titles = {key: matrix.facts["title"] for key, matrix in found.matrices.items()}
    assert sorted(titles.values()) == ["last 1", "last 20"]
    assert (found.every, found.windows, sorted(found.arms)) == (4, 13, ["always", "dynamic", "old", "river"])
    beside = {
        arm: one if isinstance(one, str) else (titles[one.matrix], one.lag, one.beats[:-1])
        for arm, one in found.arms.items()
    }
    assert beside == {
        "always": ("last 1", 1, ()),
        "dynamic": ("last 20", 1, ("it trains on since-change", "its gate holds models back")),
        "old": ("last 20", 2, ("it trains on since-change",)),
        "river": BY_RECORD,
    }
    always = found.arms["always"]
    assert isinstance(always, Beside)
    assert always.beats == ("only every 4 windows a model was fitted for the oracle",)


def test_named_training_sets_are_computed_and_no_others(duel) -> None:
    """The sets asked for are computed; an arm is set beside its own if it's among them."""
    run = duel("static", "dynamic", ALWAYS)
    compute(run, training_sets=[Last(windows=3), Last(windows=1)], every=6)
    assert matrices(run) == {"last 3: 2", "last 1: 2"}
    compute(run, training_sets=[], every=6)
    assert matrices(run) == set()
    found = read_baselines(run)
    assert found is not None
    assert found.arms["always"] == "no baseline was asked for"


def test_computing_leaves_the_run_as_it_is(duel) -> None:
    """Tables, ledger and manifest don't change, nothing temporary is left, and a second call changes nothing."""
    run = duel("static", "dynamic")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    compute(run, every=6)
    assert {path: path.read_bytes() for path in before} == before
    made = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert not [path.name for path in made.keys() - before.keys() if path.name.startswith(".")]
    compute(run, every=6)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == made


def test_nothing_is_read_where_nothing_was_computed(duel) -> None:
    """A run without baselines has none."""
    assert read_baselines(duel("static")) is None


def test_damaged_baselines_are_refused(duel) -> None:
    """The message says what to delete."""
    run = duel("static", "dynamic")
    compute(run, every=6)
    file = run / "baselines" / "baselines.json"
    sound = file.read_text("utf-8")

    def replaced(text: str) -> None:
        file.write_text(text)
        seal(file.parent)

    replaced(sound.replace('"lag": 1', '"lag": -5'))
    with pytest.raises(RunError, match=r"are damaged \(.*lag: Input should be greater than or equal to 1"):
        read_baselines(run)
    replaced(sound.replace('"matrix": "', '"matrix": "../'))
    with pytest.raises(RunError, match=r"are damaged \(no matrix \.\./"):
        read_baselines(run)
    replaced('{"format": 2}')
    with pytest.raises(RunError, match=r"its format is 2, this driftduel reads 1.*delete .*compute them again"):
        read_baselines(run)


def test_any_file_that_is_not_what_was_computed_is_named(duel) -> None:
    """Bits are plausible whatever they are: each flipped, cut, lost or added file is found, and none is computed on."""
    run = duel("static", "dynamic")
    compute(run, every=6)
    folder = run / "baselines"
    assert read_baselines(run) is not None
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        sound = file.read_bytes()
        for damaged in (sound[:-1] + bytes([sound[-1] ^ 1]), sound[: len(sound) // 2], None):
            file.unlink() if damaged is None else file.write_bytes(damaged)
            with pytest.raises(RunError, match=r"are damaged \(.*delete .*baselines, and compute them again"):
                read_baselines(run)
            if (folder / "DIGEST").exists():
                with pytest.raises(RunError, match=r"delete .*baselines, and compute them again"):
                    compute(run, every=6)
        file.write_bytes(sound)
    (folder / "more.npy").write_bytes(b"")
    with pytest.raises(RunError, match=r"DIGEST doesn't agree with 'more\.npy'"):
        read_baselines(run)


def test_an_interruption_before_the_seal_is_taken_up(duel) -> None:
    """Computing again ends in the same bytes; until then the reader is told what happened."""
    run = duel("static", "dynamic")
    compute(run, every=6)
    made = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    (run / "baselines" / "DIGEST").unlink()
    with pytest.raises(RunError, match="DIGEST is missing: computing them was interrupted, or it is lost"):
        read_baselines(run)
    compute(run, every=6)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == made


def test_a_run_in_use_is_left_alone(duel) -> None:
    """Another process that works on the run is not disturbed."""
    run = duel("static", "dynamic")
    with (run / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process is working on the run"):
            compute(run)


@pytest.fixture
def training(tiny_lines, tiny_file, tmp_path: Path) -> Path:
    """A training file of 500 records."""
    return tiny_file(tmp_path / "training.csv", tiny_lines(500, seed=0))


def test_without_the_training_file_the_causes_are_not_known(duel) -> None:
    """What is missing is said."""
    run = duel("static", "dynamic")
    compute(run, training_sets=[])
    found = read_baselines(run)
    assert found is not None
    assert found.causes == {"dynamic": NO_ROWS}


def test_causes_are_controls_along_the_arms_path(duel, training: Path) -> None:
    """The controls are the learner's fits on all static rows and on as many as the arm's model in each window."""
    run = duel("static", "third:policy=periodic(3),train=last-2,gate=none")
    compute(run, training_sets=[], training=[training])
    found = read_baselines(run)
    assert found is not None
    causes = found.causes["third"]
    assert isinstance(causes, Causes)
    assert (causes.windows, causes.left_out) == (tuple(range(3, 13)), ())
    start = load_model(run / "models" / read_manifest(run)["static"])
    static_rows = read_static_rows([training], read_contract(run), start.steps, model=run)
    ledger = Ledger(run / "segments", start.dataset)
    memo = Memo(ledger, run / "models", static=read_manifest(run)["static"], seed=5, static_rows=static_rows)
    sizes = [200] * 6 + [199] * 3 + [200]  # window 7 holds a dead letter
    for place, window in enumerate(causes.windows):
        memo.open(ledger.read(window).window)
        for control, static in (("all", "all"), ("same", sizes[place])):
            fit = memo.fit(ScikitLearn(), Rows(None, static=static), minimum=2)
            assert np.array_equal(causes.wrong[control][place], memo.losses(fit.model, window) > 0)


def test_where_the_arm_is_static_nothing_has_a_cause(duel, training: Path) -> None:
    """An arm that never promoted anything has no windows to compare."""
    run = duel("static", "lazy:policy=periodic(100),train=last-2,gate=none")
    compute(run, training_sets=[], training=[training])
    found = read_baselines(run)
    assert found is not None
    causes = found.causes["lazy"]
    assert isinstance(causes, Causes)
    assert (causes.windows, causes.left_out, causes.wrong) == ((), (), {"all": [], "same": []})


def test_a_control_that_cannot_be_fitted_is_left_out(duel, tiny_file, tiny_lines, tmp_path: Path) -> None:
    """Static rows of one class make no control: the windows are left out, and the reason is kept."""
    lines = [line for line in tiny_lines(300, seed=0) if line.endswith(b"attack")]
    run = duel("static", ALWAYS)
    compute(run, training_sets=[], training=[tiny_file(tmp_path / "one.csv", lines)])
    found = read_baselines(run)
    assert found is not None
    causes = found.causes["always"]
    assert isinstance(causes, Causes)
    assert (causes.windows, causes.left_out) == ((), tuple(range(1, 13)))
    assert any("are of class 1" in reason for reason in causes.reasons)


def test_asks_are_told_apart_by_what_is_fitted() -> None:
    """Another training set, learner or thinning is another matrix."""
    asks = [
        Ask(Last(windows=1), ScikitLearn()),
        Ask(Last(windows=2), ScikitLearn()),
        Ask(Last(windows=1), ScikitLearn(), every=2),
        Ask(Last(windows=1), ScikitLearn(refit_features=True)),
    ]
    assert len({json.dumps(ask.plain()) for ask in asks}) == 4


def test_the_report_reads_them_without_learners_or_sources(
    duel, training: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was computed is summarised from the run directory alone, as JSON; `never` there is the static arm."""
    run = duel("static", "dynamic", ALWAYS)
    compute(run, training=[training])
    monkeypatch.setattr(ScikitLearn, "fit", None)
    (run.parent / "stream.csv").unlink()
    found = read_baselines(run)
    assert found is not None
    report = read_run(run)
    summary = summarise_baselines(report, read_outcomes(report), found)
    assert json.dumps(summary, allow_nan=False)
    errors = report.windows.groupby("arm")[["fp", "fn"]].sum().sum(axis=1)
    assert {table["paths"]["never"]["errors"] for table in summary["tables"].values()} == {errors["static"]}
    assert summary["tables"]["last 1"]["paths"]["always"]["errors"] == errors["always"]
    assert summary["arms"]["always"]["random"]["percentile"] == 50.0  # it is the only schedule of that many retrains
    assert summary["causes"]["always"]["freshness"]["low"] > 0


def die_at(run: Path, training: Path, step: int) -> bool:
    """Compute in a child that vanishes at its n-th write, rename or folder; whether it got that far."""
    child = os.fork()
    if child == 0:
        steps = 0

        def hook(event: str, arguments: tuple) -> None:
            nonlocal steps
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if (writes or event in {"os.rename", "os.mkdir"}) and str(run) in str(arguments[0]):
                steps += 1
                if steps == step:
                    os._exit(9)

        sys.addaudithook(hook)
        try:
            compute(run, training_sets=[Last(windows=1)], every=6, training=[training])
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_writes_and_computed_again_it_has_the_same_bytes(duel, training: Path, tmp_path: Path) -> None:
    """Wherever the process vanished, computing again ends in the undisturbed baselines, and nothing is left over."""
    run = duel("static", "rare:policy=periodic(6),train=last-1,gate=none")
    shutil.copytree(run, tmp_path / "before")
    compute(run, training_sets=[Last(windows=1)], every=6, training=[training])
    expected, step = every_file(run), -2
    while True:
        step += 3  # opens and renames alternate: both are met
        killed = tmp_path / "killed"
        shutil.rmtree(killed, ignore_errors=True)
        shutil.copytree(tmp_path / "before", killed)
        if not die_at(killed, training, step):
            break
        compute(killed, training_sets=[Last(windows=1)], every=6, training=[training])
        assert every_file(killed) == expected, f"killed at write {step}"
    assert step > 30


def test_what_a_dying_process_left_is_gone_when_the_run_is_opened_again(duel) -> None:
    """Features and half-written rows don't stay behind, whatever is done with the run next."""
    run = duel("static", "dynamic")
    folder = run / "baselines" / "0123456789ab"
    folder.mkdir(parents=True)
    for left in (folder.parent / ".features", folder / ".000003.npy.tmp"):
        left.write_bytes(b"half")
    duel("static", "dynamic")
    assert list(folder.parent.rglob("*")) == [folder]
