"""The label topic: one message for each label, which says whose it is and after which record it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson

from .client import NO_CONFIG, Config
from .codec import decode
from .dataset import Dataset
from .errors import ContractError
from .label_plan import Arrivals
from .label_table import AFTER, LABEL, DeadLabel, LabelTable, Numbers, dead_label, label_contract, refused, settle
from .lines import shorten
from .stamp import LARGEST_SEQ, Stamps, is_stamp, make_stamp, read_stamps, short_fingerprint
from .topic import Chunk, TopicReader, ensure_topic
from .writer import TopicWriter

ADVICE = "Choose another --labels-topic"


@dataclass(frozen=True, slots=True)
class _Part:
    """What one chunk holds: labels with where they stood, what is none, and the stamp they carry."""

    seqs: Numbers
    labels: npt.NDArray[np.int8]
    after: Numbers
    offsets: Numbers
    partition: int
    dead: tuple[DeadLabel, ...]
    stamp: tuple[bytes, bytes] | None


def read_label_topic(
    reader: TopicReader, dataset: Dataset, *, ends: Mapping[int, int] | None = None
) -> tuple[LabelTable, dict[int, int]]:
    """All labels on a topic, and its end offsets up to which they were read.

    A message's key is the number of its record: the stamp that `produce` writes, or the number in decimal digits. Its
    value is a JSON object such as `{"label": "attack", "after": 1234}`. Of several labels for one record the one with
    the lowest offset counts; between partitions, which a key decides, there is no order but that of their numbers.

    Args:
        reader: open on the label topic.
        dataset: the records' contract, for the words of its label.
        ends: the end offsets of an earlier reading; now's if None.

    Raises:
        ContractError: the topic doesn't reach so far any more, or holds labels of another contract, of several
            streams, or none at all.
        BrokerError: nothing arrives.
    """
    stops = dict(reader.end if ends is None else ends)
    start = {p: min(reader.beginning.get(p, 0), stop) for p, stop in stops.items()}
    parts = [_part(chunk, dataset) for chunk in reader.chunks(start, stops)]
    stream = _stream(reader.topic, dataset, parts)
    if not any(len(part.seqs) for part in parts):
        first = next((letter.reason for part in parts for letter in part.dead), "it has no message")
        raise ContractError(
            f"topic '{reader.topic}' holds not one label of dataset '{dataset.name}'; the first reason: {first}. "
            "Name the topic that 'driftduel produce --labels-topic' filled"
        )
    seqs, labels, after, offsets = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("seqs", "labels", "after", "offsets")
    )
    partitions = np.concatenate([np.full(len(part.seqs), part.partition) for part in parts])
    order = np.lexsort((partitions, offsets))
    dead = sorted((letter for part in parts for letter in part.dead), key=lambda d: (d.offset, d.partition))
    return settle(seqs[order], labels[order], after[order], dead=dead, stream=stream), stops


def write_label_topic(
    arrivals: Arrivals,
    dataset: Dataset,
    stream: bytes,
    *,
    bootstrap: str,
    topic: str,
    config: Config = NO_CONFIG,
) -> int:
    """Put labels onto a topic, all that aren't there yet, in the order of their arrival; how many this call sent.

    All labels of one record go to one partition, by the record's number.

    Args:
        arrivals: which labels, and when.
        dataset: the records' contract.
        stream: the 8 bytes that name the stream of the records.
        bootstrap: `HOST:PORT`.
        topic: made with one partition if it isn't there.
        config: further client settings.

    Raises:
        BrokerError: no broker answers, or a label couldn't be written.
        ContractError: the topic holds something else.
        UsageError: no topic can have that name.
    """
    count = ensure_topic(bootstrap, topic, partitions=None, config=config)
    messages = _by_partition(arrivals, dataset, stream, count)
    with TopicReader(bootstrap, topic, config=config, allow_empty=True) as reader:
        where, there = f"topic '{topic}' at {bootstrap}", dict(reader.end)
        if any(reader.beginning.values()):
            raise ContractError(f"older messages of {where} were deleted, so that labels are lost there. {ADVICE}")
        for chunk in reader.chunks(reader.beginning, reader.end):
            _refuse_other(chunk, messages[chunk.partition], where=where)
    sent = 0
    with TopicWriter(bootstrap, topic, config=config) as writer:
        for partition, all_of_it in messages.items():
            for offset in range(there[partition], len(all_of_it)):
                key, value = all_of_it[offset]
                writer.send(offset, partition=partition, offset=offset, key=key, value=value)
                sent += 1
    return sent


def _part(chunk: Chunk, dataset: Dataset) -> _Part:
    seqs, reasons, stamps = _numbers(chunk)
    decoded = decode(chunk.values, label_contract(dataset, (LABEL, AFTER)), wire="json")
    kept = np.array([int(at) not in reasons for at in decoded.positions], dtype=np.bool_)
    good = decoded.positions[kept]
    dead = {**dict(refused(decoded)), **reasons}
    labels, after = (decoded.records.column(name).to_numpy()[kept] for name in (LABEL, AFTER))
    return _Part(
        seqs[good],
        labels,
        after,
        chunk.offsets[good],
        chunk.partition,
        tuple(dead_label(why, chunk.values[at], chunk.partition, int(chunk.offsets[at])) for at, why in dead.items()),
        None if stamps is None else (stamps.fingerprint, stamps.stream),
    )


def _numbers(chunk: Chunk) -> tuple[Numbers, dict[int, str], Stamps | None]:
    """The records' numbers in the keys; 0, and a reason by place, where a key is none."""
    stamped = [is_stamp(key) for key in chunk.keys]
    stamps = read_stamps([key for key in chunk.keys if is_stamp(key)])
    seqs = np.zeros(len(chunk.keys), dtype=np.int64)
    if stamps is not None:
        seqs[np.array(stamped)] = stamps.seqs
    reasons: dict[int, str] = {}
    for at in np.flatnonzero(~np.array(stamped, dtype=np.bool_)).tolist():
        key = chunk.keys[at] or b""
        if key.isdigit() and len(key) < 20 and int(key) <= LARGEST_SEQ:
            seqs[at] = int(key)
        else:
            reasons[at] = f"its key {shorten(key)} is no sequence number"
    return seqs, reasons, stamps


