"""What the segments of a run hold, as far as they are whole: what the evaluator would refuse is left out and named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from analysis.inference.compare import Labels, Wrong
from online.labels import label_values
from online.ledger import Entry, place_of
from online.segment import Loaded, load_segment, read_segments
from online.task import BinaryTask
from online.tracker import dead_rows, event_rows, tracker_rows
from online.windows import Position
from producer.dataset import Dataset
from producer.errors import RunError

from .contract import contract_of, starting_model
from .events import Event
from .manifest import Manifest
from .reading import checked, several

AGAIN = (
    "Copy them from where the run was made, or delete them and all later segments and run the same 'driftduel "
    "evaluate' again."
)


class Found(NamedTuple):
    """A window with segments that are whole, and what must be known of all windows before any can be read.

    The windows themselves are read one by one, later: all of them, with their dead letters, may fill the memory.
    """

    paths: list[Path]
    schema: pa.Schema
    numbers: int
    statics: list[str]


@dataclass(slots=True, eq=False)
class Held:
    """What the segments hold.

    Attributes:
        dataset: the contract; one that only names columns and types if the starting model is lost.
        threshold: a record counts as positive iff its score is above it.
        size: numbers in a window; 0 if that isn't known.
        static: the model that the static arm must have; None if that isn't known.
        files: by window, its segments that are whole, the one with the records first.
        rows: of the tracker.
        events: in the order in which they happened.
        dead: by window, how many dead letters it has; `letters` reads them anew, as there may be millions.
        labels: by window, int8[n_w], the labelled records only.
        wrong: by window and model, which of those it got wrong, bool[n_w].
        positions: where the windows' messages came from, as far as known.
        source: `{"topic": name}` or `{"file": name}`; stands in each dead letter.
    """

    dataset: Dataset
    threshold: float
    size: int
    static: str | None
    files: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    dead: Counter[int] = field(default_factory=Counter)
    labels: dict[int, Labels] = field(default_factory=dict)
    wrong: dict[tuple[int, str], Wrong] = field(default_factory=dict)
    positions: Mapping[int, Position] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)

    def read(self, window: int) -> Entry:
        """A window that is whole, with what arms that were added later did in it."""
        files = self.files[window]
        return read_segments(files, self.dataset)

    def letters(self) -> Iterator[dict[str, Any]]:
        """The dead letters in order; those of one window are in memory at a time."""
        for window in self.dead:
            entry, position = self.read(window), self.positions.get(window)
            known = position if position and len(position.dead) == len(entry.window.dead) else None
            yield from dead_rows(entry, known, self.source)


class _Reader:
    """Goes through the segments once, and gathers what is wrong with which."""

    def __init__(self, run: Path, manifest: Manifest) -> None:
        self._run = run
        self._manifest = manifest
        self.wrong: defaultdict[str, list[str]] = defaultdict(list)

    def windows(self) -> Iterator[Found]:
        """Windows with the segments that are whole, up to the first that isn't, in order."""
        for index, paths in sorted(self._files().items()):
            if place_of(paths[0])[1]:
                self.wrong["add to segments that are lost"] += [path.name for path in paths]
                continue
            parts: list[Loaded] = []
            for path in paths:
                try:
                    parts.append(self._checked(load_segment(path), index))
                except (RunError, ValueError) as error:
                    self.wrong[_why(error)].append(path.name)
                    break
            if parts:
                yield _found(paths, parts)

    def _files(self) -> dict[int, list[Path]]:
        found: defaultdict[int, list[Path]] = defaultdict(list)
        folder = self._run / "segments"
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.startswith("."):
                continue  # one that is being written
            try:
                found[place_of(path)[0]].append(path)
            except RunError:
                self.wrong["are no segments"].append(path.name)
        return {index: sorted(paths, key=place_of) for index, paths in found.items()}

    def _checked(self, part: Loaded, index: int) -> Loaded:
        """The segment, if it can be one of this window.

        Raises:
            ValueError: it is another's.
        """
        number, first, last, _ = part[1].window
        size = self._manifest.identity.window
        if number != index or (size and (first != index * size or last >= first + size)):
            raise ValueError("belong to another window or run")
        for arm in part[1].arms.values():
            for event in arm.events:
                checked(Event, {"window": index, "arm": "", **event})
        return part


