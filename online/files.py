"""Files that are there whole or not at all, and files that grow by lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from producer.errors import RunError


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside `path` and rename it into place at the end; on failure `path` stays as it was.

    Raises:
        RunError: the file can't be written (read-only or full disk).
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                yield file
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)  # what a full disk has no room for must not fill it
            raise


def append_line(path: Path, line: str) -> int:
    """Append a line; one that a dying process left unfinished stays a line of its own.

    Returns:
        Where in the file it begins, in bytes.

    Raises:
        RunError: the file can't be written (read-only or full disk).
    """
    with _writing(path), path.open("a+b") as file:
        unfinished = file.tell() > 0 and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
        begin = file.seek(0, os.SEEK_END) + unfinished
        file.write(b"\n" * unfinished + line.encode() + b"\n")
        return begin


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"can't write {path}: {error.strerror or error}. Make room or give write access, and run the same "
            "command again; what was written before is whole"
        ) from error
