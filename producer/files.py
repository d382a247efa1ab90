"""Records in files: CSV with a header line, plain or gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from .codec import Decoded, decode
from .dataset import Dataset
from .errors import ContractError, UsageError
from .lines import BOM, split_line, strip_line_end

GZIP_MAGIC = b"\x1f\x8b"
BLOCK = 16_384
"""Lines decoded at a time. It bounds the memory, and changes nothing else."""


def read_lines(path: Path, dataset: Dataset) -> Iterator[bytes]:
    """The data lines of a CSV file, as raw bytes without their line ends; blank lines are among them.

    The file is opened and its header checked at once, not with the first line. Whether it is gzip shows in its
    first bytes, whatever its name. A record must not hold a line break, not even between quotes.

    Raises:
        UsageError: there is no such file, or it can't be read.
        ContractError: the file is empty, is no CSV text, holds no line but the header, has another header than
            the contract's, or is a gzip file cut short (this one may come with any line).
    """
    with _opened(path) as stream:
        _check_header(stream.readline(), path, dataset)
        if not stream.readline():
            raise ContractError(f"{path} holds a header and no records")
    return _data_lines(path)


def read_records(path: Path, dataset: Dataset) -> Decoded:
    """The whole file decoded. Positions count the data lines from 0, so they equal `seq` in a replay.

    There may be no records among the lines: then the batch is empty, and `dead` says why.

    Raises:
        UsageError, ContractError: as `read_lines`.
    """
    lines = read_lines(path, dataset)
    parts: list[Decoded] = []
    while block := list(islice(lines, BLOCK)):
        parts.append(decode(block, dataset, wire="csv"))
    starts = [index * BLOCK for index in range(len(parts))]
    return Decoded(
        records=pa.concat_batches([part.records for part in parts]),
        positions=np.concatenate([part.positions + start for part, start in zip(parts, starts, strict=True)]),
        dead=tuple((i + start, why) for part, start in zip(parts, starts, strict=True) for i, why in part.dead),
        headers=tuple(i + start for part, start in zip(parts, starts, strict=True) for i in part.headers),
    )


def _data_lines(path: Path) -> Iterator[bytes]:
    with _opened(path) as stream:
        stream.readline()
        for line in stream:
            yield strip_line_end(line)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked; what goes wrong while they are read becomes a sentence too."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            raw.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ContractError(
            f"{path} is a gzip file that is cut short or damaged ({error}); fetch or pack it again"
        ) from None
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}; give the path of a CSV file, plain or gzip") from None
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror}; give the path of a CSV file, plain or gzip"
        ) from None


def _check_header(line: bytes, path: Path, dataset: Dataset) -> None:
    expected = f"Expected CSV, plain or gzip, with the header: {','.join(dataset.names)}"
    if not line:
        raise ContractError(f"{path} is empty. {expected}")
    cells = _cells(strip_line_end(line).removeprefix(BOM))
    if cells is None:
        raise ContractError(f"{path} doesn't begin with a line of CSV in UTF-8. {expected}")
    dataset.check_header([cell.decode() for cell in cells], str(path))


def _cells(line: bytes) -> list[bytes] | None:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or "\r" in text else split_line(line)
