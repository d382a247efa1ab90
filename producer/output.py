"""Files that this project writes for the user: whole or not at all, and packed so that the bytes repeat."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from .errors import DriftduelError, UsageError


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


def truth_path(path: Path) -> Path:
    """Where the sidecar of a stream stands: beside it, `.truth.json` added to its whole name."""
    return path.with_name(f"{path.name}.truth.json")


@dataclass(frozen=True, slots=True)
class StreamFiles:
    """A stream with its truth beside it; `sha256` (hex) is that of the stream's bytes, compressed where it is."""

    path: Path
    truth: Path
    sha256: str


def check_stream_name(path: Path, *, force: bool) -> None:
    """Refuse a name that no stream can have, before any work is done for it.

    Raises:
        UsageError: the name ends otherwise than in `.csv` or `.csv.gz`, or the file is there already.
    """
    if not path.name.endswith((".csv", ".csv.gz")):
        raise UsageError(f"{path} is no name for a stream; end it in .csv or .csv.gz")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; choose another name, or replace it with --force")


def write_stream(path: Path, fill: Callable[[BinaryIO], Mapping[str, Any]], *, force: bool) -> StreamFiles:
    """Write a stream, gzipped where its name says so, and the truth beside it.

    Both appear under their names only when they are whole, the truth first.

    Args:
        path: `*.csv` or `*.csv.gz`; missing folders are made.
        fill: writes the stream's bytes, and returns the content of the sidecar.
        force: replace a file that is there already.

    Raises:
        UsageError: as `check_stream_name`.
        DriftduelError: the place can't be written to; or what `fill` raises.
    """
    check_stream_name(path, force=force)
    truth = truth_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as stream_part, whole(truth) as truth_part:
            with stream_part.open("wb") as file, packed(file, zipped=path.suffix == ".gz") as out:
                content = fill(out)
            truth_part.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
            path.unlink(missing_ok=True)  # never an old stream beside a new truth
    except OSError as error:
        raise DriftduelError(f"{path} can't be written ({error.strerror}); choose another place") from None
    return StreamFiles(path, truth, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
