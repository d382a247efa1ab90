"""A run killed at any step of its writing, also in the middle of a write, and taken up again: the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from contents import content

from online.learners.batch import ScikitLearn

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
Duel = Callable[[Path], object]


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Duel:
    """Runs a duel over 1,150 records with one change, in twelve windows, into a run directory."""
    monkeypatch.setattr("online.duel.frozen", nullcontext)  # collecting garbage would be most of what resuming costs
    model = tiny_model(tmp_path / "model")
    lines = tiny_lines(1150, seed=3, flip_from=500)
    lines[37], lines[799] = b"one,2.0,word,attack", b"1,2.0"
    file = tiny_file(tmp_path / "stream.csv", lines)

    def call(run: Path) -> object:
        return run_asked(run=run, model=model, file=file, window=100, arms=("static", "dynamic", CLASSICAL), seed=5)

    return call


def test_killed_before_any_step_or_in_the_midst_of_it_a_run_ends_in_the_same_bytes(
    duel: Duel, deaths_in: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve windows with promotions: whatever a death leaves, the same command finishes the undisturbed run.

    Nothing that stands under its own name is ever half a file, and each file of the run was among the steps.
    """
    deaths = deaths_in(tmp_path / "run", tmp_path / "kept")
    with deaths.watched():
        duel(tmp_path / "run")
    whole = content(tmp_path / "run")
    assert whole["events.jsonl"].count(b'"promoted"') >= 3
    written = {Path(step.split()[1]).name.removeprefix(".").removesuffix(".tmp") for step in deaths.steps}
    assert {Path(name).name for name in whole} <= written
    assert len(deaths.left) > 100
    fits, fit = [], ScikitLearn.fit
    monkeypatch.setattr(ScikitLearn, "fit", lambda *given, **options: fits.append(1) or fit(*given, **options))
    models = len(list((tmp_path / "run/models").iterdir()))
    for left in deaths.left:
        missing = models - max(1, len(list(left.glob("models/[0-9a-f]*"))))  # the starting model isn't trained
        fits.clear()
        for name, found in content(left).items():
            if "/." not in name and name.startswith(("segments/", "models/")):
                assert whole[name] == found, f"half a file at {left.name}"
        duel(left)
        assert whole == content(left), f"killed at {left.name}"
        assert missing == len(fits), "what is in models/ is never trained again, and the rest once"
