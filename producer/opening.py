"""A file of records as plain bytes, gzip or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from .errors import ContractError, UsageError

GZIP_MAGIC = b"\x1f\x8b"
SMALL_BYTES = 16 * 2**20
"""Bytes that a file may have which says what is asked for: a contract, an experiment, a truth, client settings."""
FORMS = "CSV or TSV, plain or gzip, or Parquet"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
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
        raise UsageError(f"there is no file {path}; give the path of a file: {FORMS}") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}; give the path of a file: {FORMS}") from None


def read_small(path: Path) -> str:
    """The text of a file that says what is asked for, in UTF-8; its size is looked at first.

    Raises:
        ContractError: it is far larger than any such file.
        OSError, UnicodeDecodeError: it can't be read, or is no text.
    """
    size = path.stat().st_size
    if size <= SMALL_BYTES:
        with path.open("rb") as file:
            content = file.read(SMALL_BYTES + 1)  # a device says that it has no bytes, and may have any number
        size = max(size, len(content))
    if size > SMALL_BYTES:
        raise ContractError(f"{path} has {size:,} bytes, and such a file at most {SMALL_BYTES:,}; name another one")
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
