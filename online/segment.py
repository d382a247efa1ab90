"""A segment: one window of the ledger as an Arrow IPC file, and back."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from producer.dataset import Dataset
from producer.errors import RunError

from .interfaces import Event
from .windows import DeadLetter, Window

SEQ, SCORE = "#seq", "#score:"
"""Names of the ledger's own columns; no contract's column begins with `#`."""
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
        scores: float64[n] per model id: champions, and challengers on trial.
        arms: per arm, its part.
    """

    window: Window
    scores: Mapping[str, npt.NDArray[np.float64]]
    arms: Mapping[str, Part]


def write_segment(sink: BinaryIO, entry: Entry, *, with_records: bool) -> None:
    """Write an entry; equal entries give equal bytes, whatever order or buffers their values come in.

    Args:
        sink: a file open for writing.
        entry: what to write.
        with_records: whether the records go into it too; a later segment of the same window has none.
    """
    facts = json.dumps(_facts(entry), allow_nan=False).encode()
    columns = {name: _plain(column) for name, column in _columns(entry, with_records=with_records).items()}
    table = pa.RecordBatch.from_pydict(columns)
    table = table.replace_schema_metadata({FACTS: facts, CHECKSUM: _checksum(table, facts)})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_batch(table)


def read_segments(paths: Sequence[Path], dataset: Dataset) -> Entry:
    """The entry of one window from its segments, the one with the records first.

    Raises:
        RunError: a segment is damaged; the message names it.
    """
    parts = [_load(path) for path in paths]
    scores: dict[str, npt.NDArray[np.float64]] = {}
    arms: dict[str, Part] = {}
    for table, facts in parts:
        scored = (name for name in table.schema.names if name.startswith(SCORE))
        scores |= {name.removeprefix(SCORE): table.column(name).to_numpy() for name in scored}
        arms |= {name: Part(arm["model"], tuple(arm["events"])) for name, arm in facts["arms"].items()}
    return Entry(_window(*parts[0], dataset=dataset), scores, arms)


def _facts(entry: Entry) -> dict[str, Any]:
    window = entry.window
    return {
        "format": 1,
        "window": [window.index, window.first_seq, window.last_seq, window.complete],
        "dead": [[d.seq, d.reason, base64.b64encode(d.raw).decode()] for d in window.dead],
        "set_aside": window.set_aside,
        "missing": window.missing,
        "arms": {name: {"model": part.model, "events": part.events} for name, part in sorted(entry.arms.items())},
    }


def _columns(entry: Entry, *, with_records: bool) -> dict[str, pa.Array]:
    records = entry.window.records
    scores = {SCORE + model: pa.array(scores) for model, scores in sorted(entry.scores.items())}
    if with_records:
        named = dict(zip(records.schema.names, records.columns, strict=True))
        return {SEQ: pa.array(entry.window.seqs), **named, **scores}
    return scores or {SEQ: pa.array([], "int64")}


def _plain(column: pa.Array) -> pa.Array:
    # A copy into buffers of its own: the bytes of a slice, or of what a filter left, tell where they came from.
    return pc.take(column, pa.array(np.arange(len(column))))


def _checksum(table: pa.RecordBatch, facts: bytes) -> bytes:
    content = hashlib.sha256(facts)
    for name, column in zip(table.schema.names, table.columns, strict=True):
        content.update(f"{name} {column.type} {len(column)} {column.null_count} ".encode())
        if column.null_count:
            content.update(np.packbits(column.is_valid().to_numpy(zero_copy_only=False)).tobytes())
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
