"""Files that this project writes for the user: whole or not at all, and packed so that the bytes repeat."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write that takes the name `path` when the block has ended well, and vanishes otherwise."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def packed(file: BinaryIO, *, zipped: bool) -> Iterator[BinaryIO]:
    """The file, or gzip into it without name and time, so that the bytes repeat."""
    if not zipped:
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as stream:
        yield cast(BinaryIO, stream)
