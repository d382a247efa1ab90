"""The client kafka-python: pure Python, always there. The only file that knows it."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import kafka
import numpy as np
from kafka import TopicPartition
from kafka import errors as kafka_errors

from .client_interfaces import (
    BOOTSTRAP_MS,
    BadSettings,
    Chunk,
    Config,
    Denied,
    Gone,
    InvalidTopic,
    KafkaFailure,
    Kind,
    LockedOut,
    NoCodec,
    TooLarge,
    TopicExists,
)
from .client_tuning import native_settings

MADE: Mapping[Kind, Any] = {
    "reader": kafka.KafkaConsumer,
    "writer": kafka.KafkaProducer,
    "admin": kafka.KafkaAdminClient,
}
POSITION_MS = 100
LOCKED = (ssl.SSLError, kafka_errors.SaslAuthenticationFailedError, kafka_errors.UnsupportedSaslMechanismError)


def _made(kind: Kind, addresses: list[str], config: Config) -> Any:
    """One of kafka-python's own clients, which has found its broker."""
    own = {name: config[name] for name in ("bootstrap_timeout_ms", "max_poll_records") if name in config}
    asked = {"bootstrap_timeout_ms": BOOTSTRAP_MS, **native_settings("kafka-python", kind, config), **own}
    known = {name: value for name, value in asked.items() if name in MADE[kind].DEFAULT_CONFIG}
    with _overhearing() as heard:
        try:
            return MADE[kind](bootstrap_servers=addresses, **known)
        except (kafka_errors.KafkaConfigurationError, ValueError, RuntimeError, AssertionError, OSError) as error:
            raise BadSettings(error) from None
        except kafka_errors.KafkaError as error:
            why = _locked_out(heard, sasl=str(known.get("security_protocol")).startswith("SASL"))
            raise LockedOut(why) if why else KafkaFailure(type(error).__name__) from None


def _locked_out(heard: Sequence[BaseException], *, sasl: bool) -> object:
    """What, of all that was heard, says that password or certificate were refused; None if nothing does."""
    for why in heard:
        if isinstance(why, LOCKED) or "Handshake failed" in str(why):
            return why
    # A broker that refuses a login hangs up, and kafka-python then drops the answer that said so.
    hung_up = any("socket disconnected" in str(why) for why in heard)
    return "it hung up at the login, as it does where authentication fails" if sasl and hung_up else None


@contextmanager
def _overhearing() -> Iterator[list[BaseException]]:
    """Why connections failed: kafka-python tries again until its time is up, and tells only its log why."""
    heard: list[BaseException] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said = record.args if isinstance(record.args, tuple) else ()
            for error in said:
                while isinstance(error, BaseException):
                    heard.append(error)
                    error = error.__cause__

    ear, log = Ear(), logging.getLogger("kafka")
    log.addHandler(ear)
    try:
        yield heard
    finally:
        log.removeHandler(ear)


KNOWN: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], type[KafkaFailure]]] = (
    (kafka_errors.OffsetOutOfRangeError, Gone),
    (kafka_errors.UnsupportedCodecError, NoCodec),
    (LOCKED, LockedOut),
    (kafka_errors.AuthorizationError, Denied),
    (kafka_errors.InvalidTopicError, InvalidTopic),
    (kafka_errors.TopicAlreadyExistsError, TopicExists),
    ((kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError), TooLarge),
    (kafka_errors.KafkaError, KafkaFailure),
)


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except kafka_errors.KafkaError as error:
        failure = next(failure for kinds, failure in KNOWN if isinstance(error, kinds))
        # What was refused stands there with all of its request.
        raise failure(type(error).__name__ if failure in (Denied, LockedOut) else error) from error


class KafkaPythonReader:
    """Reads by `KafkaConsumer`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._consumer = _made("reader", addresses, config)
        self._look = partial(_made, "admin", addresses, config)
        self._topic = ""

    def topics(self) -> Sequence[str]:
        """See `Reader`."""
        with _translating():
            return sorted(self._consumer.topics())

    def partitions(self, topic: str) -> Sequence[int]:
        """See `Reader`."""
        with _translating():
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
        with _translating():
            first, last = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
        return {place.partition: first[place] for place in places}, {place.partition: last[place] for place in places}

    def assign(self, topic: str, start: Mapping[int, int]) -> None:
        """See `Reader`."""
        self._topic = topic
        places = {partition: TopicPartition(topic, partition) for partition in start}
        with _translating():
            self._consumer.assign(list(places.values()))
            self._consumer.resume(*places.values())  # a partition read to its end before stays paused
            for partition, place in places.items():
                self._consumer.seek(place, start[partition])

    def poll(self, seconds: float, *, most: int) -> list[Chunk]:
        """See `Reader`."""
        with _translating():
            polled = self._consumer.poll(int(seconds * 1000))
        return [_chunk(place.partition, records) for place, records in polled.items()]

    def position(self, partition: int) -> int:
        """See `Reader`."""
        with _translating():
            return int(self._consumer.position(TopicPartition(self._topic, partition), timeout_ms=POSITION_MS) or 0)

    def retire(self, partition: int) -> None:
        """See `Reader`."""
        with _translating():
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
        with _translating():
            return int(self.future.get(timeout=seconds).offset)


class KafkaPythonWriter:
    """Sends by `KafkaProducer`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._producer = _made("writer", addresses, config)

    def send(self, topic: str, *, partition: int, key: bytes | None, value: bytes | None) -> _Future:
        """See `Writer`."""
        with _translating():
            return _Future(self._producer.send(topic, value=value, key=key, partition=partition))

    def flush(self, seconds: float) -> None:
        """See `Writer`."""
        with _translating():
            self._producer.flush(timeout=seconds)

    def close(self, *, abandon: bool) -> None:
        """See `Writer`."""
        with suppress(kafka_errors.KafkaError):
            self._producer.close(timeout=0 if abandon else 10)


class KafkaPythonAdmin:
    """Looks and makes by `KafkaAdminClient`."""

    def __init__(self, addresses: list[str], config: Config) -> None:
        self._admin = _made("admin", addresses, config)

    def cluster(self) -> str:
        """See `Admin`."""
        with _translating():
            return str(self._admin.describe_cluster()["cluster_id"])

    def topics(self) -> Mapping[str, int]:
        """See `Admin`."""
        with _translating():
            return {found["name"]: len(found["partitions"]) for found in self._admin.describe_topics()}

    def create(self, topic: str, partitions: int) -> None:
        """See `Admin`."""
        with _translating():
            self._admin.create_topics({topic: {"num_partitions": partitions}}, wait_for_metadata=True)

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
