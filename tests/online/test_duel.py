"""The duel as a whole, over a file: resumed, extended, refused; killed anywhere it gives the same bytes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from contents import content

from online.duel import Books, DuelOutcome
from producer.errors import ContractError, ModelError, RunError, UsageError

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
ARMS = ("static", "dynamic", CLASSICAL)

Call = Callable[..., DuelOutcome]


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Call:
    """Runs the duel over 1,250 records with one change, in windows of 200, into the named run directory."""
    model = tiny_model(tmp_path / "model")
    lines = tiny_lines(1250, seed=3, flip_from=600)
    lines[37] = b"one,2.0,word,attack"
    lines[799] = b"1,2.0"
    file = tiny_file(tmp_path / "stream.csv", lines)

    def call(run: str, **options) -> DuelOutcome:
        asked = {"model": model, "file": file, "window": 200, "arms": ARMS, "seed": 5} | options
        return run_asked(run=tmp_path / run, **asked)

    return call


def test_the_books_balance(duel: Call) -> None:
    """Every number is scored or a dead letter, and the outcome says so."""
    outcome = duel("run")
    assert outcome.books == Books(numbers=1250, scored=1248, dead=2, set_aside=0, missing=0, doubles=0)
    assert (outcome.windows, outcome.finished) == (7, True)


def test_dead_letters_keep_bytes_reason_and_place(duel: Call, tmp_path: Path) -> None:
    """A bad line costs only itself; its bytes, its reason and where it stood are kept."""
    duel("run")
    letters = [json.loads(line) for line in (tmp_path / "run" / "dead_letters.jsonl").read_text().splitlines()]
    assert [(d["seq"], d["file"], d["partition"], d["offset"]) for d in letters] == [
        (37, "stream.csv", 0, 37),
        (799, "stream.csv", 0, 799),
    ]
    assert "'a': 'one' is not a whole number" in letters[0]["reason"]


def test_the_same_command_again_changes_nothing(duel: Call, tmp_path: Path) -> None:
    """Running a finished run again gives the same outcome and the same bytes."""
    first = duel("run")
    before = content(tmp_path / "run")
    assert duel("run") == first
    assert content(tmp_path / "run") == before


def test_two_runs_of_the_same_duel_have_the_same_bytes(duel: Call, tmp_path: Path) -> None:
    """Nothing in a run depends on time, order or place."""
    duel("one")
    duel("two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_another_seed_gives_other_models(duel: Call, tmp_path: Path) -> None:
    """The run's seed reaches the fits."""
    duel("one")
    duel("two", seed=6)
    models = [{path.name for path in (tmp_path / run / "models").iterdir()} for run in ("one", "two")]
    assert len(models[0] & models[1]) == 1  # the starting model


@pytest.mark.parametrize("cut", [1, 3, 6, 7])
def test_a_run_cut_short_and_continued_has_the_same_bytes(duel: Call, tmp_path: Path, cut: int) -> None:
    """Stopped by --max-windows and taken up again, the run is the undisturbed one."""
    duel("whole")
    assert duel("cut", max_windows=cut).windows == cut
    duel("cut")
    assert content(tmp_path / "cut") == content(tmp_path / "whole")


def test_a_limit_below_what_is_committed_changes_nothing(duel: Call, tmp_path: Path) -> None:
    """--max-windows on a finished run, also with a new arm, goes through all its windows and leaves it finished."""
    duel("whole")
    duel("again", arms=("static", "dynamic"))
    outcome = duel("again", max_windows=1)
    assert (outcome.windows, outcome.books.numbers, outcome.finished) == (7, 1250, True)
    assert content(tmp_path / "again")["windows.csv"] == content(tmp_path / "whole")["windows.csv"]


def test_an_arm_added_later_costs_nothing_old_and_equals_one_asked_for_at_once(duel: Call, tmp_path: Path) -> None:
    """A new arm appends segments, leaves the old ones as they are, and ends in the same tables."""
    duel("both")
    duel("later", arms=("static", "dynamic"))
    before = content(tmp_path / "later")
    duel("later", arms=(CLASSICAL,))
    after, both = content(tmp_path / "later"), content(tmp_path / "both")
    assert {name: after[name] for name in before if name.startswith(("segments", "models"))} == {
        name: before[name] for name in before if name.startswith(("segments", "models"))
    }
    for name in ("windows.csv", "events.jsonl", "dead_letters.jsonl", "manifest.json"):
        assert after[name] == both[name]


