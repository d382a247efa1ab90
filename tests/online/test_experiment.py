"""experiment.toml: what may stand in it, what is meant by what doesn't, and what is refused with the nearest word."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from online.arms import DYNAMIC, STATIC
from online.experiment import Drawn, Experiment, read_experiment
from producer.errors import UsageError
from producer.injection import Injection

SMALL: dict[str, Any] = {"model": "model", "stream": [{"name": "a", "file": "a.csv"}]}


def read(content: dict[str, Any], folder: Path) -> Experiment:
    """The experiment of these values."""
    path = folder / "experiment.toml"
    path.write_text(tomli_w.dumps(content))
    return read_experiment(path)


def changed(**values: Any) -> dict[str, Any]:
    """The small experiment with other values."""
    return {**SMALL, **values}


def test_little_needs_to_be_said(tmp_path: Path) -> None:
    """A model and a stream are an experiment: static against dynamic, one seed, baselines for each arm."""
    found = read(SMALL, tmp_path)
    assert (found.arms, found.seeds, found.window) == ((STATIC, DYNAMIC), (0,), 1000)
    assert not found.baselines.skip
    assert found.streams[0].file == Path("a.csv")


def test_arms_may_be_words_or_tables(tmp_path: Path) -> None:
    """A component is a table with its kind, or words; a table that names an arm alone is that preset."""
    tables = [
        {"name": "dynamic"},
        {"name": "weekly", "policy": "periodic(7)", "training_sets": "last-20+cumulative", "gate": "none"},
        {
            "name": "classical",
            "policy": {"kind": "threshold", "below": 0.8},
            "training_sets": [{"kind": "last", "windows": 1}],
        },
    ]
    static, dynamic, weekly, classical = read(changed(arm=tables), tmp_path).arms
    assert (static, dynamic) == (STATIC, DYNAMIC)
    assert [chosen.title for chosen in weekly.training_sets] == ["last 20", "cumulative"]
    assert classical.plain()["policy"]["below"] == 0.8


def test_a_drift_has_its_place_or_one_drawn_by_seed(tmp_path: Path) -> None:
    """The same seed draws the same place, within the region."""
    drift = ["label-swap@4000", {"kind": "scaling", "region": [0.2, 0.4], "width": 100, "factor": 3.0}]
    (stream,) = read(changed(stream=[{"name": "a", "file": "a.csv", "drift": drift}]), tmp_path).streams
    fixed, drawn = stream.drifts
    assert fixed == Injection(kind="label-swap", at=4000)
    assert isinstance(drawn, Drawn)
    places = [drawn.placed(10_000, seed=seed) for seed in range(50)]
    assert places == [drawn.placed(10_000, seed=seed) for seed in range(50)]
    assert all(2000 <= place.at < 4000 and place.end == place.at + 100 and place.factor == 3.0 for place in places)
    assert len({place.at for place in places}) > 30


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed(seds=[1]), r"there is no 'seds' here \(did you mean 'seeds'\?\); known are"),
        (
            changed(stream=[{"name": "a", "fle": "a.csv"}]),
            r"stream.0: there is no 'fle' here \(did you mean 'file'\?\)",
        ),
        (changed(stream=[]), "stream: Tuple should have at least 1 item"),
        (changed(stream=[{"name": "a"}]), "the stream 'a' has neither a file nor a topic; name one"),
        (changed(stream=[SMALL["stream"][0]] * 2), "two streams are called 'a'; each needs a name of its own"),
        (changed(seeds=[1, 1]), "two seeds are called '1'; each needs a name of its own"),
        (changed(label_delay=10**20), "label_delay: Input should be less than or equal to 1000000000"),
        (
            changed(arm=[{"name": "a", "policy": "always", "training_sets": "last-1+last(1)"}]),
            "arm a: train: a training set is named twice, which would charge two equal fits; name each once",
        ),
        (
            changed(stream=[{"name": "a", "file": "a.csv", "drift": [{"kind": "scaling", "at": 5, "period": 10**20}]}]),
            "period: Input should be less than or equal to 1000000000000",
        ),
        (changed(seeds=[-1]), "seeds.0: Input should be greater than or equal to 0"),
        (
            changed(arm=[{"name": "a", "policy": "perodic(5)"}]),
            r"arm a: .*no policy 'perodic' \(did you mean 'periodic'\?\)",
        ),
        (changed(arm=[{"name": "a", "polcy": "always"}]), r"arm a: an arm has no 'polcy' \(did you mean 'policy'\?\)"),
        (changed(arm=[{"name": "a"}, {"name": "a"}]), "two arms are called 'a'; each arm needs a name of its own"),
        (changed(primary=["dynamc"]), r"primary: no arm 'dynamc' \(did you mean 'dynamic'\?\)"),
        (changed(baselines={"evry": 2}), r"there is no 'evry' here \(did you mean 'every'\?\)"),
        (changed(baselines={"training_sets": ["lst-5"]}), r"no training set 'lst' \(did you mean 'last'\?\)"),
        (
            changed(stream=[{"name": "a", "file": "a.csv", "drift": [{"kind": "scalin"}]}]),
            r"drift: no kind 'scalin' \(did you mean 'scaling'\?\)",
        ),
        (
            changed(baselines={"training_sets": ["since-change"]}),
            "baselines: a baseline dates no change to train from: 'since-change' can't be its training set",
        ),
        (
            changed(stream=[{"name": "a", "file": "a.csv", "drift": [{"kind": "scaling", "region": [0.4, math.nan]}]}]),
            r"region.*Input should be a finite number",
        ),
        (
            changed(stream=[{"name": "a", "file": "a.csv", "drift": [{"kind": "scaling", "options": 5}]}]),
            "options: expected a table, found 5",
        ),
        (
            changed(stream=[{"name": "a", "topic": "t", "drift": ["label-swap@5"]}]),
            "the stream 'a' has no file that drift could be planted into",
        ),
        (
            changed(stream=[{"name": "a", "file": "a.csv", "truth": "t.json", "drift": ["label-swap@5"]}]),
            "the stream 'a' has a truth, and drift to plant",
        ),
    ],
)
def test_what_is_not_valid_is_named_with_what_is(content: dict[str, Any], message: str, tmp_path: Path) -> None:
    """The file, the place, and the nearest valid word; exit code 2."""
    with pytest.raises(UsageError, match=message) as caught:
        read(content, tmp_path)
    assert caught.value.exit_code == 2
    assert str(tmp_path / "experiment.toml") in str(caught.value)


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    """So is a file that isn't there."""
    (tmp_path / "bad.toml").write_text("model = ")
    with pytest.raises(UsageError, match=r"bad\.toml is no TOML: "):
        read_experiment(tmp_path / "bad.toml")
    with pytest.raises(UsageError, match=r"none\.toml can't be read: No such file"):
        read_experiment(tmp_path / "none.toml")
