"""The ledger: what each model predicted for each record, made before any model learned from it. Never rewritten.

One Arrow IPC file per window under `segments/`, put in place by a rename: a window is there whole or not at all.
`000012.arrow` holds the records, their labels, the scores by model and the events that followed them; what arms
that were added later contribute to the same window stands in `000012.1.arrow`, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from producer.dataset import Dataset
from producer.errors import RunError

from .files import replace_file
from .segment import REPAIR, Entry, Part, read_segments, write_segment

__all__ = ["Entry", "Ledger", "Part"]


@dataclass(slots=True)
class Ledger:
    """The segments of one run. Reading yields what was committed; committing never touches what is there.

    Attributes:
        folder: where the segments are; made by the first commit.
        dataset: the contract of the records.
    """

    folder: Path
    dataset: Dataset
    _files: dict[int, list[Path]] = field(init=False, default_factory=dict)  # by window, in the order of their parts
    _count: int = field(init=False, default=0)
    _latest: Entry | None = field(init=False, default=None)  # what was read last is often asked for again

    def __post_init__(self) -> None:
        for path in sorted(self.folder.glob("[0-9]*.arrow"), key=place_of):
            self._add(path)

    def __len__(self) -> int:
        """How many windows are committed, counted from 0 up to the first gap."""
        return self._count

    def entries(self) -> Iterator[Entry]:
        """All committed windows in order."""
        return (self.read(index) for index in range(len(self)))

    def read(self, index: int) -> Entry:
        """One committed window, with all that its segments hold.

        Raises:
            RunError: a segment is damaged, or the first of its window is lost.
            KeyError: no segment is of this window.
        """
        if self._latest is None or self._latest.window.index != index:
            self._latest = self._joined(index, self._files[index])
        return self._latest

    def _joined(self, index: int, paths: list[Path]) -> Entry:
        if place_of(paths[0]).part:
            raise RunError(f"the segment {paths[0]} has lost {index:06d}.arrow, which it adds to. {REPAIR}")
        entry = read_segments(paths, self.dataset)
        if entry.window.index != index:
            raise RunError(f"the segment {paths[0]} is damaged: it holds window {entry.window.index}. {REPAIR}")
        return entry

    def commit(self, entry: Entry) -> None:
        """Append what the ledger doesn't hold of this window yet: all of it, what new arms add to it, or nothing.

        Raises:
            RunError: an arm did something else now than what the ledger holds of it.
        """
        index = entry.window.index
        if index not in self._files:
            self._append(entry, with_records=True)
            return
        known = self.read(index)
        self._check_repeats(known, entry)
        scores = {model: made for model, made in entry.scores.items() if model not in known.scores}
        arms = {name: part for name, part in entry.arms.items() if name not in known.arms}
        if scores or arms:
            self._append(Entry(entry.window, scores, arms), with_records=False)

    def _check_repeats(self, known: Entry, now: Entry) -> None:
        for name in known.arms.keys() & now.arms.keys():
            if known.arms[name] != now.arms[name]:
                raise RunError(
                    f"the run {self.folder.parent} doesn't repeat: in window {known.window.index} the arm '{name}' "
                    "does something else now than when it was first run. It was made elsewhere, or with other "
                    "versions (manifest.json has them); start a new run"
                )

    def _append(self, entry: Entry, *, with_records: bool) -> None:
        index = entry.window.index
        before = self._files.get(index)
        part = f".{place_of(before[-1]).part + 1}" if before else ""
        path = self.folder / f"{index:06d}{part}.arrow"
        with replace_file(path) as sink:
            write_segment(sink, entry, with_records=with_records)
        self._add(path)

    def _add(self, path: Path) -> None:
        self._files.setdefault(place_of(path).window, []).append(path)
        self._latest = None
        while self._count in self._files:
            self._count += 1


class Place(NamedTuple):
    """Where a segment belongs: its window, and which of that window's segments it is, the one with the records being 0.

    Places are in order as the segments are.
    """

    window: int
    part: int


def place_of(path: Path) -> Place:
    """Where a segment belongs, by its name.

    Raises:
        RunError: no segment has such a name.

    >>> place_of(Path("segments/000012.1.arrow"))
    Place(window=12, part=1)
    """
    match = re.fullmatch(r"([0-9]{6,})(?:\.([1-9][0-9]*))?\.arrow", path.name)
    if not match:
        raise RunError(f"{path} is no segment of a run; move it out of the run directory")
    return Place(int(match[1]), int(match[2] or 0))
