"""A run held against its repeat: everything that must come out the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from online.ledger import Entry, Ledger
from online.run import read_contract, read_manifest

from .difference import Difference, add_up
from .entries import arm_of_model, entry_differences, only_arms_of
from .files import export_differences, model_differences


@dataclass(frozen=True, slots=True)
class Sameness:
    """What was held against each other, and what differs.

    Attributes:
        windows: windows of the run.
        numbers: its sequence numbers.
        scores: its scores, of all models.
        events: its events.
        models: its models.
        differences: nothing where it came out the same.
    """

    windows: int
    numbers: int
    scores: int
    events: int
    models: int
    differences: tuple[Difference, ...]


@dataclass(slots=True)
class _Books:
    windows: int = 0
    numbers: int = 0
    scores: int = 0
    events: int = 0
    models: dict[str, tuple[int, str | None]] = field(default_factory=dict)

    def enter(self, entry: Entry) -> None:
        window = entry.window
        self.windows += 1
        self.numbers += window.last_seq - window.first_seq + 1
        self.scores += sum(len(scores) for scores in entry.scores.values())
        for part in entry.arms.values():
            self.events += len(part.events)
        for model in sorted(_models(entry)):
            self.models.setdefault(model, (window.index, arm_of_model(entry, model)))


def hold_together(then: Path, now: Path) -> Sameness:
    """Hold a run against its repeat, window by window.

    Compared to the last bit: sequence numbers, records, labels, dead letters, scores, events, models, windows.csv and
    the other exports. Not compared: positions, times, versions. Of an unfinished run, what it has is compared.

    Args:
        then: the run directory.
        now: that of the repeat, which is trusted to be whole.

    Raises:
        RunError: a segment of the run is damaged.
    """
    manifest, again = read_manifest(then), read_manifest(now)
    whole = manifest["state"] == "finished"
    dataset, books = read_contract(now), _Books()
    ledgers = (Ledger(run / "segments", dataset) for run in (then, now))
    found = add_up(
        chain(
            _manifests(manifest, again),
            _entries(*ledgers, books=books, whole=whole, threshold=float(again["threshold"])),
            model_differences(then, now, books.models, whole=whole),
            export_differences(then, now, whole=whole),
        )
    )
    return Sameness(books.windows, books.numbers, books.scores, books.events, len(books.models), found)


def _manifests(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for key in ("static", "threshold"):
        if then[key] != now[key]:
            yield Difference(what=f"manifest.json: {key}", unit="value", was=repr(then[key]), now=repr(now[key]))


def _entries(then: Ledger, now: Ledger, *, books: _Books, whole: bool, threshold: float) -> Iterator[Difference]:
    label = now.dataset.label_name
    for was, is_now in zip(then.entries(), now.entries(), strict=False):
        books.enter(was)
        counterpart = is_now if whole else only_arms_of(was, is_now)
        yield from entry_differences(was, counterpart, label=label, threshold=threshold)
    if len(then) != len(now) and (whole or len(now) < len(then)):
        first, count = min(len(then), len(now)), abs(len(then) - len(now))
        yield Difference(what="windows", window=first, count=count, was=f"{len(then)} of them", now=f"{len(now)}")


def _models(entry: Entry) -> set[str]:
    named = {str(event["model"]) for part in entry.arms.values() for event in part.events if event.get("model")}
    return {*entry.scores, *(part.model for part in entry.arms.values()), *named}
