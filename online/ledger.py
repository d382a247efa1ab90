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

from producer.dataset import Dataset
from producer.errors import RunError

from .files import replace_file
from .segment import REPAIR, Entry, Part, read_segments, write_segment

__all__ = ["Entry", "Ledger", "Part"]


@dataclass(slots=True)
class Ledger:
    """The segments of one run. Reading yields what was committed; committing never touches what is there."""

    folder: Path
    dataset: Dataset
    _files: dict[int, list[Path]] = field(init=False, default_factory=dict)
    _count: int = field(init=False, default=0)
    _latest: Entry | None = field(init=False, default=None)

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
        """One committed window.

        Raises:
            RunError: a segment is damaged, or the first of its window is lost.
        """
        if self._latest is None or self._latest.window.index != index:
            paths = self._files[index]
            if place_of(paths[0])[1]:
                raise RunError(f"the segment {paths[0]} has lost {index:06d}.arrow, which it adds to. {REPAIR}")
            self._latest = self._checked(index, paths)
        return self._latest

    def _checked(self, index: int, paths: list[Path]) -> Entry:
        entry = read_segments(paths, self.dataset)
        if entry.window.index != index:
            raise RunError(f"the segment {paths[0]} is damaged: it holds window {entry.window.index}. {REPAIR}")
        return entry

    def commit(self, entry: Entry) -> None:
        """Append what the ledger doesn't hold of this window yet; nothing if it holds everything.

        Raises:
            RunError: an arm did something else now than what the ledger holds of it.
        """
        index = entry.window.index
        if index not in self._files:
            self._append(entry, with_records=True)
            return
        known = self.read(index)
        self._check_repeats(known, entry)
        scores = {model: scores for model, scores in entry.scores.items() if model not in known.scores}
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
        files = self._files.get(entry.window.index)
        suffix = f".{place_of(files[-1])[1] + 1}" if files else ""
        path = self.folder / f"{entry.window.index:06d}{suffix}.arrow"
        with replace_file(path) as sink:
            write_segment(sink, entry, with_records=with_records)
        self._add(path)

    def _add(self, path: Path) -> None:
        self._files.setdefault(place_of(path)[0], []).append(path)
        self._latest = None
        while self._count in self._files:
            self._count += 1


def place_of(path: Path) -> tuple[int, int]:
    """A segment's window, and which of that window's segments it is, by its name.

    Raises:
        RunError: no segment has such a name.

    >>> place_of(Path("segments/000012.1.arrow"))
    (12, 1)
    """
    match = re.fullmatch(r"([0-9]{6,})(?:\.([1-9][0-9]*))?\.arrow", path.name)
    if not match:
        raise RunError(f"{path} is no segment of a run; move it out of the run directory")
    return int(match[1]), int(match[2] or 0)
