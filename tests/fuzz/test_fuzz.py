"""The fuzzers, a minute each and side by side: nothing that they find ends otherwise than in a value or a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
TARGETS = ("codec", "files", "model")
SECONDS = int(os.environ.get("DRIFTDUEL_FUZZ_SECONDS", "60"))
"""How long each of them looks."""
MEMORY = 2048
"""Megabytes that an input may take."""

pytestmark = pytest.mark.xdist_group("fuzz")


@pytest.fixture(scope="module")
def fuzzers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """All of them, running; each with the kept corpus, and a folder for what is new."""
    if sys.platform != "linux":
        pytest.skip("NOT FUZZED: atheris comes for Linux only")
    running = {target: _start(target, tmp_path_factory.mktemp(target)) for target in TARGETS}
    yield running
    for process in running.values():
        process.kill()
        process.wait()


def _start(target: str, folder: Path) -> subprocess.Popen[bytes]:
    (folder / "new").mkdir()
    options = (f"-max_total_time={SECONDS}", "-timeout=20", f"-rss_limit_mb={MEMORY}", "-max_len=4096", "-seed=1")
    command = [sys.executable, str(FOLDER / f"fuzz_{target}.py"), *options, f"-artifact_prefix={folder}/"]
    with (folder / "log").open("wb") as log:
        places = [str(folder / "new"), str(FOLDER / "corpus" / target)]
        process = subprocess.Popen([*command, *places], stdout=log, stderr=log, cwd=folder)
    process.log = folder / "log"  # type: ignore[attr-defined]
    return process


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_ends_in_a_traceback(fuzzers: dict[str, subprocess.Popen[bytes]], target: str) -> None:
    """The kept corpus and what is made of it: no crash, no input that takes too long or too much memory."""
    code = fuzzers[target].wait(SECONDS + 120)
    said = fuzzers[target].log.read_text("utf-8", "replace")  # type: ignore[attr-defined]
    assert 0 == code, said[-4000:]
    assert "DONE" in said
