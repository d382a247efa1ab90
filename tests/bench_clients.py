"""The two Kafka clients side by side: ratios within one run, reported, never asserted.

`make bench` runs it. With DRIFTDUEL_DATA it uses the shuffled DNS stream, else a synthetic one of the same size. Each
round does everything once with each client: the replay, the client's own consumer that only polls, our reader, a duel.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROUNDS = 3
CLIENTS = ("confluent-kafka", "kafka-python")
QUICK = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1)
DRIFTDUEL = Path(sys.executable).with_name("driftduel")
Times = Mapping[tuple[str, str], list[float]]


def main() -> None:
    """Measure everything in a temporary folder and print one line per figure."""
    from producer.broker import embedded

    with tempfile.TemporaryDirectory() as name, embedded(Path(name) / "broker") as bootstrap:
        static, stream = inputs(Path(name))
        run("train", static, "--dataset", "dns-exfil", "--out", Path(name) / "model", *QUICK)
        shown(measured(Path(name), stream, bootstrap), records(stream))


def inputs(folder: Path) -> tuple[Path, Path]:
    """The static file and the stream."""
    data = os.environ.get("DRIFTDUEL_DATA")
    if data:
        return Path(data) / "dns_exf_static.csv.gz", Path(data) / "dns_exf_kafka.csv.gz"
    for name, number, seed in (("static.csv", 76_842, 1), ("stream.csv", 76_843, 2)):
        run("generate", "dns-exfil", "--records", number, "--seed", seed, "--error", 0.18, "--out", folder / name)
    return folder / "static.csv", folder / "stream.csv"


def run(*arguments: object) -> None:
    """One console command, quietly."""
    subprocess.run([DRIFTDUEL, *map(str, arguments)], check=True, capture_output=True)


def records(stream: Path) -> int:
    """How many lines the stream has."""
    from producer.dataset import load_dataset
    from producer.files import read_lines

    return sum(1 for _ in read_lines(stream, load_dataset("dns-exfil")))


def measured(folder: Path, stream: Path, bootstrap: str) -> Times:
    """Seconds of each kind of work with each client; the first round isn't counted."""
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS + 1):
        for client in CLIENTS:
            for what, work in works(folder, stream, bootstrap, client, number).items():
                began = time.perf_counter()
                work()
                times.setdefault((what, client), []).append(time.perf_counter() - began)
    return {key: found[1:] for key, found in times.items()}


def works(folder: Path, stream: Path, bootstrap: str, client: str, number: int) -> dict[str, Callable[[], object]]:
    """What is timed, in its order."""
    from online.duel import Duel, Kafka, Stream, run_duel
    from producer.dataset import load_dataset
    from producer.replay import identify, replay

    topic, dataset = f"{client}-{number}", load_dataset("dns-exfil")
    config = {"client": client}
    of = {"bootstrap": bootstrap, "topic": topic, "config": config}
    kafka = Kafka(bootstrap=bootstrap, config=config)
    duel = Duel(model=folder / "model", stream=Stream(topic=topic), kafka=kafka)
    named = identify(stream, dataset, wire=dataset.wire)
    bare = confluent_consumer if client == "confluent-kafka" else kafka_python_consumer
    return {
        "replay": lambda: replay(stream, dataset, named, wire=dataset.wire, **of),
        "bare consumer": lambda: bare(bootstrap, topic, named.records),
        "reader": lambda: read(**of),
        "duel of two arms": lambda: run_duel(duel, run=folder / topic),
    }


def read(*, bootstrap: str, topic: str, config: Mapping[str, object]) -> None:
    """Our reader, to the end."""
    from producer.topic import TopicReader

    with TopicReader(bootstrap, topic, config=config) as reader:
        assert all(len(chunk.keys) for chunk in reader.chunks(reader.beginning, reader.end))


def kafka_python_consumer(bootstrap: str, topic: str, total: int) -> None:
    """kafka-python's own consumer with its defaults: read the whole topic and do nothing."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None)
    while total > 0:
        total -= sum(len(found) for found in consumer.poll(1000).values())
    consumer.close()


def confluent_consumer(bootstrap: str, topic: str, total: int) -> None:
    """confluent-kafka's own consumer with its defaults."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    while total > 0:
        total -= len(consumer.consume(min(total, 5_000), 1.0))
    consumer.close()


def shown(times: Times, total: int) -> None:
    """A line for each kind of work: the median of the paired ratios, and the rates; then duels to bare consumers."""
    fast, slow = CLIENTS
    for what in dict.fromkeys(what for what, _ in times):
        rates = ", ".join(f"{name} {total / statistics.median(times[what, name]):,.0f}" for name in CLIENTS)
        told(f"{what}, {fast}'s rate / {slow}'s", times[what, slow], times[what, fast], f"records/s: {rates}")
    for name in CLIENTS:
        told(f"duel of two arms / bare {name} consumer", times["bare consumer", name], times["duel of two arms", name])


def told(title: str, above: list[float], below: list[float], detail: str = "") -> None:
    """One line: the median ratio and its range."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    span = f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds"
    print(f"{title}: ratio {statistics.median(ratios):.2f} ({span}){detail and '; ' + detail}")


if __name__ == "__main__":
    main()
