"""Injections in words, as the command line has them: `KIND@START[-END][,KEY=VALUE...]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from .errors import UsageError, nearest
from .injection import KINDS, SHAPES, Injection

SPEC = "KIND@START[-END][,KEY=VALUE...]"
KEYS = ("shape", "period", "share", "factor", "value")


def parse_injection(text: str) -> Injection:
    """The injection that `KIND@START[-END][,KEY=VALUE...]` stands for.

    Keys: shape, period, share, factor, value, and feature, which may come again.

    >>> parse_injection("scaling@40000-50000,factor=3,feature=len").factor
    3.0

    Raises:
        UsageError: the text is none, or can't be meant.
    """
    head, *pairs = text.split(",")
    kind, _, span = head.partition("@")
    content: dict[str, Any] = {"kind": kind, **parse_span(span, f"drift '{text}'")} if kind in KINDS else {"kind": kind}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"drift '{text}': '{pair}' is no KEY=VALUE; write {SPEC}")
        if key == "feature":
            content["features"] = (*content.get("features", ()), value)
        elif key in content:
            raise UsageError(f"drift '{text}': '{key}' is said twice")
        else:
            content[key] = value
    return checked_injection(content, f"drift '{text}'")


def parse_span(text: str, where: str) -> dict[str, int]:
    """`at`, and `end` if it is there, of `START` or `START-END`; `where` names it in messages.

    Raises:
        UsageError: it is neither.
    """
    start, dash, end = text.partition("-")
    if not (start.isdecimal() and (end.isdecimal() if dash else True)):
        raise UsageError(f"{where} says no place; write START or START-END, as in 40000 or 40000-50000")
    return {"at": int(start), **({"end": int(end)} if dash else {})}


def checked_injection(content: Mapping[str, Any], where: str) -> Injection:
    """The injection of these fields; `where` names it in messages.

    Raises:
        UsageError: a field is unknown or can't be meant; the message names the nearest that is known.
    """
    for name, words in (("kind", KINDS), ("shape", SHAPES)):
        word = content.get(name)
        if word is not None and word not in words:
            raise UsageError(f"{where}: no {name} '{word}'{nearest(str(word), words)}; there are: {', '.join(words)}")
    for key in content:
        if key not in Injection.model_fields:
            shown = (*KEYS, "feature")
            raise UsageError(f"{where}: no key '{key}'{nearest(key, shown)}; there are: {', '.join(shown)}")
    try:
        return Injection.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{where}: {'; '.join(_problems(error))}") from None


def _problems(error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        place = ".".join(map(str, each["loc"]))
        yield f"{place + ': ' if place else ''}{each['msg'].removeprefix('Value error, ')}"