def _stream(topic: str, dataset: Dataset, parts: list[_Part]) -> str | None:
    """The one stream that all stamps name, in hex; None without stamps."""
    stamps = {part.stamp for part in parts if part.stamp is not None}
    if any(fingerprint != short_fingerprint(dataset.fingerprint) for fingerprint, _ in stamps):
        raise ContractError(
            f"topic '{topic}' holds labels of another contract than '{dataset.name}'; name the label topic that was "
            "filled from this stream's file"
        )
    if len(stamps) > 1:
        raise ContractError(f"topic '{topic}' holds labels of several streams; use a label topic of its own for each")
    return next((stream.hex() for _, stream in stamps), None)


def _by_partition(
    arrivals: Arrivals, dataset: Dataset, stream: bytes, count: int
) -> dict[int, list[tuple[bytes, bytes]]]:
    messages: dict[int, list[tuple[bytes, bytes]]] = {partition: [] for partition in range(count)}
    for seq, word, after in _rows(arrivals):
        key = make_stamp(fingerprint=dataset.fingerprint, stream=stream, seq=seq)
        messages[seq % count].append((key, orjson.dumps({LABEL: word, AFTER: after})))
    return messages


def _rows(arrivals: Arrivals) -> Iterator[tuple[int, str, int]]:
    return zip(arrivals.seqs.tolist(), arrivals.words.to_pylist(), arrivals.after.tolist(), strict=True)


def _refuse_other(chunk: Chunk, expected: list[tuple[bytes, bytes]], *, where: str) -> None:
    for offset, key, value in zip(chunk.offsets.tolist(), chunk.keys, chunk.values, strict=True):
        if offset >= len(expected) or (key, value) != expected[offset]:
            raise ContractError(
                f"{where} already holds something else than these labels (in partition {chunk.partition} at offset "
                f"{offset}): another file's, or drawn with other options. {ADVICE}"
            )
