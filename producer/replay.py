"""Replays a file onto a topic: each record stamped with its number, exactly once, from wherever the topic ends.

Record `seq` lies in partition `seq % partitions` at offset `seq // partitions`. So a partition's last message
says how far it got, its end offset whether anything is missing or doubled there, and a replay that was killed
goes on without a gap.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .client import NO_CONFIG, Config
from .codec import encode_line
from .dataset import Dataset, Wire
from .errors import ContractError
from .files import read_lines
from .stamp import STREAM_BYTES, make_stamp, read_stamps, short_fingerprint
from .topic import Last, ensure_topic, last_records
from .writer import TopicWriter

REPORT_EVERY = 500


@dataclass(frozen=True, slots=True)
class Stream:
    """A file as it travels: a name of 8 bytes that changes with any line, the wire or the contract, and its length."""

    id: bytes
    records: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: records of the file, of these already on the topic, and sent by this call."""

    records: int
    already: int
    sent: int
    partitions: int
    stream: str
    seconds: float


def identify(path: Path, dataset: Dataset, *, wire: Wire) -> Stream:
    """Read the whole file once to name the stream that its replay is.

    Raises:
        UsageError, ContractError: as `read_lines`.
    """
    digest = hashlib.sha256(f"{wire}\n{dataset.fingerprint}\n".encode())
    records = 0
    for line in read_lines(path, dataset):
        digest.update(line + b"\n")
        records += 1
    return Stream(id=digest.digest()[:STREAM_BYTES], records=records)


def replay(
    path: Path,
    dataset: Dataset,
    stream: Stream,
    *,
    bootstrap: str,
    topic: str,
    wire: Wire,
    partitions: int | None = None,
    rate: float | None = None,
    config: Config = NO_CONFIG,
    advance: Callable[[int], None] = lambda n: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Replayed:
    """Put the records of a file onto a topic, all that aren't there yet. Blank lines travel too, as messages.

    Ctrl-C (KeyboardInterrupt) waits until what was sent has arrived, and passes on.

    Args:
        path: a CSV file, plain or gzip.
        dataset: its contract.
        stream: what `identify` said of it.
        bootstrap: `HOST:PORT`.
        topic: created if it isn't there.
        wire: how the records travel; the same as for `identify`.
        partitions: how many; None takes those of an existing topic, and one for a new one.
        rate: records per second; None is as fast as it goes.
        config: further client settings.
        advance: told how many more records are on their way, those already there included.
        clock: seconds, for `rate` and the summary.
        sleep: waits for so many seconds.

    Raises:
        BrokerError: no broker answers, or a record couldn't be written (named by its number).
        ContractError: the topic holds something else, or has another number of partitions.
        UsageError: no topic can have that name.
    """
    count = ensure_topic(bootstrap, topic, partitions=partitions, config=config)
    ends = last_records(bootstrap, topic, config=config)
    arrived = resume_points(ends, dataset, stream, where=f"topic '{topic}' at {bootstrap}")
    already = sum(arrived.values())
    advance(already)
    began, sent = clock(), 0
    with TopicWriter(bootstrap, topic, config=config) as writer:
        for seq, line in enumerate(read_lines(path, dataset)):
            partition, offset = seq % count, seq // count
            if offset < arrived[partition]:
                continue
            pace(sent, rate, elapsed=clock() - began, sleep=sleep)
            key = make_stamp(fingerprint=dataset.fingerprint, stream=stream.id, seq=seq)
            writer.send(seq, partition=partition, offset=offset, key=key, value=encode_line(line, dataset, wire=wire))
            sent += 1
            if sent % REPORT_EVERY == 0:
                advance(REPORT_EVERY)
        advance(sent % REPORT_EVERY)
    return Replayed(
        records=stream.records,
        already=already,
        sent=sent,
        partitions=count,
        stream=stream.id.hex(),
        seconds=clock() - began,
    )


def pace(sent: int, rate: float | None, *, elapsed: float, sleep: Callable[[float], None]) -> None:
    """Wait until the next record is due: record number `sent` is due `sent / rate` seconds after the first.

    Late records follow without a pause, so the rate holds on average.
    """
    early = 0.0 if rate is None else sent / rate - elapsed
    if early > 0:
        sleep(early)


def resume_points(ends: Mapping[int, Last | None], dataset: Dataset, stream: Stream, *, where: str) -> dict[int, int]:
    """How many records each partition holds already.

    Raises:
        ContractError: what is there isn't the beginning of this stream on so many partitions, without a gap.
    """
    keys = [last.key for last in ends.values() if last is not None]
    if not keys:
        return dict.fromkeys(ends, 0)
    advice = "Choose another topic"
    stamps = read_stamps(keys)
    if stamps is None:
        raise ContractError(f"{where} holds records that no replay wrote (they have no sequence number). {advice}")
    if stamps.fingerprint != short_fingerprint(dataset.fingerprint):
        raise ContractError(f"{where} already holds records of another contract than '{dataset.name}'. {advice}")
    if stamps.stream != stream.id:
        raise ContractError(
            f"{where} already holds another stream ({stamps.stream.hex()}, this file is {stream.id.hex()}): another "
            f"file, or the same one by another wire. {advice}"
        )
    filled = [(partition, last) for partition, last in ends.items() if last is not None]
    for (partition, last), seq in zip(filled, stamps.seqs.tolist(), strict=True):
        if (seq % len(ends), seq // len(ends)) != (partition, last.end - 1) or seq >= stream.records:
            raise ContractError(
                f"{where} isn't the beginning of this stream: partition {partition} ends with record {seq} at offset "
                f"{last.end - 1}, so records are missing or doubled there. {advice}"
            )
    return {partition: last.end if last else 0 for partition, last in ends.items()}
