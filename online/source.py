"""Where windows come from: a file, or a Kafka topic with any number of partitions. Both yield the same windows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from producer.dataset import Dataset, Wire
from producer.errors import ContractError
from producer.files import read_lines
from producer.stamp import Stamps, first_other, read_stamps, short_fingerprint

from .retention import gone_error
from .windows import NOWHERE, Assembler, Position, Window, build_window

if TYPE_CHECKING:
    from producer.topic import Chunk, TopicReader


class Source(Protocol):
    """A stream of windows that can be taken up again after any of them."""

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this stream and no other (JSON)."""

    @property
    def place(self) -> dict[str, str]:
        """Where a dead letter says it came from: `{"topic": name}` or `{"file": name}`."""

    @property
    def records(self) -> int | None:
        """How many messages it holds; None where nobody knows yet."""

    def windows(self, after: Position) -> Iterator[tuple[Window, Position]]:
        """The windows that follow a position, each with the position after it."""


@dataclass(frozen=True, slots=True)
class FinishedSource:
    """A stream that has been read to its end: all its windows are in the run."""

    identity: dict[str, Any]
    place: dict[str, str]
    records: int = 0

    def windows(self, after: Position) -> Iterator[tuple[Window, Position]]:
        """None are left."""
        return iter(())


START = Position(window=NOWHERE, next={})
"""Before the first window."""


@dataclass(slots=True)
class FileSource:
    """The data lines of a CSV file; a line's number, counted from 0, is its sequence number."""

    path: Path
    dataset: Dataset
    size: int
    identity: dict[str, Any] = field(init=False)
    place: dict[str, str] = field(init=False)
    records: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        digest, lines = hashlib.sha256(), read_lines(self.path, self.dataset)
        while block := list(islice(lines, self.size)):
            digest.update(b"\n".join([*block, b""]))
            self.records += len(block)
        self.identity = {"file": digest.hexdigest()}
        self.place = {"file": self.path.name}

    def windows(self, after: Position) -> Iterator[tuple[Window, Position]]:
        """Read on after a window; the lines before it are skipped."""
        done = (after.window + 1) * self.size
        lines = islice(read_lines(self.path, self.dataset) if done < self.records else (), done, None)
        for index in count(after.window + 1):
            values = list(islice(lines, self.size))
            if not values:
                return
            seqs = index * self.size + np.arange(len(values), dtype=np.int64)
            window = build_window(index, int(seqs[-1]), self.size, values, seqs, dataset=self.dataset, wire="csv")
            following = {0: int(seqs[-1]) + 1}
            yield window, Position(index, following, dead=tuple((0, letter.seq) for letter in window.dead))


