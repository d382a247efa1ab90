"""A directory that a command makes: it appears whole or not at all, and replaces nothing but its own kind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from producer.errors import RunError, UsageError


def check_place(directory: Path, *, marker: str, what: str, force: bool) -> None:
    """Make sure, before the work, that the directory may be written.

    Args:
        directory: where it shall be; an empty one is no hindrance.
        marker: the file by which a directory of this kind is known.
        what: what such a directory is called in messages.
        force: replace one that is there.

    Raises:
        UsageError: something is there (with `force` only if it's of another kind), or nothing can be made there.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
            with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}."):
                return
    except OSError as error:
        raise UsageError(f"{directory} can't be made ({error.strerror}); name another one with --out") from None
    if not (directory / marker).is_file():
        raise UsageError(f"{directory} exists already and holds no {what}; name another one with --out")
    if not force:
        raise UsageError(f"{directory} holds an {what} already; name another one, or replace it with --force")


@contextmanager
def whole_directory(directory: Path) -> Iterator[Path]:
    """A new folder to write into, which takes the directory's place when the block has ended well.

    What was there stays until then, and stays for good if anything fails.

    Raises:
        RunError: it can't be written (read-only or full disk).
    """
    place = directory.absolute()
    try:
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.") as staging:
            made, aside = Path(staging) / "made", Path(staging) / "replaced"
            made.mkdir()
            yield made
            if place.exists():
                place.rename(aside)
            _rename(made, place, aside)
    except OSError as error:
        raise RunError(
            f"{directory} can't be written: {error.strerror or error}. Nothing was saved; what was there stays. "
            "Make room or give write access, or name another one with --out"
        ) from error


def _rename(made: Path, place: Path, aside: Path) -> None:
    try:
        made.rename(place)
    except OSError:
        if aside.exists():
            aside.rename(place)
        raise
