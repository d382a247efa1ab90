"""Reads and writes the files of a model directory: bounded, checked against their digests, no objects in arrays."""

from __future__ import annotations

import hashlib
import io
import math
import os
import re
import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from producer.errors import ModelError

DIGEST = "DIGEST"
ARRAYS = "arrays"
MAX_TEXT = 64 * 2**20
"""Bytes that a model's text file may have: far more than any has, so that a wrong file can't fill the memory."""

MAX_ARRAY = 2**30
"""Bytes that an array's file may have; a sparse file may promise any number."""

PART = 2**16
"""Bytes that are read at once to compute a digest."""

_HEADER = re.compile(
    rb"\{'descr': '(<[if][48])', 'fortran_order': False, 'shape': \((\d{1,12}),(?: (\d{1,12}))?\), \} *\n"
)
_LINE = re.compile(r"sha256:([0-9a-f]{64})  (\S+)")
_NAME = re.compile(rf"({ARRAYS}/)?[\w-]+\.\w+")
"""A file of a model: beside `DIGEST`, or an array."""


def array_bytes(array: npt.NDArray[np.generic]) -> bytes:
    """An array as a `.npy` file, the same bytes on every machine: little-endian, C order, no objects."""
    buffer = io.BytesIO()
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    np.save(buffer, plain, allow_pickle=False)
    return buffer.getvalue()


def digest_text(files: Mapping[str, bytes]) -> str:
    """The content of `DIGEST`: one line for each file, by name, and one for these lines together."""
    lines = "".join(f"sha256:{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return f"{lines}sha256:{hashlib.sha256(lines.encode()).hexdigest()}  total\n"


def total(digest: str) -> str:
    """The hex digits of the last line of a `DIGEST`."""
    return digest.splitlines()[-1].split()[0].removeprefix("sha256:")


def read_text(path: Path) -> bytes:
    """A text file's bytes.

    Raises:
        ModelError: it's missing, unreadable or far too large.
    """
    _refuse_device(path)
    try:
        if path.stat().st_size > MAX_TEXT:
            raise ModelError(f"{path} has {path.stat().st_size} bytes: too large for a file that describes a model")
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _refuse_device(path: Path) -> None:
    # A link could lead to a file outside of the model, whose content an error might tell; and reading a pipe or a
    # device could last for ever.
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # whoever reads it says why it can't be read
    if stat.S_ISLNK(mode) or (path.parent.name == ARRAYS and path.parent.is_symlink()):
        raise ModelError(f"{path} is a link; a model holds its files itself: copy them (cp -rL)")
    if not stat.S_ISREG(mode):
        raise ModelError(f"{path} is no regular file; take the model from where it was made, or train it again")


def read_digests(directory: Path) -> dict[str, str]:
    """The SHA-256 that `DIGEST` gives for each file, by name.

    Raises:
        ModelError: it's missing, its lines don't agree with its total, or it names a file outside of the model.
    """
    path = directory / DIGEST
    text = read_text(path).decode("utf-8", "replace")
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    digests = {match[2]: match[1] for match in found if match is not None}
    lines = "".join(f"{line}\n" for line in text.splitlines()[:-1])
    if None in found or digests.pop("total", "") != hashlib.sha256(lines.encode()).hexdigest():
        raise ModelError(f"{path} is damaged: its lines don't agree with its total")
    for name in digests:
        # What is said of a file that isn't what was saved tells of its content.
        if _NAME.fullmatch(name) is None:
            raise ModelError(
                f"{path} names {name!r}, which is no file of a model; take the model from where it was made"
            )
    return digests


def check_digest(path: Path, name: str, digests: Mapping[str, str]) -> None:
    """Compare a file, `name` in `DIGEST`, with its digest.

    Raises:
        ModelError: it's missing, a link, too large, `DIGEST` doesn't list it, or it isn't what was saved.
    """
    _refuse_device(path)
    try:
        with path.open("rb", buffering=0) as file:
            if (size := os.fstat(file.fileno()).st_size) > MAX_ARRAY:
                raise ModelError(f"{path} has {size:,} bytes; a model's file may have {MAX_ARRAY:,}")
            content = hashlib.sha256()
            for part in iter(partial(file.read, PART), b""):  # `file_digest` makes a larger buffer than most files are
                content.update(part)
            actual = content.hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from None
    if digests.get(name) != actual:
        raise ModelError(
            f"{path} is damaged: its digest is {actual[:12]}..., {DIGEST} says {digests.get(name, 'nothing')[:12]}...; "
            "take the model from where it was made, or train it again"
        )


def read_array(path: Path) -> npt.NDArray[np.generic]:
    """A `.npy` array as `array_bytes` writes it, read only.

    The header is matched, not parsed, as NumPy's parser takes Python expressions; and the file must be exactly as long
    as its header says, so that memory stays bounded.

    Raises:
        ModelError: it's anything else.
    """
    try:
        with path.open("rb") as file:
            start = file.read(10)
            header = _HEADER.fullmatch(file.read(int.from_bytes(start[8:], "little")))
            if start[:8] == b"\x93NUMPY\x01\x00" and header is not None:
                dtype = np.dtype(header[1].decode())
                shape = tuple(int(size) for size in header.groups()[1:] if size is not None)
                if path.stat().st_size - file.tell() == math.prod(shape) * dtype.itemsize:
                    array = np.fromfile(file, dtype).reshape(shape)
                    array.setflags(write=False)
                    return array
    except OSError as error:
        raise _unreadable(path, error) from None
    raise ModelError(f"{path} isn't a whole .npy array of plain numbers, as a model's arrays are")


def _unreadable(path: Path, error: OSError) -> ModelError:
    if isinstance(error, FileNotFoundError):
        return ModelError(f"{path} is missing; the model directory isn't whole, take it from where it was made")
    return ModelError(f"{path} can't be read: {error.strerror or error}")