class TopicSource:
    """A topic, read up to the end offsets that were fixed when the run was first started.

    Records that `produce` stamped are ordered by their numbers over all partitions. A topic that others filled
    has no stamps: then a message's place in the one partition is its number.
    """

    def __init__(
        self,
        reader: TopicReader,
        dataset: Dataset,
        *,
        size: int,
        wire: Wire,
        ends: Mapping[int, int] | None = None,
        begins: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        """Take a first look at an open reader's topic.

        Args:
            reader: stays open as long as the source is used.
            dataset: the contract of the model.
            size: records per window.
            wire: how the records travel.
            ends: the end offsets of an earlier start; now's if None.
            begins: the first offsets at an earlier start; now's where they aren't named.

        Raises:
            ContractError: the topic is empty, holds records of another contract, or can't be put in order.
        """
        self._reader, self._dataset, self._size, self._wire = reader, dataset, size, wire
        self.ends = dict(reader.end if ends is None else ends)
        self.begins = {p: begins.get(p, reader.beginning.get(p, 0)) for p in self.ends}
        self._until = self.ends
        self._begun: Iterator[Chunk] | None = None
        stamps = self._look()
        self.identity: dict[str, Any] = {"topic": reader.topic, "stream": stamps and stamps.stream.hex(), "wire": wire}
        self.place = {"topic": reader.topic}
        self.records: int | None = sum(end - reader.beginning.get(p, 0) for p, end in self.ends.items())

    def windows(self, after: Position) -> Iterator[tuple[Window, Position]]:
        """Read on after a window, from the lowest offset that a later window needs."""
        start = {p: after.next.get(p, self.begins[p]) for p in self.ends}
        self._refuse_gone(start, (after.window + 1) * self._size)
        position = replace(after, next=start)
        assembler = Assembler(self._size, self._dataset, self._wire, self._until, position)
        number = (after.window + 1) * self._size
        for chunk in self._chunks(start):
            yield from assembler.feed(chunk.partition, self._numbers(chunk, number), chunk.offsets, chunk.values)
            number += len(chunk.offsets)
        self._settle(assembler)
        yield from assembler.finish()

    def _open(self, start: Mapping[int, int]) -> Iterator[Chunk]:
        return self._reader.chunks(start, self.ends)

    def _settle(self, assembler: Assembler) -> None:
        """What is to be done when everything has been read."""

    def _limit(self, chunk: Chunk) -> int:
        return len(self.ends) * max(self.ends.values())

    def _chunks(self, start: Mapping[int, int]) -> Iterator[Chunk]:
        # From the beginning the first look simply goes on, once: the same messages needn't be fetched twice.
        begun, self._begun = self._begun, None
        return begun if begun and start == self._reader.beginning else self._open(start)

    def _refuse_gone(self, start: Mapping[int, int], number: int) -> None:
        """Refuse to go on where what the run has yet to read was deleted since its first start."""
        first = {p: min(self._reader.beginning.get(p, 0), end) for p, end in self.ends.items()}
        gone = {p: (start[p], first[p] - 1) for p in sorted(start) if start[p] < first[p]}
        if gone:
            left = (self._numbers(chunk, number) for chunk in self._reader.chunks(first, self.ends))
            raise gone_error(self._reader.topic, gone, number, left if self.identity["stream"] else None)

    def _numbers(self, chunk: Chunk, number: int) -> npt.NDArray[np.int64]:
        stamps = self._stamps(chunk)
        if (stamps and stamps.stream.hex()) != self.identity["stream"]:
            raise ContractError(
                f"topic '{self._reader.topic}' holds records of several streams: in partition {chunk.partition}, from "
                f"offset {int(chunk.offsets[0])} on, they aren't stamped as the first ones are. Replay each stream "
                "onto a topic of its own"
            )
        if stamps is None:
            return np.arange(number, number + len(chunk.offsets), dtype=np.int64)
        self._check_numbers(stamps.seqs, chunk)
        return stamps.seqs

    def _stamps(self, chunk: Chunk) -> Stamps | None:
        try:
            return read_stamps(chunk.keys)
        except ContractError as error:
            row = first_other(chunk.keys)
            raise ContractError(
                f"topic '{self._reader.topic}' holds something else from offset {int(chunk.offsets[row])} of partition "
                f"{chunk.partition} on: {error}"
            ) from None

    def _check_numbers(self, seqs: npt.NDArray[np.int64], chunk: Chunk) -> None:
        # One forged stamp must not open windows without end: no number lies beyond what the partitions can hold.
        limit = self._limit(chunk)
        if (beyond := np.flatnonzero(seqs >= limit)).size:
            row = int(beyond[0])
            raise ContractError(
                f"topic '{self._reader.topic}' is stamped with the number {int(seqs[row]):,} in partition "
                f"{chunk.partition} at offset {int(chunk.offsets[row])}, but it holds numbers below {limit:,} only. "
                "Something else than `driftduel produce` wrote onto it; replay the stream onto a topic of its own"
            )

    def _look(self) -> Stamps | None:
        topic = self._reader.topic
        chunks = self._open(self._reader.beginning)
        chunk = next(chunks, None)
        if chunk is None:
            raise ContractError(f"topic '{topic}' is empty; fill it first, for example with `driftduel produce`")
        self._begun = chain([chunk], chunks)
        stamps = self._stamps(chunk)
        if stamps is None and len(self.ends) > 1:
            raise ContractError(
                f"topic '{topic}' has {len(self.ends)} partitions and its records carry no sequence numbers, so that "
                "their order isn't known. Use a topic with one partition, or fill it with `driftduel produce`"
            )
        if stamps and stamps.fingerprint != short_fingerprint(self._dataset.fingerprint):
            raise ContractError(
                f"model and topic don't fit: topic '{topic}' was filled with records of another contract "
                f"(fingerprint {stamps.fingerprint.hex()}...) than dataset '{self._dataset.name}', which the model "
                f"reads ({self._dataset.fingerprint[:8]}...). Use the model trained for this topic's dataset"
            )
        return stamps


def refuse_foreign(
    windows: Iterator[tuple[Window, Position]], *, dataset: Dataset, where: str
) -> Iterator[tuple[Window, Position]]:
    """The same windows, but an error where not one message of the first is a record.

    Raises:
        ContractError: the stream holds something else, or travels in another wire format.
    """
    first = next(windows, None)
    if first is None:
        return
    window = first[0]
    if window.index == 0 and window.dead and not len(window.seqs):
        raise ContractError(
            f"none of the first {len(window.dead)} messages of {where} is a record of dataset '{dataset.name}'; the "
            f"first: {window.dead[0].reason}. Is it another dataset, or another --wire (csv, json-csv, json)?"
        )
    yield from chain([first], windows)
