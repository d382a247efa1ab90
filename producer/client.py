"""The Kafka client: which one it is, its connections, and its failures in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Literal, overload

from .client_interfaces import (
    NO_CONFIG,
    Admin,
    BadSettings,
    Config,
    Denied,
    Gone,
    InvalidTopic,
    KafkaFailure,
    Kind,
    LockedOut,
    NoCodec,
    Reader,
    TooLarge,
    TopicExists,
    Writer,
)
from .client_settings import Client, check_files, read_client_config, redacted
from .errors import AccessError, BrokerError, ContractError, UsageError

__all__ = [
    "NO_CONFIG",
    "Config",
    "Denied",
    "InvalidTopic",
    "KafkaFailure",
    "TooLarge",
    "TopicExists",
    "client_name",
    "cluster_id",
    "connect",
    "denied",
    "read_client_config",
    "speaking",
]

MODULES: dict[Client, tuple[str, str]] = {
    "confluent-kafka": (".confluent_client", "confluent_kafka"),
    "kafka-python": (".kafka_python_client", "kafka"),
}
"""The clients, the preferred one first: the file that knows it, and the package that must be there."""


def client_name(config: Config = NO_CONFIG) -> Client:
    """Which client is used: the one that the settings name, else confluent-kafka where it is installed.

    Raises:
        UsageError: there is no such client, or it isn't installed.
    """
    there: list[Client] = [name for name, (_, package) in MODULES.items() if find_spec(package)]
    asked = config.get("client", there[0])
    for name in MODULES:
        if asked == name and name in there:
            return name
    if asked not in MODULES:
        raise UsageError(f"there is no Kafka client '{asked}'; the setting 'client' is one of {', '.join(MODULES)}")
    raise UsageError(f"the Kafka client {asked} isn't installed; install it with pip, or choose {', '.join(there)}")


@overload
def connect(kind: Literal["reader"], bootstrap: str, config: Config) -> Reader: ...
@overload
def connect(kind: Literal["writer"], bootstrap: str, config: Config) -> Writer: ...
@overload
def connect(kind: Literal["admin"], bootstrap: str, config: Config) -> Admin: ...
def connect(kind: Kind, bootstrap: str, config: Config) -> Any:
    """A client that has found its broker; it takes what it knows of the settings.

    Raises:
        BrokerError: no broker answers there.
        AccessError: one does, but password or certificate are refused.
        UsageError: the address, or a setting, can't be meant.
    """
    addresses = _addresses(bootstrap)
    check_files(config)
    try:
        return _module(config).CLIENTS[kind](addresses, config)
    except BadSettings as error:
        raise UsageError(f"the Kafka settings can't be used: {redacted(error, config)}") from None
    except LockedOut as error:
        raise AccessError(
            f"the broker at {bootstrap} and these settings don't go together: {redacted(error, config)}; check user, "
            "password, mechanism and CA in the --kafka-config file"
        ) from None
    except KafkaFailure as error:
        raise BrokerError(
            f"no broker answers at {bootstrap} ({redacted(error, config)}); check the address and that the broker is "
            "running, and the security settings if it needs any (--kafka-config)"
        ) from None


def _module(config: Config) -> ModuleType:
    return import_module(MODULES[client_name(config)][0], __package__)


def _addresses(bootstrap: str) -> list[str]:
    addresses = [address.strip() for address in bootstrap.split(",")]
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65_535:
            raise UsageError(f"'{address}' is no address of a broker; give HOST:PORT, several separated by commas")
    return addresses


@contextmanager
def speaking(bootstrap: str, *, topic: str) -> Iterator[None]:
    """Turn what goes wrong in a talk with the broker about a topic into a sentence."""
    try:
        yield
    except (Denied, LockedOut) as error:
        raise denied(bootstrap, topic, error) from None
    except Gone as error:
        raise ContractError(
            f"messages that were to be read are gone from {bootstrap} ({error}): they were deleted meanwhile. "
            "Replay the file onto a new topic"
        ) from None
    except NoCodec as error:
        raise UsageError(
            f"messages from {bootstrap} are compressed in a way that this Kafka client can't unpack ({error}); "
            "install confluent-kafka, which unpacks all (pip install 'driftduel[confluent]'), or that library"
        ) from None
    except KafkaFailure as error:
        raise BrokerError(
            f"the broker at {bootstrap} failed: {error}; check that it is running, and run the same command again"
        ) from error


def denied(bootstrap: str, topic: str, error: KafkaFailure) -> AccessError:
    """The error for a topic that this user has no right to."""
    return AccessError(
        f"the broker at {bootstrap} refuses this user access to topic '{topic}' ({error}); ask for the right to it, or "
        "check the user in the --kafka-config file"
    )


def cluster_id(bootstrap: str, *, timeout: float) -> str | None:
    """Which cluster answers there, once it has a broker that takes requests; None if none does in `timeout` seconds."""
    try:
        with closing(connect("admin", bootstrap, {"bootstrap_timeout_ms": int(timeout * 1000)})) as admin:
            return admin.cluster()
    except (BrokerError, KafkaFailure):
        return None
