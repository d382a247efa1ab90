"""Files that may be anything: what they hold is checked before anything else looks at it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from producer.errors import RunError
from producer.lines import shorten

M = TypeVar("M", bound=BaseModel)
Number = Annotated[int, Field(ge=0, lt=2**53)]
"""A count or an index."""
SHOWN = 3
"""So many of several names are said; how many more there are is said, too."""


class Unreadable(Exception):  # noqa: N818 - what became of a file, not an error of ours
    """Why a file can't be used, in a few words."""


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        Unreadable: it isn't there, is no file, can't be opened, or holds no UTF-8.
    """
    with _reading():
        return path.read_text("utf-8")


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise Unreadable("is missing") from None
    except OSError as error:
        raise Unreadable(f"can't be read ({error.strerror})") from None
    except ValueError:
        raise Unreadable("is damaged (no UTF-8)") from None


def read_json(path: Path) -> dict[str, Any]:
    """A file's JSON object.

    Raises:
        Unreadable: as `read_text`, or it holds something else.
    """
    return _object(read_text(path), parse_json, "JSON")


def read_toml(path: Path) -> dict[str, Any]:
    """A file's TOML.

    Raises:
        Unreadable: as `read_text`, or it holds something else.
    """
    return _object(read_text(path), tomllib.loads, "TOML")


def parse_json(text: str) -> Any:
    """A JSON value that can be written as JSON again: without nan, and without half letters (lone surrogates).

    Raises:
        ValueError: it is no such value.
        RecursionError: it is nested too deeply.
    """
    found = json.loads(text)
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    return found


def _object(text: str, parse: Callable[[str], Any], what: str) -> dict[str, Any]:
    try:
        found = parse(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is damaged (no {what}: {shorten(str(error))})") from None
    if not isinstance(found, dict):
        raise Unreadable(f"is damaged (expected an object, found {type(found).__name__})")
    return found


def tolerate(kind: type[M], raw: dict[str, Any]) -> tuple[M, tuple[str, ...]]:
    """What of an object is valid, and the places of what isn't and was left out; every field needs a default.

    Args:
        kind: what is expected.
        raw: the object; what isn't valid is deleted from it.
    """
    bad: list[str] = []
    while True:
        try:
            return kind.model_validate(raw), tuple(bad)
        except ValidationError as error:
            bad += [_cut(raw, one["loc"]) for one in error.errors(include_url=False, include_context=False)]


def _cut(raw: dict[str, Any], place: Sequence[int | str]) -> str:
    """Delete the innermost entry of an object on the way to a place, and say which."""
    node: Any = raw
    last: dict[Any, Any] = raw
    way = [place[0]]
    for depth, key in enumerate(place):
        if not isinstance(node, dict) or key not in node:
            break
        last, node, way = node, node[key], list(place[: depth + 1])
    last.pop(way[-1], None)
    return ".".join(map(str, way))


def read_lines(path: Path, kind: type[M]) -> tuple[list[dict[str, Any]], int]:
    """The lines of a file that hold such an object, with the fields that were set; and how many lines don't.

    Raises:
        Unreadable: as `read_text`.
    """
    found = list(each_line(path, kind))
    good = [one for one in found if one is not None]
    return good, len(found) - len(good)


def each_line(path: Path, kind: type[M]) -> Iterator[dict[str, Any] | None]:
    """Line by line what it holds, with the fields that were set; None for one that holds something else.

    Raises:
        Unreadable: as `read_text`, with any line.
    """
    for line in _lines(path):
        try:
            yield checked(kind, parse_json(line))
        except (ValueError, RecursionError):
            yield None


def _lines(path: Path) -> Iterator[str]:
    with _reading(), path.open(encoding="utf-8", newline="\n") as file:
        yield from filter(None, (line.removesuffix("\n") for line in file))


def checked(kind: type[M], raw: Any) -> dict[str, Any]:
    """The fields that were set of an object that must be valid.

    Raises:
        ValueError: it isn't.
    """
    return kind.model_validate(raw).model_dump(exclude_unset=True)


def several(names: Sequence[object]) -> str:
    """A few of these names, and how many more there are.

    >>> several([3, 5]), several(range(9))
    ('3, 5', '0, 1, 2 and 6 more')
    """
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(str, names[:SHOWN])) + more


def refuse_newer(path: Path, raw: Mapping[str, Any], known: int) -> None:
    """Refuse a run of another format: nothing is known of what it means.

    Raises:
        RunError: the format isn't the known one.
    """
    found = raw.get("format")
    if isinstance(found, int) and not isinstance(found, bool) and found != known:
        raise RunError(
            f"the run {path} has format {found}; this version of driftduel reads format {known}. Use the version that "
            "wrote it, or a later one"
        )
