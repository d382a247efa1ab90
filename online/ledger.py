"""The ledger: what each model predicted for each record, written before any model learned from it. Never rewritten.

One Arrow IPC file per window under `segments/`, put in place by a rename: a window is there whole or not at all.
`000012.arrow` holds the records, their labels, the scores by model and the arms' events; what arms that were
added later contribute to the same window stands in `000012.1.arrow`, and so on.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from producer.dataset import Dataset
from producer.errors import RunError

from .files import replace_file
from .interfaces import Event
from .windows import DeadLetter, Window

SEQ, SCORE = "#seq", "#score:"
"""Names of the ledger's own columns; `#` keeps them apart from the contract's."""
FACTS, CHECKSUM = b"driftduel", b"sha256"
"""Keys of a segment's metadata: what isn't tabular, as JSON, and a digest of that and of the columns."""
REPAIR = "Delete it and all later segments, and run the same command again"


@dataclass(frozen=True, slots=True)
class Part:
    """What one arm did in one window: the model in force when it began, and the events at its end."""

    model: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One window of the ledger.

    Attributes:
        window: the records, and what was no record.
        scores: float64[n] per model id.
        arms: per arm, its part.
    """

    window: Window
    scores: Mapping[str, npt.NDArray[np.float64]]
    arms: Mapping[str, Part]


@dataclass(slots=True)
class Ledger:
    """The segments of one run. Reading yields what was committed; appending never touches what is there."""

    folder: Path
    dataset: Dataset
    _files: dict[int, list[Path]] = field(init=False, default_factory=dict)
    _count: int = field(init=False, default=0)
    _latest: Entry | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.folder.glob("[0-9]*.arrow"), key=_place):
            self._files.setdefault(_place(path)[0], []).append(path)

    def __len__(self) -> int:
        """How many windows are committed, counted from 0 up to the first gap."""
        while self._count in self._files:
            self._count += 1
        return self._count

    def entries(self) -> Iterator[Entry]:
        """All committed windows in order."""
        return (self.read(index) for index in range(len(self)))

    def read(self, index: int) -> Entry:
        """One committed window.

        Raises:
            RunError: a segment is damaged.
        """
        if self._latest and self._latest.window.index == index:
            return self._latest
        first, *_ = paths = self._files[index]
        if _place(first)[1]:
            raise RunError(f"the segment {first} has lost {index:06d}.arrow, which it adds to. {REPAIR}")
        parts = [_load(path) for path in paths]
        window = _window(*parts[0], dataset=self.dataset)
        scores: dict[str, npt.NDArray[np.float64]] = {}
        arms: dict[str, Part] = {}
        for table, facts in parts:
            scores |= {
                name.removeprefix(SCORE): table.column(name).to_numpy()
                for name in table.schema.names
                if name.startswith(SCORE)
            }
            arms |= {name: Part(arm["model"], tuple(arm["events"])) for name, arm in facts["arms"].items()}
        self._latest = Entry(window, scores, arms)
        return self._latest

    def commit(self, entry: Entry) -> None:
        """Append what the ledger doesn't hold of this window yet; nothing if it holds everything.

        Raises:
            RunError: the ledger holds something else for an arm than what was computed now.
        """
        index = entry.window.index
        known = self.read(index) if index in self._files else None
        for name, part in known.arms.items() if known else ():
            if name in entry.arms and entry.arms[name] != part:
                raise RunError(
                    f"window {index} of {self.folder.parent} doesn't repeat: arm '{name}' did {part} when it was "
                    f"first run and {entry.arms[name]} now. The run was made elsewhere, or with other versions "
                    "(manifest.json has them); start a new run"
                )
        scores = {m: s for m, s in entry.scores.items() if not known or m not in known.scores}
        arms = {name: part for name, part in entry.arms.items() if not known or name not in known.arms}
        if not known or scores or arms:
            self._append(Entry(entry.window, scores, arms), alone=known is not None)

    def _append(self, entry: Entry, *, alone: bool) -> None:
        files = self._files.setdefault(entry.window.index, [])
        suffix = f".{_place(files[-1])[1] + 1}" if files else ""
        path = self.folder / f"{entry.window.index:06d}{suffix}.arrow"
        with replace_file(path) as sink:
            _store(sink, entry, alone=alone)
        files.append(path)
        self._latest = None


