"""What came of a repeat, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from .rerun import Rerun
from .sameness.difference import Difference
from .sameness.files import EXPORTS

SHOWN = 12
"""Differences that are named one by one."""


def words(done: Rerun) -> list[str]:
    """The verdict, what was compared or what differs, and the versions."""
    return [_verdict(done), *_differences(done), *_causes(done), *_kept(done)]


def _verdict(done: Rerun) -> str:
    found = done.found
    if done.same:
        return (
            f"{done.run} came out the same: {_count(found.windows, 'window')} of "
            f"{_count(found.numbers, 'sequence number')} with their records and labels, "
            f"{_count(found.scores, 'score')}, {_count(found.events, 'event')}, {_count(found.models, 'model')} and "
            f"windows.csv are equal to the last bit.{_unfinished(done)}"
        )
    first = found.differences[0]
    where = "" if first.window is None else f" The first difference is in window {first.window}"
    arm = f", arm '{first.arm}'" if first.window is not None and first.arm else ""
    return f"{done.run} did NOT come out the same.{where}{arm}{'.' if where else ''}{_unfinished(done)}"


def _unfinished(done: Rerun) -> str:
    if done.finished:
        return ""
    return f" It isn't finished: its first {_count(done.found.windows, 'window')} were repeated."


def _differences(done: Rerun) -> Iterator[str]:
    for one in done.found.differences[:SHOWN]:
        yield f"- {_line(one)}"
    if (more := len(done.found.differences) - SHOWN) > 0:
        yield f"- and {more} more; --json names all"


def _line(one: Difference) -> str:
    arm = f" of '{one.arm}'" if one.arm else ""
    where = "" if one.window is None else f", first in window {one.window}"
    values = f": {one.was} then, {one.now} now" if one.now else f": {one.was}" if one.was else ""
    most = "" if one.most is None else f"; by at most {one.most:.3g}"
    flips = "" if one.flips is None else f"; {_count(one.flips, 'prediction')} with them"
    return f"{one.what}{arm}: {_count(one.count, one.unit)}{where}{values}{most}{flips}"


def _causes(done: Rerun) -> Iterator[str]:
    if done.versions:
        changed = (f"{name} {then or 'none'} then, {now or 'none'} now" for name, (then, now) in done.versions.items())
        yield f"Versions: {'; '.join(changed)}."
    if done.same:
        return
    if all(one.what in EXPORTS for one in done.found.differences):
        yield (
            "The ledger repeats; only what is exported from it differs. The same 'driftduel evaluate' writes it anew."
        )
    elif not done.versions:
        yield "The versions are the same, so the run was changed afterwards, or was made on another machine."


def _kept(done: Rerun) -> Iterator[str]:
    if done.kept is not None:
        yield f"repeat: {done.kept}"


def _count(number: int, what: str) -> str:
    """A number and its noun.

    >>> _count(1, "window"), _count(1200, "score")
    ('1 window', '1,200 scores')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"
