"""Who works on a run directory: one process at a time, and others can see that it does."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

from producer.errors import RunError


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a run directory as its only process, swept of what a dying one left; it is made if it isn't there.

    Raises:
        RunError: another process holds it, or it can't be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / ".lock").open("w")
    except OSError as error:
        raise RunError(f"can't write the run directory {path}: {error.strerror}; choose another --run") from None
    with lock:
        if not _locks(lock, fcntl.LOCK_EX):
            time.sleep(0.1)  # perhaps somebody was only looking, by `is_held`
            if not _locks(lock, fcntl.LOCK_EX):
                raise RunError(f"another process is working on the run {path}; wait for it, or choose another --run")
        _sweep(path)
        yield
        if not os.fstat(lock.fileno()).st_nlink:
            raise RunError(
                f"the run directory {path} was deleted or replaced while it was worked on, so that what was written "
                "before is gone. Delete what is left of it, and run the same command again"
            )


def is_held(path: Path) -> bool:
    """Whether a process is working on a run directory. Looking takes the lock for an instant, shared."""
    try:
        with (path / ".lock").open() as lock:
            return not _locks(lock, fcntl.LOCK_SH)
    except OSError:
        return False


def _locks(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(path: Path) -> None:
    """Remove what a dying process did not get to rename into place."""
    for leftover in chain.from_iterable(map(path.glob, (".*.tmp", "segments/.*.tmp", "baselines/**/.*"))):
        leftover.unlink()
    for leftover in filter(Path.is_dir, path.glob("models/.*")):
        shutil.rmtree(leftover)
