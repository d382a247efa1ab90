"""The console commands as a user types them, and runs that several tests look at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from contents import content_from_any_source

COMMAND = Path(sys.executable).with_name("driftduel")
WHERE_A_PATH_SHOWS = {"truth.json", "report.html"}

QUICK = ("--algorithm", "random_forest", "--folds", "0", "--repeats", "1")
"""A forest without a comparison, where the duel is what a test looks at."""

Command = Callable[..., str]


@pytest.fixture(scope="session")
def driftduel() -> Command:
    """Runs `driftduel ARGUMENTS`, asserts its exit code and gives what it printed."""

    def run(*arguments: object, exit_code: int = 0, **options) -> str:
        command = [str(COMMAND), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **options)
        assert done.returncode == exit_code, f"{command} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + (done.stderr if exit_code else "")

    return run


@pytest.fixture(scope="session")
def synthetic(driftduel: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Static.csv, stream.csv (10,400 records, an abrupt drift at 4,000) and a model trained with Spark."""
    folder = tmp_path_factory.mktemp("synthetic")
    driftduel("generate", "dns-exfil", "--records", 6000, "--seed", 1, "--out", folder / "static.csv")
    drift = ("--drift", "encoding@4000")
    driftduel("generate", "dns-exfil", "--records", 10_400, "--seed", 2, *drift, "--out", folder / "stream.csv")
    driftduel("train", folder / "static.csv", "--dataset", "dns-exfil", "--out", folder / "model", *QUICK)
    return folder


@pytest.fixture(scope="session")
def content() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a run that must be the same from a topic and from a file, by its relative path."""

    def read(run: Path) -> dict[str, bytes]:
        return {name: data for name, data in content_from_any_source(run).items() if name not in WHERE_A_PATH_SHOWS}

    return read
