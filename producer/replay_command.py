"""What `driftduel produce` does: finds the broker, replays with a progress bar, and says what happened."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from .broker import with_broker
from .client import read_client_config
from .dataset import Dataset, Wire, load_dataset
from .errors import UsageError
from .label_plan import Arrivals, Lateness, plan_arrivals, write_label_file
from .label_topic import write_label_topic
from .progress import progress
from .replay import Replayed, identify, replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The arguments of `produce`, as given."""

    file: Path
    dataset: str
    topic: str | None
    partitions: int | None
    wire: str | None
    rate: float | None
    labels_topic: str | None
    labels_out: Path | None
    label_delay: int
    label_jitter: int
    label_share: float
    label_seed: int
    bootstrap: str | None
    kafka_config: Path | None
    data: Path

    @property
    def lateness(self) -> Lateness:
        """How the labels come, where they travel by themselves."""
        return Lateness(delay=self.label_delay, jitter=self.label_jitter, share=self.label_share, seed=self.label_seed)


def run(order: Order, *, as_json: bool) -> str:
    """Carry out a replay; the summary to print.

    Raises:
        UsageError: nothing to write is named, or options that don't go together.
        DriftduelError: as `load_dataset`, `plan_arrivals`, `read_client_config`, `identify`, `with_broker`, `replay`
            and `write_label_topic`.
    """
    _check(order)
    dataset = load_dataset(order.dataset)
    apart = order.labels_topic or order.labels_out
    arrivals = plan_arrivals(order.file, dataset, order.lateness) if apart else None
    if arrivals is not None and order.labels_out is not None:
        write_label_file(arrivals, order.labels_out)
    found: dict[str, Any] = {}
    said: list[str] = []
    if order.topic is not None:
        found, sentence = _replay(order, order.topic, dataset, arrivals)
        said.append(sentence)
    if arrivals is not None:
        labels = {"topic": order.labels_topic, "file": order.labels_out and str(order.labels_out)}
        found["labels"] = {**labels, "labels": len(arrivals.seqs), "horizon": order.lateness.most}
        said.append(_about_labels(order, arrivals))
    return json.dumps(found) if as_json else "\n".join(said)


def _check(order: Order) -> None:
    if order.topic is None and (order.labels_out is None or order.labels_topic is not None):
        raise UsageError("name the topic for the records with --topic; without one, only --labels-out is of use")
    if order.topic is not None and order.topic == order.labels_topic:
        raise UsageError(f"records and labels can't both go onto topic '{order.topic}'; give --labels-topic another")
    if order.labels_topic is None and order.labels_out is None and order.lateness != Lateness(seed=order.label_seed):
        raise UsageError(
            "--label-delay, --label-jitter and --label-share are for labels that travel by themselves: say where with "
            "--labels-topic or --labels-out"
        )


def _replay(order: Order, topic: str, dataset: Dataset, arrivals: Arrivals | None) -> tuple[dict[str, Any], str]:
    """Fill the topics; what was done as JSON, and as a sentence."""
    wire = cast(Wire, order.wire or dataset.wire)
    config = read_client_config(order.kafka_config)
    stream = identify(order.file, dataset, wire=wire)
    with with_broker(order.bootstrap, order.data, config=config) as bootstrap:
        with progress("Producing", stream.records) as advance:
            replayed = replay(
                order.file,
                dataset,
                stream,
                bootstrap=bootstrap,
                topic=topic,
                wire=wire,
                partitions=order.partitions,
                rate=order.rate,
                config=config,
                advance=advance,
            )
        if arrivals is not None and order.labels_topic is not None:
            write_label_topic(
                arrivals, dataset, stream.id, bootstrap=bootstrap, topic=order.labels_topic, config=config
            )
    return {"topic": topic, "bootstrap": bootstrap, "wire": wire, **asdict(replayed)}, _sentence(topic, replayed)


def _about_labels(order: Order, arrivals: Arrivals) -> str:
    where = [f"topic '{order.labels_topic}'"] if order.labels_topic else []
    where += [str(order.labels_out)] if order.labels_out else []
    option = f"--labels-topic {order.labels_topic}" if order.labels_topic else f"--labels-file {order.labels_out}"
    return (
        f"{len(arrivals.seqs):,} labels are in {' and '.join(where)}. The records keep their label column, which "
        f"'driftduel evaluate {option} --label-horizon {order.lateness.most}' ignores; no label comes later than that."
    )


def _sentence(topic: str, replayed: Replayed) -> str:
    if not replayed.sent:
        return f"Topic '{topic}' already holds all {replayed.records:,} records."
    rate = replayed.sent / max(replayed.seconds, 1e-9)
    already = f" ({replayed.already:,} were there already)" if replayed.already else ""
    return (
        f"Topic '{topic}' holds all {replayed.records:,} records{already}: {replayed.sent:,} sent onto "
        f"{replayed.partitions} partition{'s' if replayed.partitions > 1 else ''}, {rate:,.0f} a second."
    )
