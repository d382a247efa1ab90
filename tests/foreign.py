"""Topics that others fill, without numbers or with forged ones, and what a duel sees of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import confluent_kafka

from online.source import START, TopicSource
from online.windows import Window
from producer.client import Config
from producer.dataset import Dataset
from producer.topic import TopicReader

MakeTopic = Callable[..., str]


def write(bootstrap: str, topic: str, messages: Sequence[tuple[bytes | None, bytes | None]], **settings: str) -> None:
    """Put keys and values into partition 0 as others do."""
    dotted = {key.replace("_", "."): value for key, value in settings.items()}
    writer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, **dotted})
    for key, value in messages:
        writer.produce(topic, key=key, value=value, partition=0)
    assert writer.flush(30) == 0


def record(number: int) -> bytes:
    """A record of the tiny contract that tells its number."""
    return f"{number},0.5,w,benign".encode()


def windows_of(bootstrap: str, topic: str, dataset: Dataset, config: Config, *, size: int = 10) -> list[Window]:
    """All windows of a topic."""
    with TopicReader(bootstrap, topic, config=config) as reader:
        source = TopicSource(reader, dataset, size=size, wire="csv")
        return [window for window, _ in source.windows(START)]


def found(windows: Sequence[Window]) -> tuple[list[int], list[int]]:
    """The numbers of all records, and what stands in their first column."""
    numbers = [seq for window in windows for seq in window.seqs.tolist()]
    return numbers, [a for window in windows for a in window.records.column("a").to_pylist()]
