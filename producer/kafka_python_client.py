"""The client kafka-python: pure Python, always there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from kafka import TopicPartition
from kafka import errors as kafka_errors
from kafka.admin import OffsetSpec

from .client_interfaces import Chunk, Config, Kind
from .client_settings import TRANSACTIONAL_ID
from .kafka_python_connection import made, translating

POSITION_MS = 100
COMMIT_SECONDS = 30.0
"""How long what a transaction holds may take to arrive; waiting for its commit itself has no end in this client."""


class KafkaPythonReader:
    """Reads by `KafkaConsumer`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._consumer = made("reader", addresses, config)
        self._look = partial(made, "admin", addresses, config)
        self._topic = ""

    def topics(self) -> Sequence[str]:
        """See `Reader`."""
        with translating():
            return sorted(self._consumer.topics())

    def partitions(self, topic: str) -> Sequence[int]:
        """See `Reader`."""
        with translating():
            found = sorted(self._consumer.partitions_for_topic(topic) or ())
            if not found:  # What it may not see, it isn't told of unless it asks for that by name.
                with closing(self._look()) as admin:
                    told = kafka_errors.for_code(admin.describe_topics([topic])[0]["error_code"])
                if issubclass(told, kafka_errors.AuthorizationError):
                    raise told
            return found

    def bounds(self, topic: str, partitions: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
        """See `Reader`."""
        places = [TopicPartition(topic, partition) for partition in partitions]
        with translating():
            first, last = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
        return {place.partition: first[place] for place in places}, {place.partition: last[place] for place in places}

    def assign(self, topic: str, start: Mapping[int, int]) -> None:
        """See `Reader`."""
        self._topic = topic
        places = {partition: TopicPartition(topic, partition) for partition in start}
        with translating():
            self._consumer.assign(list(places.values()))
            self._consumer.resume(*places.values())  # a partition read to its end before stays paused
            for partition, place in places.items():
                self._consumer.seek(place, start[partition])

    def poll(self, seconds: float, *, most: int) -> list[Chunk]:
        """See `Reader`."""
        with translating():
            polled = self._consumer.poll(int(seconds * 1000))
        return [_chunk(place.partition, records) for place, records in polled.items()]

    def position(self, partition: int) -> int:
        """See `Reader`."""
        with translating():
            return int(self._consumer.position(TopicPartition(self._topic, partition), timeout_ms=POSITION_MS) or 0)

    def retire(self, partition: int) -> None:
        """See `Reader`."""
        with translating():
            self._consumer.pause(TopicPartition(self._topic, partition))

    def close(self) -> None:
        """See `Reader`."""
        self._consumer.close(autocommit=False, timeout_ms=1_000)


@dataclass(frozen=True, slots=True)
class _Future:
    future: Any

    @property
    def done(self) -> bool:
        return bool(self.future.is_done)

    def offset(self, seconds: float) -> int:
        with translating():
            return int(self.future.get(timeout=seconds).offset)


class KafkaPythonWriter:
    """Sends by `KafkaProducer`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._producer = made("writer", addresses, config)
        if TRANSACTIONAL_ID in config:
            with translating():
                self._producer.init_transactions()

    def begin(self) -> None:
        """See `Writer`."""
        with translating():
            self._producer.begin_transaction()

    def commit(self) -> None:
        """See `Writer`."""
        with translating():
            self._producer.flush(timeout=COMMIT_SECONDS)
            self._producer.commit_transaction()

    def abort(self) -> None:
        """See `Writer`."""
        with translating():
            self._producer.abort_transaction()

    def send(self, topic: str, *, partition: int, key: bytes | None, value: bytes | None) -> _Future:
        """See `Writer`."""
        with translating():
            return _Future(self._producer.send(topic, value=value, key=key, partition=partition))

    def flush(self, seconds: float) -> None:
        """See `Writer`."""
        with translating():
            self._producer.flush(timeout=seconds)

    def close(self, *, abandon: bool) -> None:
        """See `Writer`."""
        if abandon:  # or its close stops at what can't arrive any more, and the producer is never closed
            self._producer.flush = lambda timeout=None: None
        with suppress(kafka_errors.KafkaError):
            self._producer.close(timeout=0 if abandon else 10)


class KafkaPythonAdmin:
    """Looks and makes by `KafkaAdminClient`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._admin = made("admin", addresses, config)

    def cluster(self) -> str:
        """See `Admin`."""
        with translating():
            return str(self._admin.describe_cluster()["cluster_id"])

    def topics(self) -> Mapping[str, int]:
        """See `Admin`."""
        with translating():
            return {found["name"]: len(found["partitions"]) for found in self._admin.describe_topics()}

    def create(self, topic: str, partitions: int) -> None:
        """See `Admin`."""
        with translating():
            self._admin.create_topics({topic: {"num_partitions": partitions}}, wait_for_metadata=True)

    def ends(self, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:
        """See `Admin`."""
        asked = {TopicPartition(topic, partition): OffsetSpec.LATEST for partition in partitions}
        with translating():
            return {place.partition: found.offset for place, found in self._admin.list_partition_offsets(asked).items()}

    def close(self) -> None:
        """See `Admin`."""
        self._admin.close()


def _chunk(partition: int, records: list[Any]) -> Chunk:
    return Chunk(
        partition=partition,
        offsets=np.fromiter((record.offset for record in records), dtype=np.int64, count=len(records)),
        keys=[record.key for record in records],
        values=[record.value for record in records],
    )


CLIENTS: Mapping[Kind, Any] = {"reader": KafkaPythonReader, "writer": KafkaPythonWriter, "admin": KafkaPythonAdmin}
