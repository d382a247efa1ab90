"""A run over topics, repeated: up to where it read, however much came after; and where the topic is another now."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.rerun import rerun
from online.opening import Kafka
from online.repeat import Found
from producer.dataset import Dataset
from producer.errors import ContractError, RunError, UsageError
from producer.label_plan import Lateness, plan_arrivals
from producer.label_topic import write_label_topic
from producer.replay import identify, replay
from producer.topic import TopicReader, ensure_topic
from producer.writer import TopicWriter

pytestmark = pytest.mark.kafka

SIZE, RECORDS = 100, 850


@pytest.fixture
def file(tiny_lines, tiny_file, tmp_path: Path) -> Path:
    """850 lines with one change, among them a dead letter."""
    lines = tiny_lines(RECORDS, seed=3, flip_from=400)
    lines[37] = b"one,2.0,word,attack"
    return tiny_file(tmp_path / "stream.csv", lines)


@pytest.fixture
def topics(bootstrap: str, file: Path, tiny: Dataset) -> tuple[str, str]:
    """The file on a topic of two partitions, and its late labels on another."""
    records, labels = f"t-{uuid.uuid4()}", f"l-{uuid.uuid4()}"
    stream = identify(file, tiny, wire="csv")
    replay(file, tiny, stream, bootstrap=bootstrap, topic=records, wire="csv", partitions=2)
    ensure_topic(bootstrap, labels, partitions=2)
    arrivals = plan_arrivals(file, tiny, Lateness(delay=40, jitter=150, share=0.8, seed=3))
    write_label_topic(arrivals, tiny, stream.id, bootstrap=bootstrap, topic=labels)
    return records, labels


@pytest.fixture
def duel(run_asked, tiny_model, bootstrap: str, topics: tuple[str, str], tmp_path: Path) -> Callable[..., Path]:
    """A duel over the topic."""

    def call(**options) -> Path:
        run, options = tmp_path / "run", {"topic": topics[0], "bootstrap": bootstrap, **options}
        run_asked(model=tiny_model(tmp_path / "model"), run=run, window=SIZE, seed=5, **options)
        return run

    return call


def append(bootstrap: str, topic: str) -> None:
    """Put one more message onto partition 0."""
    with TopicReader(bootstrap, topic) as reader:
        end, key = reader.end[0], next(reader.chunks({0: 0}, {0: 1})).keys[0]
    with TopicWriter(bootstrap, topic) as writer:
        writer.send(0, partition=0, offset=end, key=key, value=b"1,2.5,w,benign")


def test_it_is_repeated_up_to_where_it_read(duel: Callable[..., Path], bootstrap: str, topics: tuple[str, str]) -> None:
    """What came onto both topics afterwards doesn't belong to the run."""
    run = duel(labels_topic=topics[1], label_horizon=100)
    for topic in topics:
        append(bootstrap, topic)
    assert rerun(run, found=Found(kafka=Kafka(bootstrap=bootstrap))).same


def test_a_topic_that_is_gone_or_another_is_named(
    duel: Callable[..., Path], bootstrap: str, topics: tuple[str, str], file: Path, tiny: Dataset
) -> None:
    """Deleted, or filled with another stream; a file can't take its place, and without a broker nothing can."""
    from kafka import KafkaAdminClient

    run = duel()
    with pytest.raises(UsageError, match=r"read the topic .* not a file; leave out --file"):
        rerun(run, found=Found(file=file, kafka=Kafka(bootstrap=bootstrap)))
    with pytest.raises(UsageError, match="a broker is needed"):
        rerun(run)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_topics([topics[0]])
    admin.close()
    with pytest.raises(ContractError, match=f"no topic '{topics[0]}'"):
        rerun(run, found=Found(kafka=Kafka(bootstrap=bootstrap)))
    file.write_text(file.read_text().replace("benign", "attack", 1))
    replay(file, tiny, identify(file, tiny, wire="csv"), bootstrap=bootstrap, topic=topics[0], wire="csv", partitions=2)
    with pytest.raises(
        RunError, match=r"its source\.stream was '.*', and is '.*' now\. Another stream is on its topic"
    ):
        rerun(run, found=Found(kafka=Kafka(bootstrap=bootstrap)))
