"""What each Kafka client is told beside what the user says: rates, and what the promises rest upon."""

from __future__ import annotations

from collections.abc import Mapping

from .client_interfaces import Config, Kind
from .client_settings import Client, translated

TUNING: Mapping[Client, Mapping[Kind, Config]] = {
    "confluent-kafka": {
        "reader": {
            # The default of a second stalls it for so long whenever its queue is full: while it catches up, often.
            "fetch.queue.backoff.ms": 10,
            "fetch.min.bytes": 1_000_000,
            "fetch.wait.max.ms": 50,
            "max.partition.fetch.bytes": 4 * 1024 * 1024,
            "check.crcs": True,
            "reconnect.backoff.max.ms": 2_000,
        },
        "writer": {
            "linger.ms": 20,
            "batch.size": 131_072,
            "delivery.timeout.ms": 60_000,
            "reconnect.backoff.max.ms": 2_000,
        },
        "admin": {},
    },
    "kafka-python": {
        "reader": {
            "max_poll_records": 2_000,
            "max_partition_fetch_bytes": 4 * 1024 * 1024,
            "fetch_max_wait_ms": 50,
            "retry_backoff_ms": 10,
            "reconnect_backoff_max_ms": 2_000,
            "metrics_enabled": False,
        },
        "writer": {
            "linger_ms": 20,
            "batch_size": 131_072,
            "delivery_timeout_ms": 60_000,
            "reconnect_backoff_max_ms": 2_000,
            "metrics_enabled": False,
        },
        "admin": {},
    },
}
"""Rates that the user may change."""

FIXED: Mapping[Client, Mapping[Kind, Config]] = {
    "confluent-kafka": {
        "reader": {
            # It wants a group's name, but none is joined and nothing is committed.
            "group.id": "driftduel",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        },
        "writer": {"enable.idempotence": True, "acks": "all"},
        "admin": {},
    },
    "kafka-python": {
        "reader": {
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "allow_auto_create_topics": False,
            "isolation_level": "read_committed",
        },
        "writer": {"enable_idempotence": True, "acks": "all", "allow_auto_create_topics": False},
        "admin": {},
    },
}
"""What the promises rest upon; nobody may change it."""


def native_settings(client: Client, kind: Kind, config: Config) -> dict[str, object]:
    """All that one of a client's own objects is told, by its own names.

    Raises:
        UsageError: the client has no such setting.
    """
    return {**TUNING[client][kind], **translated(config, client), **FIXED[client][kind]}
