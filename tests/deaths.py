"""What a process would leave behind if it died at any step of its writing."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STEPS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink", "shutil.rmtree"}


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
        state = _digest({name: found for name, found in everything(copy).items() if name != "timings.jsonl"})
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


def _digest(content: dict[str, bytes | None]) -> str:
    told = hashlib.sha256()
    for name, found in content.items():
        told.update(f"{name} {found is None} {len(found or b'')} ".encode() + (found or b""))
    return told.hexdigest()


def torn(path: Path) -> None:
    """A line that was begun."""
    with path.open("ab") as file:
        file.write(b'{"window": 3, "ne')
