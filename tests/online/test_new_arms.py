"""New arms on an old run: as if they had been there from the start, and only what is new is fitted."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from contents import every_file

from online.learners.batch import ScikitLearn
from static_model.artifact import Model

SIZE = 100
ARMS = {
    "always": "policy=always,train=last-2,gate=none,latency=2",
    "periodic": "policy=periodic-3,train=cumulative+last-2,gate=crossfit",
    "random": "policy=random(0.4,seed=3),train=reservoir-80,gate=shadow",
    "probation": "policy=periodic-2,train=last-1,gate=probation(shadow,windows=2)",
    "ratio": "policy=threshold,below=0.9,train=last(3,ratio=1.2),gate=none",
    "control": "policy=periodic-4,train=static-90,gate=none",
    "static-last": "policy=periodic-4,train=static-last(2,static=90),gate=none",
    "budgeted": "policy=budgeted(drift(adwin),retrains=4),train=since-change+since-warning",
    "cost-aware": "policy=cost-aware(10),train=since-change+last-3",
    "features": "policy=drift(psi),train=last-2,gate=none",
    "river": "learner=river(hoeffding-adaptive-tree)",
}


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path):
    """Runs the duel over 1,250 records with one change, in windows of 100, into the named run."""
    model = tiny_model(tmp_path / "model")
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(1250, 3, 500))
    training = (tiny_file(tmp_path / "static.csv", tiny_lines(300, 0)),)

    def call(run: str, *arms: str, **options) -> Path:
        specs = [f"{name}:{ARMS[name]}" if name in ARMS else name for name in arms]
        asked = {"model": model, "file": file, "window": SIZE, "seed": 5, "training": training} | options
        run_asked(run=tmp_path / run, arms=specs, **asked)
        return tmp_path / run

    return call


def of_arm(run: Path, name: str) -> tuple[list[dict], list[dict]]:
    """One arm's rows and events."""
    with (run / "windows.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["arm"] == name]
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return rows, [event for event in events if event["arm"] == name]


@pytest.mark.parametrize("options", [{}, {"label_delay": 150, "label_share": 0.6}], ids=["at once", "late and few"])
def test_added_later_every_arm_does_what_it_would_have_done(duel, options) -> None:
    """All at once from the start, or one by one on a finished run: the same rows, events and models."""
    together = duel("together", "static", *ARMS, **options)
    for name in ("static", *ARMS):
        later = duel("later", name, **options)
    for name in ("windows.csv", "events.jsonl"):
        assert (later / name).read_bytes() == (together / name).read_bytes()
    assert every_file(later / "models") == every_file(together / "models")
    for name in ARMS:
        rows, events = of_arm(together, name)
        assert len(rows) == 13
        assert len({row["model"] for row in rows}) > 1 or name == "river" or not events, name


@pytest.mark.parametrize("cut", [1, 6, 9])
def test_stopped_and_taken_up_again_gives_the_same_bytes(duel, cut: int) -> None:
    """With challengers on trial, trainings under way and a former champion on probation."""
    outside = {"positions.jsonl", "timings.jsonl", ".lock"}
    whole = {name: text for name, text in every_file(duel("whole", *ARMS)).items() if name not in outside}
    duel("cut", *ARMS, max_windows=cut)
    assert whole == {name: text for name, text in every_file(duel("cut", *ARMS)).items() if name not in outside}


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of all fits that are made from now on."""
    made: list[int] = []
    fit = ScikitLearn.fit

    def counted(self, rows, *, like: Model, seed: int) -> Model:
        made.append(seed)
        return fit(self, rows, like=like, seed=seed)

    monkeypatch.setattr(ScikitLearn, "fit", counted)
    return made


def test_equal_fits_are_made_once(duel, fits: list[int]) -> None:
    """By arms that share them, in one call or in later ones."""
    run = duel("run", "one:policy=always,train=last-1,gate=none", "two:policy=periodic-2,train=last-1,gate=shadow")
    assert len(fits) == len(set(fits)) == 12
    duel("run", "three:policy=threshold,below=1,train=last-1,gate=probation")
    assert len(fits) == 12
    models = {event["model"] for name in ("one", "two", "three") for event in of_arm(run, name)[1]}
    assert len(models - {of_arm(run, "static")[0][0]["model"]}) == 12


def test_taken_up_again_nothing_is_fitted_or_scored(duel, fits: list[int], monkeypatch) -> None:
    """A finished run costs no fit and no prediction, whatever its arms."""
    arms = [name for name in ARMS if name not in ("periodic", "river")]  # folds are scored outside the ledger
    run = duel("run", *arms)
    before = every_file(run / "segments")
    fits.clear()
    scored: list[int] = []
    monkeypatch.setattr("static_model.scorer.Scorer.score", lambda self, rows: scored.append(len(rows)))
    duel("run", *arms)
    assert (fits, scored, every_file(run / "segments")) == ([], [], before)
