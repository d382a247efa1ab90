"""Exact windows: records put in order by their sequence numbers, and cut every `size` numbers.

Nothing here waits or reads: chunks of one partition go in, whole windows come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from producer.codec import decode
from producer.dataset import Dataset, Wire
from producer.lines import LINE_BYTES

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that is no record: its number, the reason in words, and its bytes (at most `LINE_BYTES` of them)."""

    seq: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """`size` consecutive sequence numbers and what was found under them.

    Attributes:
        index: windows are counted from 0, also where the first ones hold nothing.
        first_seq: its first number.
        last_seq: its last number, included; the stream's last number in a short last window.
        complete: whether it spans the full size; only the last window of a stream may not.
        seqs: int64[n], the numbers of the records, ascending.
        records: the n records under the contract's schema.
        dead, set_aside, missing: dead letters; numbers of header lines; numbers without any message.
    """

    index: int
    first_seq: int
    last_seq: int
    complete: bool
    seqs: npt.NDArray[np.int64]
    records: pa.RecordBatch
    dead: tuple[DeadLetter, ...] = ()
    set_aside: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a window's messages came from, and where reading goes on after it. Outside every digest.

    Attributes:
        window: index of the window.
        next: per partition, the lowest offset that a later window may need.
        surplus: messages before `next` minus numbers found in the windows so far. The doubles follow from it in
            the end, whatever is read again and in whatever order the partitions arrive.
        dead: (partition, offset) of each of the window's dead letters, in their order.
        doubles: messages so far whose number had been seen before; all of them after the last window.
    """

    window: int
    next: Mapping[int, int]
    surplus: int = 0
    dead: tuple[tuple[int, int], ...] = ()
    doubles: int = 0


@dataclass(slots=True)
class _Slot:
    """The messages of one window while it fills, and per partition the lowest offset among them."""

    values: list[bytes | None]
    partitions: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    lowest: dict[int, int] = field(default_factory=dict)
    filled: int = 0


def _empty(size: int) -> _Slot:
    nowhere = np.full(size, NOWHERE, dtype=np.int64)
    return _Slot([None] * size, nowhere.copy(), nowhere)


@dataclass(slots=True)
class Assembler:
    """Puts messages of any number of partitions into windows; in each partition the numbers first seen ascend.

    A window is ready when all its numbers are there, or when every partition is past it or at its end. The last
    one of all waits for `finish`: doubles may still follow it. Of several messages with one number the first to
    arrive counts; the others are doubles. So is one of a window that its own partition had passed before: of
    several messages with one key compaction keeps the last, and the number is missing where it was due.
    """

    size: int
    dataset: Dataset
    wire: Wire
    ends: Mapping[int, int]
    position: Position
    slots: dict[int, _Slot] = field(default_factory=dict)
    highest: dict[int, int] = field(default_factory=dict)
    read: dict[int, int] = field(init=False)
    recent: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    surplus: int = field(init=False)

    def __post_init__(self) -> None:
        self.read = dict(self.position.next)
        self.surplus = self.position.surplus

    @property
    def _next(self) -> int:
        return self.position.window + 1

    def feed(
        self,
        partition: int,
        seqs: npt.NDArray[np.int64],
        offsets: npt.NDArray[np.int64],
        values: Sequence[bytes | None],
    ) -> Iterator[tuple[Window, Position]]:
        """Take in one partition's messages in order of offset, and give out the windows that are ready."""
        if len(seqs) == 0:
            return
        highest = np.maximum.accumulate(np.concatenate([[self.highest.get(partition, NOWHERE)], seqs]))
        windows = seqs // self.size
        # What a partition has passed it has passed, or windows would differ by how the messages happen to arrive.
        in_time = highest[:-1] < (windows + 1) * self.size - 1
        for index in np.unique(windows[in_time]).tolist():
            rows = np.flatnonzero(in_time & (windows == index))
            if index >= self._next:
                self._fill(index, partition, seqs[rows], offsets[rows], [values[row] for row in rows.tolist()])
        self.surplus += len(seqs)
        self.recent[partition] = np.concatenate([self.recent.get(partition, offsets[:0]), offsets])
        self.highest[partition] = int(highest[-1])
        self.read[partition] = int(offsets[-1]) + 1
        yield from self._ready()

    def finish(self) -> Iterator[tuple[Window, Position]]:
        """All partitions are at their ends: give out the rest, the short last window included."""
        self.read.update(self.ends)
        yield from self._ready()
        if self.slots:
            yield self._emit(last=True)

    def _fill(
        self,
        index: int,
        partition: int,
        seqs: npt.NDArray[np.int64],
        offsets: npt.NDArray[np.int64],
        values: list[bytes | None],
    ) -> None:
        slot = self.slots.setdefault(index, _empty(self.size))
        places = seqs - index * self.size
        fresh = np.zeros(len(places), dtype=bool)
        fresh[np.unique(places, return_index=True)[1]] = True
        fresh &= slot.partitions[places] == NOWHERE
        for place, row in zip(places[fresh].tolist(), np.flatnonzero(fresh).tolist(), strict=True):
            slot.values[place] = values[row]
            slot.lowest.setdefault(partition, int(offsets[row]))
        slot.partitions[places[fresh]] = partition
        slot.offsets[places[fresh]] = offsets[fresh]
        slot.filled += int(fresh.sum())

    def _ready(self) -> Iterator[tuple[Window, Position]]:
        while self.slots and max(self.slots) > self._next and (self._full() or self._passed()):
            yield self._emit(last=False)

    def _full(self) -> bool:
        slot = self.slots.get(self._next)
        return slot is not None and slot.filled == self.size

    def _passed(self) -> bool:
        last = (self._next + 1) * self.size - 1
        behind = (p for p, end in self.ends.items() if self.read.get(p, 0) < end)
        return all(self.highest.get(p, NOWHERE) >= last for p in behind)

    def _emit(self, *, last: bool) -> tuple[Window, Position]:
        index = self._next
        slot = self.slots.pop(index, None) or _empty(self.size)
        present = np.flatnonzero(slot.partitions != NOWHERE)
        count = int(present[-1]) + 1 if last else self.size
        first = index * self.size
        values = [slot.values[place] for place in present.tolist()]
        window = build_window(
            index, first + count - 1, self.size, values, first + present, dataset=self.dataset, wire=self.wire
        )
        at = [letter.seq - first for letter in window.dead]
        dead = tuple((int(slot.partitions[place]), int(slot.offsets[place])) for place in at)
        self._move_on(index, slot.filled, dead)
        return window, self.position

    def _move_on(self, index: int, filled: int, dead: tuple[tuple[int, int], ...]) -> None:
        following = {p: min([self.read[p], *self._waiting(p)]) for p in self.read}
        self.recent = {p: offsets[offsets >= following[p]] for p, offsets in self.recent.items()}
        self.surplus -= filled
        # After a restart some messages have yet to be read again: what was known before is the least.
        doubles = max(self.position.doubles, self.surplus - sum(slot.filled for slot in self.slots.values()))
        settled = self.surplus - sum(len(offsets) for offsets in self.recent.values())
        self.position = Position(index, following, settled, dead, doubles)

    def _waiting(self, partition: int) -> list[int]:
        return [slot.lowest[partition] for slot in self.slots.values() if partition in slot.lowest]


def build_window(
    index: int,
    last_seq: int,
    size: int,
    values: Sequence[bytes | None],
    seqs: npt.NDArray[np.int64],
    *,
    dataset: Dataset,
    wire: Wire,
) -> Window:
    """Decode the messages under `seqs` (int64[m], ascending) and account for every number of the window."""
    decoded = decode(values, dataset, wire=wire)
    first = index * size
    numbers = np.arange(first, last_seq + 1, dtype=np.int64)
    return Window(
        index=index,
        first_seq=first,
        last_seq=last_seq,
        complete=len(numbers) == size,
        seqs=seqs[decoded.positions],
        records=decoded.records,
        dead=tuple(DeadLetter(int(seqs[at]), reason, (values[at] or b"")[:LINE_BYTES]) for at, reason in decoded.dead),
        set_aside=tuple(int(seqs[at]) for at in decoded.headers),
        missing=tuple(np.setdiff1d(numbers, seqs).tolist()),
    )