def die_at(call: Call, run: Path, step: int) -> bool:
    """Run the duel in a child that vanishes at its n-th write, rename or folder; whether it got that far."""
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
            call(run.name)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_arms_of_every_step_killed_and_resumed_have_the_same_bytes(duel: Call, tmp_path: Path) -> None:
    """An arm by record, one with a training under way and one on probation, killed at every ninth write."""
    river = "river:learner=river(logistic-regression,warm_up=false)"
    slow = "slow:policy=always,train=last-1,gate=probation(none,windows=1),latency=1"

    def call(run: str) -> DuelOutcome:
        return duel(run, arms=(river, slow))

    call("whole")
    expected = content(tmp_path / "whole")
    for step in range(1, 1000, 9):
        run = tmp_path / f"killed{step}"
        if not die_at(call, run, step):
            break
        call(run.name)
        assert content(run) == expected, f"killed at write {step}"
    assert step > 50


def test_a_model_of_the_run_that_was_damaged_is_refused(duel: Call, tmp_path: Path) -> None:
    """A bit flipped in a retrained model is found by its checksum, and the file is named."""
    duel("run", max_windows=5)
    fitted = next(p for p in (tmp_path / "run/models").iterdir() if b"scikit-learn" in (p / "model.json").read_bytes())
    array = next((fitted / "arrays").iterdir())
    array.write_bytes(array.read_bytes()[:-1] + b"\x7f")
    (tmp_path / "run" / "segments").rename(tmp_path / "gone")
    (tmp_path / "run" / "positions.jsonl").unlink()
    with pytest.raises(ModelError, match=array.name):
        duel("run")


def test_another_run_in_the_directory_is_refused(duel: Call) -> None:
    """A run directory takes no other duel, and the message says what differs."""
    duel("run", max_windows=1)
    with pytest.raises(RunError, match=r"holds another run: its window is 200, now asked for is 100"):
        duel("run", window=100)


def test_exactly_one_source_must_be_named(duel: Call) -> None:
    """Neither none nor both of topic and file."""
    with pytest.raises(UsageError, match="name either a topic or a file"):
        duel("run", topic="dns")


def test_a_file_of_another_contract_is_refused(duel: Call, tmp_path: Path) -> None:
    """A missing column is named."""
    (tmp_path / "other.csv").write_text("a,b,y\n1,2,attack\n")
    with pytest.raises(ContractError, match="missing 'word'"):
        duel("run", file=tmp_path / "other.csv")


def test_a_stream_without_a_single_record_is_refused(duel: Call, tmp_path: Path) -> None:
    """Where no line of the first window is a record, the first reason is told."""
    (tmp_path / "bad.csv").write_text("a,b,word,y\n" + "1,2.0,w,perhaps\n" * 10)
    with pytest.raises(ContractError, match=r"none of the first 10 messages of file bad.csv.*unknown label 'perhaps'"):
        duel("run", file=tmp_path / "bad.csv")


def test_the_truth_is_kept_and_changes_nothing_else(duel: Call, tmp_path: Path) -> None:
    """A sidecar lands in the run as truth.json; every other file stays the same."""
    sidecar = tmp_path / "stream.csv.truth.json"
    sidecar.write_text(json.dumps({"drifts": [{"kind": "flip", "shape": "abrupt", "start": 600, "end": 600}]}))
    duel("without")
    duel("with", truth=sidecar)
    found = content(tmp_path / "with")
    assert json.loads(found.pop("truth.json"))["drifts"][0]["start"] == 600
    assert found == content(tmp_path / "without")


def test_a_broken_truth_is_refused(duel: Call, tmp_path: Path) -> None:
    """A sidecar without drifts is no sidecar."""
    (tmp_path / "truth.json").write_text("{}")
    with pytest.raises(ContractError, match="holds no planted truth"):
        duel("run", truth=tmp_path / "truth.json")
