"""A disk that is full or read-only: one sentence, what is whole is kept, and with room the run is finished."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from contents import content

from analysis.report import write_report
from producer.errors import DriftduelError

Duel = Callable[[Path], object]


class Disk:
    """A file system of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def allow(self, kilobytes: int, *, read_only: bool = False) -> None:
        """Mount it anew with so much room; what is on it stays."""
        options = f"remount,size={kilobytes}k,{'ro' if read_only else 'rw'}"
        subprocess.run(["mount", "-o", options, self.path], check=True)

    @property
    def used(self) -> int:
        """Kilobytes."""
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize // 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """64 MB, unmounted at the end; only root can make one, and not everywhere."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("FULL DISK NOT TESTED: no file system can be mounted here; limits on the size of files stand in")
    yield Disk(place)
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Duel:
    """Runs a duel with retraining, in six windows, into a run directory."""
    model = tiny_model(tmp_path / "model")
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(600, seed=3, flip_from=250))
    arms = ("static", "dynamic", "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none")
    return lambda run: run_asked(run=run, model=model, file=file, window=100, arms=arms, seed=5)


@pytest.fixture
def whole(duel: Duel, tmp_path: Path) -> dict[str, bytes]:
    """The undisturbed run."""
    duel(tmp_path / "whole")
    return content(tmp_path / "whole")


def kept(run: Path, whole: dict[str, bytes]) -> int:
    """How many segments and files of models there are, each of which is as in the undisturbed run."""
    found = {name: data for name, data in content(run).items() if name.startswith(("segments/", "models/"))}
    assert found == {name: whole[name] for name in found}
    return len(found)


def test_a_disk_that_fills_up_costs_nothing_but_room(duel: Duel, disk: Disk, whole: dict[str, bytes]) -> None:
    """Wherever it is full: a sentence that names a file and the disk; the same command then finishes the run."""
    run, sizes = disk.path / "run", []
    duel(disk.path / "all")
    needed = disk.used
    for share in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95):
        subprocess.run(["rm", "-rf", disk.path / "all", run], check=True)
        disk.allow(int(needed * share))
        with pytest.raises(DriftduelError, match="No space left on device"):
            duel(run)
        sizes.append(kept(run, whole) if run.exists() else 0)
        disk.allow(65_536)
        duel(run)
        assert whole == content(run), share
    assert sorted(sizes) == sizes
    assert sizes[-1] > 6


def test_a_read_only_disk_is_said_to_be_so(duel: Duel, disk: Disk, whole: dict[str, bytes]) -> None:
    """A finished run there isn't harmed by any verb; each ends in a sentence."""
    run = disk.path / "run"
    duel(run)
    disk.allow(65_536, read_only=True)
    for verb in (duel, write_report):
        with pytest.raises(DriftduelError, match=r"can't write .*Read-only file system"):
            verb(run)
    assert whole == content(run)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as under a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [100, 1_000, 3_000, 5_000])
def test_a_file_that_may_not_grow_is_named(duel: Duel, tmp_path: Path, whole: dict[str, bytes], size: int) -> None:
    """Whichever it is; nothing is half-written, and without the limit the same command finishes the run."""
    run = tmp_path / "run"
    with files_up_to(size), pytest.raises(DriftduelError, match=r"run.* File too large"):
        duel(run)
    kept(run, whole)
    duel(run)
    assert whole == content(run)
