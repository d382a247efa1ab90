"""What makes a run this run: what may be asked of it again, and what is another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from producer.errors import RunError
from producer.lines import shorten

from .arms import Arm
from .registry import UnknownKindError, problems


class OtherRunError(RunError):
    """What is asked for is another run than the one that is there.

    Attributes:
        place: where they first differ, keys joined by dots.
        was: what the run has there, shortened.
        now: what is asked for.
    """

    def __init__(self, path: Path, place: str, was: str, now: str) -> None:
        super().__init__(
            f"{path} holds another run: its {place} is {was}, now asked for is {now}. "
            "Choose another --run, or ask for the same again"
        )
        self.place, self.was, self.now = place, was, now


def refuse_other(path: Path, held: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuse a run directory whose identity isn't the one asked for.

    Raises:
        OtherRunError: it holds another run; the message says where they differ.
    """
    for place, was, now in differences(held, asked):
        raise OtherRunError(path, place, was, now)


def refuse_late(path: Path, declared: Sequence[str], asked: Sequence[str]) -> None:
    """Refuse to declare other arms primary than at the first start: whoever has seen results may not choose.

    Raises:
        RunError: other arms are asked for.
    """
    if asked and list(asked) != list(declared):
        raise RunError(
            f"{path} was started with {', '.join(declared) or 'no arms'} declared primary, now asked for is "
            f"{', '.join(asked)}. That can't be declared afterwards; start a new run"
        )


def joined(path: Path, held: Mapping[str, Any], arms: Sequence[Arm]) -> dict[str, Any]:
    """The arms that a run holds, by name, and those asked for.

    Raises:
        RunError: a known arm is asked for with another specification.
    """
    asked = {arm.name: arm.plain() for arm in arms}
    for name, arm in asked.items():
        for place, was, now in differences(held.get(name, arm), arm):
            raise RunError(
                f"the arm '{name}' of {path} has another specification: its {place} is {was}, now {now}. "
                "Give the new arm a name of its own"
            )
    return {**held, **asked}


def check_arms(path: Path, held: Mapping[str, Any]) -> None:
    """Check that the arms which a run holds, by name, can still be made.

    Raises:
        RunError: one is of a kind that isn't there: the package that it came from is gone.
        ValueError: one is damaged.
    """
    for name, arm in held.items():
        try:
            Arm.model_validate(arm)
        except ValidationError as error:
            if not any(isinstance(e.get("ctx", {}).get("error"), UnknownKindError) for e in error.errors()):
                raise
            raise RunError(
                f"the arm '{name}' of {path} can't be made: {problems(error)}. "
                "Install the package that it came from, or start a new run"
            ) from None


def differences(held: Any, asked: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Where two JSON values differ, and both values there, shortened.

    >>> list(differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}))
    [('b.c', '2', '3')]
    """
    if isinstance(held, Mapping) and isinstance(asked, Mapping):
        for key in sorted({*held, *asked}):
            yield from differences(held.get(key), asked.get(key), f"{place}.{key}".removeprefix("."))
    elif held != asked:
        yield place, shorten(held), shorten(asked)
