"""The Kafka client: its settings, its connections and its failures. The only file that knows kafka-python."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import kafka
from kafka import TopicPartition as TopicPartition
from kafka import errors as kafka_errors

from .errors import BrokerError, ContractError, UsageError

Config = Mapping[str, object]
NO_CONFIG: Config = {}

BOOTSTRAP_MS = 10_000
Kind = Literal["reader", "writer", "admin"]

TUNING: Mapping[Kind, Config] = {
    "reader": {
        "max_poll_records": 2_000,
        "max_partition_fetch_bytes": 4 * 1024 * 1024,
        "fetch_max_wait_ms": 50,
        "retry_backoff_ms": 10,
        "metrics_enabled": False,
    },
    "writer": {"linger_ms": 20, "batch_size": 131_072, "delivery_timeout_ms": 60_000, "metrics_enabled": False},
    "admin": {},
}
"""Rates that the user may change."""

FIXED: Mapping[Kind, Config] = {
    "reader": {
        "group_id": None,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
    },
    "writer": {"enable_idempotence": True, "acks": "all", "allow_auto_create_topics": False},
    "admin": {},
}
"""What the promises rest upon; nobody may change it."""

CLIENTS: Mapping[Kind, Any] = {
    "reader": kafka.KafkaConsumer,
    "writer": kafka.KafkaProducer,
    "admin": kafka.KafkaAdminClient,
}
KafkaFailure = kafka_errors.KafkaError
InvalidTopic = kafka_errors.InvalidTopicError
TopicExists = kafka_errors.TopicAlreadyExistsError
TooLarge = (kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError)

NO_TEXT = frozenset(
    {
        "key_serializer",
        "value_serializer",
        "key_deserializer",
        "value_deserializer",
        "ssl_context",
        "api_version",
        "sasl_oauth_token_provider",
        "transactional_id",
        "transaction_timeout_ms",
        "group_instance_id",
        "retries",
        "consumer_timeout_ms",
        "metric_group_prefix",
    }
)
"""Settings that no text can give, or that would break what the project promises."""

INTEGERS = frozenset(("receive_buffer_bytes", "send_buffer_bytes"))
"""Settings that are numbers though kafka-python's own value for them is None."""


def connect(kind: Kind, bootstrap: str, config: Config) -> Any:
    """A kafka-python client that has found its broker; it takes what it knows of the settings.

    Raises:
        BrokerError: no broker answers there.
        UsageError: the address, or a setting, can't be meant.
    """
    client = CLIENTS[kind]
    asked = {"bootstrap_timeout_ms": BOOTSTRAP_MS, **TUNING[kind], **config, **FIXED[kind]}
    known = {name: value for name, value in asked.items() if name in client.DEFAULT_CONFIG}
    known["bootstrap_servers"] = _addresses(bootstrap)
    try:
        return client(**known)
    except (kafka_errors.KafkaConfigurationError, ValueError, RuntimeError, AssertionError, OSError) as error:
        raise UsageError(f"the Kafka settings can't be used: {error}") from None
    except KafkaFailure as error:
        raise BrokerError(
            f"no broker answers at {bootstrap} ({type(error).__name__}); check the address and that the broker is "
            "running, and the security settings if it needs any (--kafka-config)"
        ) from None


def _addresses(bootstrap: str) -> list[str]:
    addresses = [address.strip() for address in bootstrap.split(",")]
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65_535:
            raise UsageError(f"'{address}' is no address of a broker; give HOST:PORT, several separated by commas")
    return addresses


@contextmanager
def speaking(bootstrap: str) -> Iterator[None]:
    """Turn what goes wrong in a talk with the broker into a sentence."""
    try:
        yield
    except kafka_errors.OffsetOutOfRangeError as error:
        raise ContractError(
            f"messages that were to be read are gone from {bootstrap} ({error}): they were deleted meanwhile. "
            "Replay the file onto a new topic"
        ) from None
    except kafka_errors.KafkaError as error:
        raise BrokerError(
            f"the broker at {bootstrap} failed: {error}; check that it is running, and run the same command again"
        ) from error


def cluster_id(bootstrap: str, *, timeout: float) -> str | None:
    """Which cluster answers there, once it has a broker that takes requests; None if none does in `timeout` seconds."""
    try:
        with closing(connect("admin", bootstrap, {"bootstrap_timeout_ms": int(timeout * 1000)})) as admin:
            return str(admin.describe_cluster()["cluster_id"])
    except (BrokerError, KafkaFailure):
        return None


def read_client_config(path: Path | None) -> dict[str, object]:
    """The client settings in a Java-style properties file, by kafka-python's names; nothing without a file.

    A line is `key=value` or `key: value`; dots in a key may also be underscores; `#` and `!` begin a comment.
    The file may hold `bootstrap.servers`; the other settings go to the clients. Values are never shown, as they
    may be secrets.

    Raises:
        UsageError: the file can't be read, a key is unknown (the nearest valid one is named), or a value is of
            the wrong type.
    """
    if path is None:
        return {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise UsageError(f"the Kafka settings {path} can't be read: {reason}") from None
    types = known_settings()
    config: dict[str, object] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line and line[0] not in "#!":
            name, value = _setting(line, types, f"{path}, line {number}")
            config[name] = value
    return config


def known_settings() -> dict[str, type]:
    """The client settings that a user may give, by kafka-python's names, and the type of each."""
    closed = NO_TEXT.union(*FIXED.values())
    types: dict[str, type] = {}
    for client in CLIENTS.values():
        for name, value in client.DEFAULT_CONFIG.items():
            if name in INTEGERS:
                types[name] = int
            elif name not in closed and isinstance(value, str | int | float | None):
                types[name] = str if value is None else type(value)
    return types


def _setting(line: str, types: Mapping[str, type], where: str) -> tuple[str, object]:
    """One line's setting. What stands right of the key may be a secret, and is in no message."""
    places = [place for place in (line.find("="), line.find(":")) if place > 0]
    if not places:
        raise UsageError(f"{where}: no 'key=value'; write one setting a line")
    key, text = line[: min(places)].strip(), line[min(places) + 1 :].strip()
    name = key.replace(".", "_")
    if name not in types:
        near = difflib.get_close_matches(name, types, n=1, cutoff=0.0)[0].replace("_", ".")
        raise UsageError(f"{where}: '{key}' is no setting that can be given; the nearest one is '{near}'")
    try:
        return name, _typed(text, types[name])
    except ValueError:
        what = {bool: "true or false", int: "a whole number"}.get(types[name], "a number")
        raise UsageError(f"{where}: the value of '{key}' isn't {what}") from None


def _typed(text: str, kind: type) -> object:
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError
        return text.lower() == "true"
    return kind(text)
