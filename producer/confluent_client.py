"""The client confluent-kafka: librdkafka, several times as fast."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import confluent_kafka as confluent
import numpy as np
from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import NewTopic, OffsetSpec

from .client_interfaces import Chunk, Config, KafkaFailure, Kind
from .client_settings import TRANSACTIONAL_ID
from .confluent_connection import PASSING, REQUEST_SECONDS, failure_of, made, patiently, translating

POLL_RECORDS = 5_000
TURN_SECONDS = 0.1
NO_TOPIC = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_EXCEPTION)


class ConfluentReader:
    """Reads by `Consumer`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._consumer = made("reader", addresses, config)
        self._topic = ""
        self._most = int(str(config.get("max_poll_records", POLL_RECORDS)))

    def topics(self) -> Sequence[str]:
        """See `Reader`."""
        return sorted(patiently(lambda: self._consumer.list_topics(timeout=REQUEST_SECONDS)).topics)

    def partitions(self, topic: str) -> Sequence[int]:
        """See `Reader`."""
        found = patiently(lambda: self._consumer.list_topics(topic, timeout=REQUEST_SECONDS)).topics[topic]
        if found.error is not None and found.error.code() not in NO_TOPIC:
            raise failure_of(found.error)
        return sorted(found.partitions)

    def bounds(self, topic: str, partitions: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
        """See `Reader`."""
        found = {partition: patiently(partial(self._ends, topic, partition)) for partition in partitions}
        return {p: first for p, (first, _) in found.items()}, {p: last for p, (_, last) in found.items()}

    def _ends(self, topic: str, partition: int) -> tuple[int, int]:
        place = TopicPartition(topic, partition)
        first, last = self._consumer.get_watermark_offsets(place, timeout=REQUEST_SECONDS, cached=False)
        return int(first), int(last)

    def assign(self, topic: str, start: Mapping[int, int]) -> None:
        """See `Reader`."""
        self._topic = topic
        with translating():
            self._consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in start.items()])

    def poll(self, seconds: float, *, most: int) -> list[Chunk]:
        """See `Reader`."""
        with translating():
            messages = self._consumer.consume(min(self._most, most), seconds)
        good = [message for message in messages if message.error() is None]
        if len(good) < len(messages):
            for error in filter(None, (message.error() for message in messages)):
                if error.code() not in PASSING:
                    raise failure_of(error)
        where = [message.partition() for message in good]
        numbers = sorted(set(where))
        if len(numbers) == 1:
            return [_chunk(numbers[0], good)]
        return [_chunk(p, [m for m, at in zip(good, where, strict=True) if at == p]) for p in numbers]

    def position(self, partition: int) -> int:
        """See `Reader`."""
        with translating():
            return max(0, int(self._consumer.position([TopicPartition(self._topic, partition)])[0].offset))

    def retire(self, partition: int) -> None:
        """See `Reader`."""
        with translating():
            self._consumer.incremental_unassign([TopicPartition(self._topic, partition)])

    def close(self) -> None:
        """See `Reader`."""
        with suppress(confluent.KafkaException, RuntimeError):
            self._consumer.close()


class _Delivery:
    """What the delivery report says of one message."""

    __slots__ = ("_error", "_landed", "_producer", "done")

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._error: KafkaError | None = None
        self._landed = -1
        self.done = False

    def report(self, error: KafkaError | None, message: Any) -> None:
        self._error, self._landed, self.done = error, message.offset(), True

    def offset(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while not self.done and time.monotonic() < deadline:
            self._producer.poll(TURN_SECONDS)
        if not self.done:
            raise KafkaFailure(f"no answer within {seconds:g} seconds")
        if self._error is not None:
            raise failure_of(self._error)
        return int(self._landed)


class ConfluentWriter:
    """Sends by `Producer`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._producer = made("writer", addresses, config)
        if TRANSACTIONAL_ID in config:
            with translating():
                self._producer.init_transactions(REQUEST_SECONDS)

    def begin(self) -> None:
        """See `Writer`."""
        with translating():
            self._producer.begin_transaction()

    def commit(self) -> None:
        """See `Writer`."""
        with translating():
            self._producer.commit_transaction(REQUEST_SECONDS)

    def abort(self) -> None:
        """See `Writer`."""
        with translating():
            self._producer.abort_transaction(REQUEST_SECONDS)

    def send(self, topic: str, *, partition: int, key: bytes | None, value: bytes | None) -> _Delivery:
        """See `Writer`."""
        delivery = _Delivery(self._producer)
        while True:
            try:
                with translating():
                    self._producer.produce(
                        topic, value=value, key=key, partition=partition, on_delivery=delivery.report
                    )
                    self._producer.poll(0)
                return delivery
            except BufferError:  # Its queue is full: wait until some of it has left.
                self._producer.poll(TURN_SECONDS)

    def flush(self, seconds: float) -> None:
        """See `Writer`."""
        if self._producer.flush(seconds):
            raise KafkaFailure(f"no answer within {seconds:g} seconds")

    def close(self, *, abandon: bool) -> None:
        """See `Writer`."""
        if abandon:
            self._producer.purge()
        self._producer.flush(TURN_SECONDS if abandon else 10)


class ConfluentAdmin:
    """Looks and makes by `AdminClient`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._admin = made("admin", addresses, config)

    def cluster(self) -> str:
        """See `Admin`."""
        return str(patiently(lambda: self._admin.list_topics(timeout=REQUEST_SECONDS)).cluster_id)

    def topics(self) -> Mapping[str, int]:
        """See `Admin`."""
        topics = patiently(lambda: self._admin.list_topics(timeout=REQUEST_SECONDS)).topics
        return {name: len(found.partitions) for name, found in topics.items()}

    def create(self, topic: str, partitions: int) -> None:
        """See `Admin`."""
        with translating():
            self._admin.create_topics([NewTopic(topic, partitions)])[topic].result(REQUEST_SECONDS)
        deadline = time.monotonic() + REQUEST_SECONDS
        while topic not in self.topics() and time.monotonic() < deadline:
            time.sleep(0.02)

    def ends(self, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:
        """See `Admin`."""
        asked = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in partitions}
        found = patiently(lambda: {p: f.result(REQUEST_SECONDS) for p, f in self._admin.list_offsets(asked).items()})
        return {place.partition: int(result.offset) for place, result in found.items()}

    def close(self) -> None:
        """See `Admin`."""


def _chunk(partition: int, messages: list[Any]) -> Chunk:
    return Chunk(
        partition=partition,
        offsets=np.fromiter((message.offset() for message in messages), dtype=np.int64, count=len(messages)),
        keys=[message.key() for message in messages],
        values=[message.value() for message in messages],
    )


CLIENTS: Mapping[Kind, Any] = {"reader": ConfluentReader, "writer": ConfluentWriter, "admin": ConfluentAdmin}
