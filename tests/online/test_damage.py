"""What is damaged in a run is found by its checksum and named; what the message says to do mends it, byte for byte."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from contents import content

from producer.errors import DriftduelError

Damage = Callable[[bytes], bytes]


def cut(data: bytes) -> bytes:
    """The first half."""
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    """One bit is another, in the middle."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :]


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Callable[..., object]:
    """Runs a duel with retraining, in eight windows, into the run directory `run`, or the one that is named."""
    model = tiny_model(tmp_path / "model")
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(800, seed=3, flip_from=250))
    arms = ("static", "dynamic", "a:policy=always,train=last-2,gate=none")
    options = {"model": model, "file": file, "window": 100, "arms": arms, "seed": 5}
    return lambda run="run", **more: run_asked(run=tmp_path / run, **options, **more)


@pytest.mark.parametrize("damage", [cut, flip])
def test_a_damaged_segment_is_named_and_made_again(duel, tmp_path: Path, damage: Damage) -> None:
    """Nothing is changed before the user has deleted it; what stands before it is kept as it is."""
    duel("whole")
    duel(max_windows=6)
    segments = tmp_path / "run/segments"
    bad = segments / "000003.arrow"
    bad.write_bytes(damage(bad.read_bytes()))
    before = content(segments)
    with pytest.raises(DriftduelError, match=r"000003\.arrow is damaged .* Delete it and all later segments, and run"):
        duel()
    assert content(segments) == before
    for path in sorted(segments.iterdir())[3:]:
        path.unlink()
    duel()
    assert content(tmp_path / "run") == content(tmp_path / "whole")


@pytest.mark.parametrize("damage", [cut, flip])
@pytest.mark.parametrize("which", ["starting", "fitted"])
def test_a_damaged_model_is_named_and_made_again(duel, tmp_path: Path, which: str, damage: Damage) -> None:
    """Deleted, it is saved or fitted again by the same command, also if all that is committed came from it."""
    duel("whole")
    duel(max_windows=6)
    models = tmp_path / "run/models"
    static = json.loads((tmp_path / "run/manifest.json").read_text())["static"]
    row = next(line for line in reversed((tmp_path / "run/windows.csv").read_text().splitlines()) if ",a," in line)
    model = static if which == "starting" else next(p.name for p in models.iterdir() if f",{p.name}," in row)
    bad = models / model / "arrays" / "votes.npy"
    bad.write_bytes(damage(bad.read_bytes()))
    with pytest.raises(
        DriftduelError, match=rf"votes\.npy is damaged: .* delete {re.escape(str(models / model))}, and"
    ):
        duel()
    shutil.rmtree(models / model)
    duel()
    assert content(tmp_path / "run") == content(tmp_path / "whole")
