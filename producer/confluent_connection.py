"""How confluent-kafka's own objects are made, and what their errors mean. Beside `confluent_client` nobody knows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import confluent_kafka as confluent
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from .client_interfaces import (
    BOOTSTRAP_MS,
    BadSettings,
    Config,
    Denied,
    Gone,
    InvalidTopic,
    KafkaFailure,
    Kind,
    LockedOut,
    TooLarge,
    TopicExists,
)
from .client_settings import TRANSACTIONAL_ID
from .client_tuning import native_settings

T = TypeVar("T")
MADE: Mapping[Kind, Any] = {"reader": confluent.Consumer, "writer": confluent.Producer, "admin": AdminClient}

KNOWN: Mapping[int, type[KafkaFailure]] = {
    KafkaError._AUTHENTICATION: LockedOut,
    KafkaError._SSL: LockedOut,
    KafkaError.SASL_AUTHENTICATION_FAILED: LockedOut,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Denied,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Denied,
    KafkaError.OFFSET_OUT_OF_RANGE: Gone,
    KafkaError._AUTO_OFFSET_RESET: Gone,
    KafkaError.TOPIC_EXCEPTION: InvalidTopic,
    KafkaError.TOPIC_ALREADY_EXISTS: TopicExists,
    KafkaError.MSG_SIZE_TOO_LARGE: TooLarge,
    KafkaError.RECORD_LIST_TOO_LARGE: TooLarge,
}
PASSING = frozenset(
    (
        KafkaError._PARTITION_EOF,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        # Of a topic that was deleted, but also from a broker that starts anew: whether it is gone is looked at apart.
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        # The group has a name only because the client wants one: nobody needs a right to it.
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    )
)
"""What a reader may be told while nothing is wrong, or while it tries again by itself."""

SOON = frozenset(
    (
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
    )
)
"""What passes by itself: a topic that was just made has no leader yet, a broker that starts anew is on its way."""
REQUEST_SECONDS = 30.0
PAUSE_SECONDS = 0.05


def patiently(ask: Callable[[], T]) -> T:
    """The answer to a question that may be asked again, until there is one.

    Raises:
        KafkaFailure: the broker refuses, or hasn't answered for `REQUEST_SECONDS`.
    """
    deadline = time.monotonic() + REQUEST_SECONDS
    while True:
        try:
            return ask()
        except confluent.KafkaException as error:
            if error.args[0].code() not in SOON or time.monotonic() > deadline:
                raise failure_of(error.args[0]) from error
        time.sleep(PAUSE_SECONDS)


def failure_of(error: KafkaError) -> KafkaFailure:
    """What librdkafka calls an error, as ours."""
    return KNOWN.get(error.code(), KafkaFailure)(error.str())


@contextmanager
def translating() -> Iterator[None]:
    """Turn its exceptions into ours."""
    try:
        yield
    except confluent.KafkaException as error:
        raise failure_of(error.args[0]) from error


def made(kind: Kind, addresses: list[str], config: Config) -> Any:
    """One of confluent-kafka's own clients, which has found its broker."""
    complaints: list[KafkaError] = []
    asked = _with_words(native_settings("confluent-kafka", kind, config))
    own: dict[str, Any] = {"bootstrap.servers": ",".join(addresses), "error_cb": complaints.append, "log_level": 0}
    if kind == "writer" and TRANSACTIONAL_ID in config:
        own["transactional.id"] = config[TRANSACTIONAL_ID]
    try:
        client = MADE[kind]({**asked, **own})
    except (confluent.KafkaException, ValueError, TypeError) as error:
        said = error.args[0]
        raise BadSettings(said.str() if isinstance(said, KafkaError) else said) from None
    _await_broker(client, int(str(config.get("bootstrap_timeout_ms", BOOTSTRAP_MS))) / 1000, complaints)
    return client


def _with_words(settings: Config) -> Config:
    checked = "ssl.endpoint.identification.algorithm"
    return {**settings, checked: "https" if settings[checked] else "none"} if checked in settings else settings


def _await_broker(client: Any, seconds: float, complaints: Sequence[KafkaError]) -> None:
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        try:
            client.list_topics(timeout=max(0.05, min(1.0, left)))
            return
        except confluent.KafkaException as error:
            client.poll(0)  # which hands over the complaints
            for complaint in map(failure_of, complaints):
                if isinstance(complaint, LockedOut):
                    raise complaint from None
            if left <= 0:
                raise KafkaFailure(error.args[0].str()) from None
