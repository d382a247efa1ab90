"""What `driftduel produce` does: finds the broker, replays with a progress bar, and says what happened."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from .broker import with_broker
from .client import read_client_config
from .dataset import Wire, load_dataset
from .progress import progress
from .replay import Replayed, identify, replay


@dataclass(frozen=True, slots=True)
class Order:
    """The arguments of `produce`, as given."""

    file: Path
    dataset: str
    topic: str
    partitions: int | None
    wire: str | None
    rate: float | None
    bootstrap: str | None
    kafka_config: Path | None
    data: Path


def run(order: Order, *, as_json: bool) -> str:
    """Carry out a replay; the summary to print.

    Raises:
        DriftduelError: as `load_dataset`, `read_client_config`, `identify`, `with_broker` and `replay`.
    """
    dataset = load_dataset(order.dataset)
    wire = cast(Wire, order.wire or dataset.wire)
    config = read_client_config(order.kafka_config)
    stream = identify(order.file, dataset, wire=wire)
    with (
        with_broker(order.bootstrap, order.data, config=config) as bootstrap,
        progress("Producing", stream.records) as advance,
    ):
        replayed = replay(
            order.file,
            dataset,
            stream,
            bootstrap=bootstrap,
            topic=order.topic,
            wire=wire,
            partitions=order.partitions,
            rate=order.rate,
            config=config,
            advance=advance,
        )
    return _json(order, replayed, bootstrap, wire) if as_json else _sentence(order, replayed)


def _json(order: Order, replayed: Replayed, bootstrap: str, wire: Wire) -> str:
    where = {"topic": order.topic, "bootstrap": bootstrap, "wire": wire}
    return json.dumps({**where, **asdict(replayed)})


def _sentence(order: Order, replayed: Replayed) -> str:
    if not replayed.sent:
        return f"Topic '{order.topic}' already holds all {replayed.records:,} records."
    rate = replayed.sent / max(replayed.seconds, 1e-9)
    already = f" ({replayed.already:,} were there already)" if replayed.already else ""
    return (
        f"Topic '{order.topic}' holds all {replayed.records:,} records{already}: {replayed.sent:,} sent onto "
        f"{replayed.partitions} partition{'s' if replayed.partitions > 1 else ''}, {rate:,.0f} a second."
    )
