"""Every file of a run, and every field of its manifest, as anything: a report or one sentence, never a traceback."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.loaded import LoadedRun, load_run
from producer.errors import DriftduelError, RunError

Look = Callable[[Path], LoadedRun]
Change = Callable[[Path], object]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from(["x", "static", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


def changes(file: Path, other: Path) -> Iterator[tuple[str, Change]]:
    """Ways in which a file gets lost, cut, damaged or replaced."""
    content = file.read_bytes()
    chance = random.Random(len(content))

    def written(changed: bytes) -> Change:
        return lambda path: path.write_bytes(changed)

    yield "removed", Path.unlink
    for share in (0.0, 0.2, 0.6, 0.95):
        yield f"cut to {share:.0%}", written(content[: int(share * len(content))])
    for _ in range(4):
        place = chance.randrange(max(1, len(content)))
        flipped = bytes(byte ^ (1 << chance.randrange(8)) if at == place else byte for at, byte in enumerate(content))
        yield f"byte {place} flipped", written(flipped)
    yield "noise", written(chance.randbytes(200))
    yield "nested too deeply", written(b"[" * 100_000)
    yield "other JSON", written(b'{"format": 1, "identity": 3, "arms": [], "static": "\\ud800", "threshold": NaN}')
    yield "a directory", lambda path: (path.unlink(), path.mkdir())
    yield "a loop of links", lambda path: (path.unlink(), path.symlink_to(path.name))
    yield "another run's", lambda path: shutil.copy(other, path) if other.exists() else path.write_bytes(b"")


def restore(run: Path, copy: Path) -> None:
    shutil.rmtree(run)
    shutil.copytree(copy, run)


@pytest.fixture
def other(make_run: Callable[..., Path]) -> Path:
    """Another run with the same contract, models and number of windows."""
    labels = [np.tile(np.array([1, 0, 0, 1], dtype=np.int8), 25) for _ in range(10)]
    return make_run(labels, {"static": labels, "dynamic": labels, "other": labels}, name="other")


def test_whatever_happens_to_a_file_there_is_a_report_or_a_sentence(
    look: Look, drifting: Path, other: Path, tmp_path: Path
) -> None:
    """Each file removed, cut, flipped, replaced: no error but one in a sentence, and then mostly none at all."""
    copy = shutil.copytree(drifting, tmp_path / "copy")
    files = [path.relative_to(drifting) for path in sorted(drifting.rglob("*")) if path.is_file()]
    kept = [file for file in files if file.parent.name != "segments" or file.name in ("000000.arrow", "000004.arrow")]
    refused = []
    for file in kept:
        for name, change in changes(drifting / file, other / file):
            change(drifting / file)
            try:
                look(drifting)
            except DriftduelError as error:
                refused.append((f"{file} {name}", str(error)))
            restore(drifting, copy)
    assert not [one for one in refused if not one[0].startswith("manifest.json") or "\n" in one[1]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_field_of_the_manifest_may_be_anything(look: Look, drifting: Path, data: st.DataObject) -> None:
    """A value of any type anywhere in manifest.json leads to a report, or to one sentence."""
    sound, refused = (drifting / "manifest.json").read_text("utf-8"), []
    try:
        content = node = json.loads(sound)
        while True:
            key = data.draw(st.sampled_from(sorted(node)))
            if not isinstance(node[key], dict) or not node[key] or data.draw(st.booleans()):
                break
            node = node[key]
        node[key] = data.draw(JSON)
        (drifting / "manifest.json").write_text(json.dumps(content), "utf-8")
        look(drifting)
    except RunError as error:
        refused.append(str(error))
    finally:
        (drifting / "manifest.json").write_text(sound, "utf-8")
    assert all("has format" in one and "\n" not in one for one in refused)


@pytest.mark.parametrize("file", ["manifest.json", "truth.json", "segments/000004.arrow", "baselines/baselines.json"])
def test_a_pipe_in_place_of_a_file_is_refused(drifting: Path, file: str) -> None:
    """Reading it would wait for ever for somebody to write."""
    (drifting / file).unlink(missing_ok=True)
    (drifting / file).parent.mkdir(exist_ok=True)
    os.mkfifo(drifting / file)
    with pytest.raises(RunError, match=f"{file} is a pipe, a socket or a device, which no run holds"):
        load_run(drifting)


def test_a_device_behind_a_link_is_refused(drifting: Path) -> None:
    """It would fill the memory."""
    (drifting / "events.jsonl").unlink()
    (drifting / "events.jsonl").symlink_to("/dev/zero")
    with pytest.raises(RunError, match=r"events.jsonl is a pipe, a socket or a device"):
        load_run(drifting)
