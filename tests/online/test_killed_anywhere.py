"""A run killed at any step of its writing, also in the middle of a write, and taken up again: the same bytes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from online.learners.batch import ScikitLearn

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
OUTSIDE_EVERY_DIGEST = {"positions.jsonl", "timings.jsonl", ".lock"}
STEPS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink", "shutil.rmtree"}
Duel = Callable[[Path], object]


def content(run: Path) -> dict[str, bytes]:
    """Every file of a run that must repeat, by its relative path."""
    files = (path for path in sorted(run.rglob("*")) if path.is_file() and path.name not in OUTSIDE_EVERY_DIGEST)
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def everything(folder: Path) -> dict[str, bytes | None]:
    """All files and folders, also hidden ones."""
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in found}


@dataclass
class Deaths:
    """What a process would leave in a folder if it died before any of its steps there, or in the midst of one.

    A step is a file opened for writing, renamed or removed, a folder made or removed. In the midst of one: only a part
    of the file was written that is now renamed into place, or of the line that is now appended.
    """

    folder: Path
    kept: Path
    steps: list[str] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _busy: bool = True

    def hook(self, event: str, arguments: tuple) -> None:
        """Called by the interpreter before each step of the process."""
        if self._busy or not self._mine(event, arguments):
            return
        self._busy = True
        path = Path(os.fspath(arguments[0]))
        self.steps.append(f"{event} {path.relative_to(self.folder)}")
        self._keep()
        if event == "os.rename" and path.is_file():
            self._keep(lambda copy: os.truncate(copy / path.relative_to(self.folder), path.stat().st_size // 2))
        if event == "open" and arguments[2] & os.O_APPEND:
            self._keep(lambda copy: torn(copy / path.relative_to(self.folder)))
        self._busy = False

    def _mine(self, event: str, arguments: tuple) -> bool:
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return False
        inside = event == "open" or event in STEPS
        return (
            inside and isinstance(arguments[0], str | os.PathLike) and str(arguments[0]).startswith(f"{self.folder}/")
        )

    def _keep(self, tear: Callable[[Path], None] = lambda copy: None) -> None:
        copy = self.kept / f"{len(self.left):04}"
        shutil.copytree(self.folder, copy)
        tear(copy)
        state = repr({name: found for name, found in everything(copy).items() if name != "timings.jsonl"})
        if state in self._seen:  # nothing has changed since the last step
            shutil.rmtree(copy)
            return
        self._seen.add(state)
        self.left.append(copy)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep what every step in the block would leave."""
        sys.addaudithook(self.hook)  # there is no way to remove one
        self._busy = False
        yield
        self._busy = True


def torn(path: Path) -> None:
    """A line that was begun."""
    with path.open("ab") as file:
        file.write(b'{"window": 3, "ne')


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
    duel: Duel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve windows with promotions: whatever a death leaves, the same command finishes the undisturbed run.

    Nothing that stands under its own name is ever half a file, and each file of the run was among the steps.
    """
    deaths = Deaths(tmp_path / "run", tmp_path / "kept")
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
