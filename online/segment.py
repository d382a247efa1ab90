"""A segment: one window of the ledger as an Arrow IPC file, and back."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, Field

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


class PartFacts(BaseModel):
    """What a segment says of one arm."""

    model: str
    events: tuple[dict[str, Any], ...]


Number = Annotated[int, Field(ge=0, lt=2**63)]


class Facts(BaseModel):
    """What isn't tabular in a segment; nothing of it is taken on trust."""

    format: Literal[1]
    window: tuple[Number, Number, Annotated[int, Field(ge=-1, lt=2**63)], bool]
    dead: tuple[tuple[Number, str, str], ...]
    set_aside: tuple[Number, ...]
    missing: tuple[Number, ...]
    arms: dict[str, PartFacts]


Loaded = tuple[pa.RecordBatch, Facts]
"""One segment: its columns and its facts."""


def read_segments(paths: Sequence[Path], dataset: Dataset) -> Entry:
    """The entry of one window from its segments, the one with the records first.

    Raises:
        RunError: a segment is damaged; the message names it.
    """
    return join_segments([load_segment(path) for path in paths], dataset, where=paths[0])


def join_segments(parts: Sequence[Loaded], dataset: Dataset, *, where: Path) -> Entry:
    """The entry of one window from what its segments hold, the one with the records first.

    Raises:
        RunError: they don't fit each other, or the contract; the message names `where`.
    """
    scores: dict[str, npt.NDArray[np.float64]] = {}
    arms: dict[str, Part] = {}
    try:
        for table, facts in parts:
            scores |= {name.removeprefix(SCORE): _scores(table, name) for name in _scored(table)}
            arms |= {name: Part(arm.model, arm.events) for name, arm in facts.arms.items()}
        entry = Entry(_window(*parts[0], dataset=dataset), scores, arms)
        _check(entry)
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise damaged(where, error) from None
    return entry


def damaged(path: Path, why: object) -> RunError:
    """What is to be said of a damaged segment."""
    said = str(why).splitlines()[0] if str(why) else "unreadable"
    return RunError(f"the segment {path} is damaged ({said}); what stands before it is whole. {REPAIR}")


def _scored(table: pa.RecordBatch) -> list[str]:
    return [name for name in table.schema.names if name.startswith(SCORE)]


def _scores(table: pa.RecordBatch, name: str) -> npt.NDArray[np.float64]:
    column = table.column(name)
    if column.type != pa.float64() or column.null_count:
        raise ValueError(f"{name} holds no scores")
    found: npt.NDArray[np.float64] = column.to_numpy()
    return found


def _check(entry: Entry) -> None:
    records = len(entry.window.seqs)
    if len(entry.window.records) != records or any(len(scores) != records for scores in entry.scores.values()):
        raise ValueError("its columns differ in length")
    for arm, part in entry.arms.items():
        if part.model not in entry.scores:
            raise ValueError(f"the scores of '{arm}' are missing")


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


def load_segment(path: Path) -> Loaded:
    """What one segment holds, once it is checked that it is whole.

    Raises:
        RunError: it is damaged; the message names it.
    """
    try:
        # Read into memory: a mapped file would be closed under the arrays.
        with pa.ipc.open_file(pa.BufferReader(path.read_bytes())) as reader:
            table, metadata = reader.get_batch(0), reader.schema.metadata
        table.validate(full=True)
        if _checksum(table, metadata[FACTS]) != metadata[CHECKSUM]:
            raise ValueError("its checksum differs")
        return table, Facts.model_validate(json.loads(metadata[FACTS]))
    except (OSError, MemoryError, RecursionError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from None


def _window(table: pa.RecordBatch, facts: Facts, *, dataset: Dataset) -> Window:
    index, first, last, complete = facts.window
    seqs = table.column(SEQ)
    if seqs.type != pa.int64() or seqs.null_count:
        raise ValueError(f"{SEQ} holds no numbers")
    return Window(
        index=index,
        first_seq=first,
        last_seq=last,
        complete=complete,
        seqs=seqs.to_numpy(),
        records=pa.RecordBatch.from_arrays([table.column(n) for n in dataset.names], schema=dataset.schema),
        dead=tuple(DeadLetter(seq, reason, base64.b64decode(raw)) for seq, reason, raw in facts.dead),
        set_aside=facts.set_aside,
        missing=facts.missing,
    )
