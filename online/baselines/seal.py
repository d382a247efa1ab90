"""A seal on the baselines of a run: `baselines/DIGEST`, the SHA-256 of every file there, in the form of `sha256sum`.

Most of these files are bits, of which any are plausible: without it a flipped one would change the oracle unnoticed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from online.files import replace_file

SEAL = "DIGEST"


def seal(folder: Path) -> None:
    """Write the seal, when all else is written."""
    with replace_file(folder / SEAL) as file:
        file.write("".join(_lines(folder)).encode())


def check_seal(folder: Path) -> None:
    """Compare every file with the seal.

    Raises:
        ValueError: one is another, is missing or was added, or there is no seal.
        OSError: one can't be read.
    """
    try:
        told = (folder / SEAL).read_text("utf-8", "replace").splitlines(keepends=True)
    except FileNotFoundError:
        raise ValueError(f"{SEAL} is missing: computing them was interrupted, or it is lost") from None
    if differing := sorted({*told} ^ {*_lines(folder)}, key=_name_in):
        raise ValueError(f"{SEAL} doesn't agree with {_name_in(differing[0])[:80]!r}")


def _lines(folder: Path) -> list[str]:
    return [f"{_digest(folder / name)}  {name}\n" for name in _files(folder)]


def _name_in(line: str) -> str:
    return line.partition("  ")[2].strip()


def _files(folder: Path) -> list[str]:
    """All files but the seal and what somebody is writing, by their place in the folder, in order."""
    places = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(place.as_posix() for place in places if place.name[0] != "." and place != Path(SEAL))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
