"""A stranger's files: bounded, regular, and none that a link leads to elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from producer.errors import ModelError

MAX_FILE = 512 * 2**20
"""Bytes of a file that holds a model."""
MAX_TREE = 2 * 2**30
"""Bytes of a directory that holds a model."""
MAX_FILES = 100_000


def read_bounded(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ModelError: it's no regular file, too large, or can't be read.
    """
    try:
        if not path.is_file():
            raise ModelError(f"{path} is no regular file; name the file that holds the model")
        size = path.stat().st_size
        if size > MAX_FILE:
            raise ModelError(f"{path} has {size:,} bytes; a model may have {MAX_FILE:,}")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}") from None


def check_directory(directory: Path) -> None:
    """Make sure that a directory holds only regular files of a bounded size, all of them inside it.

    Raises:
        ModelError: the message names what is wrong.
    """
    total = 0
    for count, path in enumerate(directory.rglob("*"), start=1):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ModelError(f"{path} is a link or no regular file; a model that is imported holds its files itself")
        total += _size(path) if path.is_file() else 0
        if total > MAX_TREE or count > MAX_FILES:
            raise ModelError(f"{directory} holds more than a model may have ({MAX_FILES:,} files, {MAX_TREE:,} bytes)")


def _size(path: Path) -> int:
    """A file's bytes, and for Parquet what it says that it unpacks to."""
    size = path.stat().st_size
    return size + _unpacked(path) if path.suffix == ".parquet" else size


def _unpacked(path: Path) -> int:
    """The bytes of a Parquet file's values in memory, at least.

    What a file calls its uncompressed size is that of encoded pages: a million equal numbers are a few bytes of it. So
    eight bytes are counted for each value, in lists by the values that the columns name, else by the rows.
    """
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    pages = sum(group.total_byte_size for group in groups)
    values = sum(group.column(place).num_values for group in groups for place in range(group.num_columns))
    return max(int(pages), 8 * int(values), 8 * int(metadata.num_rows) * int(metadata.num_columns))


def copy_directory(source: Path, target: Path) -> None:
    """A copy of a directory that `check_directory` accepts; a link that came in meanwhile is copied as a link.

    Raises:
        ModelError: it isn't accepted.
        OSError: it can't be copied.
    """
    check_directory(source)
    shutil.copytree(source, target, symlinks=True)
    check_directory(target)