def _place(path: Path) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{6,})(?:\.([1-9][0-9]*))?\.arrow", path.name)
    if not match:
        raise RunError(f"{path} is no segment of a run; move it out of the run directory")
    return int(match[1]), int(match[2] or 0)


def _store(sink: Any, entry: Entry, *, alone: bool) -> None:
    window = entry.window
    columns = {} if alone else {SEQ: pa.array(window.seqs)}
    if not alone:
        columns |= dict(zip(window.records.schema.names, window.records.columns, strict=True))
    columns |= {SCORE + model: pa.array(scores) for model, scores in entry.scores.items()}
    facts = {
        "format": 1,
        "window": [window.index, window.first_seq, window.last_seq, window.complete],
        "dead": [[d.seq, d.reason, base64.b64encode(d.raw).decode()] for d in window.dead],
        "set_aside": window.set_aside,
        "missing": window.missing,
        "arms": {name: {"model": part.model, "events": part.events} for name, part in entry.arms.items()},
    }
    columns = columns or {SEQ: pa.array([], "int64")}
    table = pa.RecordBatch.from_pydict({name: _plain(column) for name, column in columns.items()})
    text = json.dumps(facts, allow_nan=False).encode()
    table = table.replace_schema_metadata({FACTS: text, CHECKSUM: _checksum(table, text)})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_batch(table)


def _plain(column: pa.Array) -> pa.Array:
    # A copy into buffers of its own: the bytes of a slice, or of what a filter left, tell where they came from.
    return pc.take(column, pa.array(np.arange(len(column))))


def _checksum(table: pa.RecordBatch, facts: bytes) -> bytes:
    content = hashlib.sha256(facts)
    for name, column in zip(table.schema.names, table.columns, strict=True):
        content.update(f"{name} {column.type} {len(column)} {column.null_count} ".encode())
        for buffer in column.buffers()[1:]:
            content.update(buffer)
    return content.hexdigest().encode()


def _load(path: Path) -> tuple[pa.RecordBatch, dict[str, Any]]:
    try:
        # Read into memory: a mapped file would be closed under the arrays.
        with pa.ipc.open_file(pa.BufferReader(path.read_bytes())) as reader:
            table, metadata = reader.get_batch(0), reader.schema.metadata
        table.validate(full=True)
        if _checksum(table, metadata[FACTS]) != metadata[CHECKSUM]:
            raise ValueError("its checksum differs")
        return table, json.loads(metadata[FACTS])
    except (OSError, MemoryError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise RunError(f"the segment {path} is damaged ({error}); what stands before it is whole. {REPAIR}") from None


def _window(table: pa.RecordBatch, facts: dict[str, Any], *, dataset: Dataset) -> Window:
    index, first, last, complete = facts["window"]
    return Window(
        index=index,
        first_seq=first,
        last_seq=last,
        complete=complete,
        seqs=table.column(SEQ).to_numpy(),
        records=pa.RecordBatch.from_arrays([table.column(n) for n in dataset.names], schema=dataset.schema),
        dead=tuple(DeadLetter(seq, reason, base64.b64decode(raw)) for seq, reason, raw in facts["dead"]),
        set_aside=tuple(facts["set_aside"]),
        missing=tuple(facts["missing"]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class ScoredWindow:
    """A committed window as plain arrays: numbers int64[n], labels int8[n], and float64[n] per model id."""

    index: int
    seqs: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int8]
    scores: dict[str, npt.NDArray[np.float64]]


def read_scores(run: Path) -> Iterator[ScoredWindow]:
    """The scores of a run directory, window by window.

    Raises:
        RunError: this is no run, or a segment is damaged.
    """
    from .run import read_contract

    dataset = read_contract(run)
    for entry in Ledger(run / "segments", dataset).entries():
        labels = entry.window.records.column(dataset.label_name).to_numpy()
        yield ScoredWindow(entry.window.index, entry.window.seqs, labels, dict(entry.scores))
