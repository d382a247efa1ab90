"""How kafka-python's own objects are made, and what its errors mean. Beside `kafka_python_client` nobody knows it."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import kafka
from kafka import errors as kafka_errors

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
    NoCodec,
    TooLarge,
    TopicExists,
)
from .client_settings import TRANSACTIONAL_ID
from .client_tuning import native_settings

MADE: Mapping[Kind, Any] = {
    "reader": kafka.KafkaConsumer,
    "writer": kafka.KafkaProducer,
    "admin": kafka.KafkaAdminClient,
}
OWN_NAMES = ("bootstrap_timeout_ms", "max_poll_records", TRANSACTIONAL_ID)
LOCKED = (ssl.SSLError, kafka_errors.SaslAuthenticationFailedError, kafka_errors.UnsupportedSaslMechanismError)


def made(kind: Kind, addresses: list[str], config: Config) -> Any:
    """One of kafka-python's own clients, which has found its broker."""
    own = {name: config[name] for name in OWN_NAMES if name in config}
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
def translating() -> Iterator[None]:
    """Turn its exceptions into ours."""
    try:
        yield
    except kafka_errors.KafkaError as error:
        failure = next(failure for kinds, failure in KNOWN if isinstance(error, kinds))
        # What was refused stands there with all of its request.
        raise failure(type(error).__name__ if failure in (Denied, LockedOut) else error) from error
