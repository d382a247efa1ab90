"""The run of an experiment, with dead letters, planted truth and baselines: whatever is damaged in it is named."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from analysis.experiment import run_experiment
from analysis.loaded import load_run
from online.experiment import Experiment
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Linear, Model, Numeric, save_model

DATASET = Dataset(
    name="tiny",
    label=Label(positive=("1",), negative=("0",)),
    columns=(Column(name="x", type="int"), Column(name="y", type="label")),
)
FITTED = {"reg_param": 0.01, "elastic_net_param": 0.0, "max_iter": 50}
REPORTED = {"figures", "summary.json", ".lock"}
"""What `report` writes anew, and the lock."""
EXACT = ("baselines", "models", "dead_letters.jsonl", "events.jsonl")
"""Where each flipped byte is named: a digest, or the segments, say what they hold."""


def records(count: int, *, swapped: int, broken: tuple[int, ...] = ()) -> str:
    """A file of records whose labels swap at one of them; some are no records."""
    generator = np.random.default_rng(count)
    x = generator.integers(-50, 50, size=count)
    y = (x > 0) ^ (np.arange(count) >= swapped) ^ (generator.random(count) < 0.05)
    lines = [f"{one},{int(label)}" for one, label in zip(x, y, strict=True)]
    for place in broken:
        lines[place] = "one,1"
    return "\n".join(["x,y", *lines, ""])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of one stream with one seed, all of it."""
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "static.csv").write_text(records(300, swapped=300))
    (folder / "stream.csv").write_text(records(800, swapped=400, broken=(37, 780)))
    drift = {"kind": "encoding", "shape": "abrupt", "start": 400, "end": 400}
    (folder / "truth.json").write_text(json.dumps({"format": 1, "records": 800, "drifts": [drift]}))
    save_model(Model(DATASET, (Numeric("x"),), Linear(np.array([1.0]), 0.0, FITTED), 0.5, 0, 0, {}), folder / "model")
    asked = {
        "model": folder / "model",
        "window": 100,
        "training": [folder / "static.csv"],
        "stream": [{"name": "a", "file": folder / "stream.csv", "truth": folder / "truth.json"}],
        "arm": [{"name": "periodic", "policy": "periodic(2)", "training_sets": "last-1", "gate": "none"}],
        "baselines": {"every": 3},
    }
    run_experiment(Experiment.model_validate(asked), folder / "out", pages=False)
    return folder / "out" / "runs" / "a" / "seed-0"


@pytest.fixture
def run(sound: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(sound, tmp_path / "run")


def kinds(run: Path) -> list[Path]:
    """One file of each kind that a report reads, by its place."""
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(run.rglob("*")):
        place = path.relative_to(run)
        if path.is_file() and place.parts[0] not in REPORTED:
            name = "" if place.parts[0] == "segments" else place.name
            found.setdefault((place.parts[0], name), place)
    return [place for place in found.values() if place.name != "timings.jsonl"]


def test_it_is_whole(run: Path) -> None:
    """What is damaged below is all there is to name; baselines, truth and dead letters are there."""
    loaded = load_run(run)
    assert loaded.missing == ()
    assert {"hindsight", "detectors"} <= set(loaded.summary)
    assert [one["seq"] for one in loaded.run.dead_letters] == [37, 780]
    assert len(kinds(run)) > 20


def test_what_is_missing_or_cut_is_named_and_the_rest_reported(run: Path) -> None:
    """Each file of the run: one sentence or more, a summary of the rest, and no error."""
    for place in kinds(run):
        content = (run / place).read_bytes()
        (run / place).unlink()
        loaded = load_run(run)
        # A run needn't have a truth: nothing says that there was one.
        assert loaded.missing or place.name == "truth.json", f"{place} is missing, and isn't named"
        assert list(loaded.missing) == loaded.summary["lost"]
        (run / place).write_bytes(content[: len(content) // 2])
        assert load_run(run).missing, f"{place} is cut, and isn't named"
        (run / place).write_bytes(content)


def test_a_flipped_byte_is_named_where_anything_says_what_was_there(run: Path) -> None:
    """In models, baselines and exports any; elsewhere there is a report, or one sentence."""
    chance = random.Random(7)
    for place in kinds(run):
        content = (run / place).read_bytes()
        for at in (chance.randrange(len(content) - 1) for _ in range(2)):
            flipped = bytearray(content)
            flipped[at] ^= 1 << chance.randrange(8)
            (run / place).write_bytes(flipped)
            missing = load_run(run).missing
            assert missing or place.parts[0] not in EXACT, f"byte {at} of {place} is flipped, and isn't named"
        (run / place).write_bytes(content)


@pytest.mark.parametrize(("was", "now"), [('"offset": 37', '"offset": 36'), ('"file"', '"fike"'), ("stream", "strean")])
def test_a_dead_letters_place_is_held_against_what_is_known(run: Path, was: str, now: str) -> None:
    """Positions and manifest say where it came from."""
    letters = run / "dead_letters.jsonl"
    letters.write_text(letters.read_text().replace(was, now, 1))
    assert [one[:21] for one in load_run(run).missing] == ["dead_letters.jsonl is"]


def test_without_positions_a_dead_letters_place_is_not_doubted(run: Path) -> None:
    """What isn't known contradicts nothing."""
    (run / "positions.jsonl").unlink()
    assert [one[:26] for one in load_run(run).missing] == ["positions.jsonl is missing"]


def test_a_lost_window_leaves_the_verdict_without_the_baselines(run: Path) -> None:
    """They are of all windows: what follows from them is left out and said so, and the rest stands."""
    (run / "segments" / "000003.arrow").unlink()
    summary = load_run(run).summary
    assert summary["hindsight"]["stale"] == (
        "The baselines are of 8 windows, the run reports 7 now; compute them again."
    )
    assert "periodic" in summary["verdicts"]


def test_positions_that_say_nothing_of_a_window_are_named(run: Path) -> None:
    """Each is written down before its window, so that none can lack."""
    positions = run / "positions.jsonl"
    positions.write_text("".join(positions.read_text().splitlines(keepends=True)[:-2]))
    assert load_run(run).missing[0].startswith("positions.jsonl says nothing of the windows 6, 7:")