def _found(paths: list[Path], parts: Sequence[Loaded]) -> Found:
    _, first, last, _ = parts[0][1].window
    statics = [facts.arms["static"].model for _, facts in parts if "static" in facts.arms]
    return Found(paths[: len(parts)], parts[0][0].schema.remove_metadata(), last - first + 1, statics)


def _why(error: RunError | ValueError) -> str:
    """In a few words that follow the names of files."""
    said = str(error)
    if isinstance(error, RunError):
        return "are damaged (" + said.partition(" is damaged (")[2].partition("); what stands")[0] + ")"
    return said if said.startswith("belong") else "are damaged (their events are none)"


def hold_segments(
    run: Path, manifest: Manifest, positions: Mapping[int, Position], source: Mapping[str, str], missing: list[str]
) -> Held | None:
    """What the segments of a run hold; None where no window is whole, or the threshold is lost.

    Args:
        run: the run directory.
        manifest: what is known of the run; it is taken for granted here.
        positions: where the windows' messages came from, as far as known.
        source: `{"topic": name}` or `{"file": name}`; stands in each dead letter.
        missing: takes a sentence for whatever is missing, damaged or foreign.
    """
    reader = _Reader(run, manifest)
    windows = list(reader.windows())
    held = _begin(run, manifest, windows, missing)
    if held is not None:
        held.positions, held.source = positions, source
        for paths in (window.paths for window in windows):
            try:
                entry = read_segments(paths, held.dataset)
                _check(entry, held)
            except (RunError, ValueError) as error:
                reader.wrong[_why(error)] += [path.name for path in paths]
                continue
            _add(held, paths, entry)
    for why, names in reader.wrong.items():
        missing.append(f"segments: {several(names)} {why}. They are left out. {AGAIN}")
    if not windows and not reader.wrong:
        missing.append("segments: there are none, so that what was predicted for each record isn't known.")
    return held if held is not None and held.files else None


def _begin(run: Path, manifest: Manifest, windows: Sequence[Found], missing: list[str]) -> Held | None:
    """What is needed to read the windows; None where there is none, or it isn't known which scores are positive."""
    if not windows:
        return None
    static = manifest.static or _static_of(windows)
    model = starting_model(run, static, missing)
    threshold = model.threshold if manifest.threshold is None and model else manifest.threshold
    if threshold is None:
        missing.append(
            "The threshold is lost with manifest.json and the starting model: what the scores in the segments mean "
            "isn't known."
        )
        return None
    contract = contract_of(run, model, [window.schema for window in windows])
    own = static if static in _statics(windows) else None
    return Held(contract, threshold, manifest.identity.window or _size(windows), own)


def _size(windows: Sequence[Found]) -> int:
    """Numbers in a window, where only the windows themselves say it."""
    return max(window.numbers for window in windows)


def _statics(windows: Sequence[Found]) -> Counter[str]:
    """The models that the static arm has in these windows: it never changes, so that there should be one."""
    return Counter(chain.from_iterable(window.statics for window in windows))


def _static_of(windows: Sequence[Found]) -> str:
    found = _statics(windows)
    return found.most_common(1)[0][0] if found else ""


def _check(entry: Entry, held: Held) -> None:
    """Refuse a window of another run.

    Raises:
        ValueError: it is one.
    """
    labels = entry.window.records.column(held.dataset.label_name).drop_null().unique().to_pylist()
    static = entry.arms.get("static")
    if not set(labels) <= {0, 1} or (held.static and static and static.model != held.static):
        raise ValueError("belong to another window or run")


def _add(held: Held, paths: list[Path], entry: Entry) -> None:
    name, index = held.dataset.label_name, entry.window.index
    column = entry.window.records.column(name)
    there = column.is_valid().to_numpy(zero_copy_only=False)
    labels = label_values(column)[there]
    held.rows += tracker_rows(entry, BinaryTask(held.threshold), name)
    held.events += event_rows(entry)
    held.labels[index] = labels
    for model in {part.model for part in entry.arms.values()}:
        held.wrong[index, model] = (entry.scores[model][there] > held.threshold) != (labels == 1)
    held.files[index] = tuple(paths)
    if entry.window.dead:
        held.dead[index] = len(entry.window.dead)
