"""The guide to arms doesn't rot: what it shows as TOML, as words and as Python is read, and means the same."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from online.arms import make_arm, parse_arm
from online.experiment import Experiment, read_experiment
from online.interfaces import Outcome, Pool, Situation
from online.registry import FOLDERS, kinds

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "arms.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_an_arm_in_words_is_the_arm_in_toml() -> None:
    """The guide's two forms of one arm are equal."""
    (words,) = re.findall(r'--arm "(.*)"', GUIDE)
    table = tomllib.loads(blocks(GUIDE, "toml")[0])["arm"][0]
    assert make_arm(table, "the guide") == parse_arm(words)


@pytest.mark.parametrize("text", [t for t in blocks(GUIDE, "toml") + blocks(README, "toml") if "[[stream]]" in t])
def test_each_experiment_shown_is_one(text: str, tmp_path: Path) -> None:
    """What guide and README show as an experiment is read, with the static arm in front."""
    path = tmp_path / "experiment.toml"
    path.write_text(text)
    experiment = read_experiment(path)
    assert isinstance(experiment, Experiment)
    assert experiment.arms[0].name == "static"
    assert len(experiment.seeds) == 5


def test_the_policy_of_ones_own_works(tmp_path: Path) -> None:
    """The guide's class is a policy: it asks after every seventh window."""
    (code,) = blocks(GUIDE, "python")
    path = tmp_path / "weekly.py"
    path.write_text(code)
    spec = importlib.util.spec_from_file_location("weekly", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    policy = module.Weekly().begin(Pool(0, 0))
    nothing = np.zeros(1)
    asked = [
        window
        for window in range(21)
        if policy.step(Situation(Outcome(window, nothing.astype(np.int8), nothing, nothing, 0.5)))
    ]
    assert asked == [6, 13, 20]


@pytest.mark.parametrize("role", FOLDERS)
def test_the_guide_names_every_kind(role) -> None:
    """Each kind of ours stands in the guide or in README."""
    for kind in kinds(role):
        assert re.search(rf"\b{kind}\b", GUIDE + README), kind
