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
