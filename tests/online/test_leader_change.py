"""Replays and duels on three brokers, one of which is lost: the others lead, and nothing shows in what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest
from cluster import Cluster
from contents import content_from_any_source
from faults import Command
from soak import committed

from online.duel import Duel, Stream, run_duel
from producer.client import Config
from producer.stamp import read_stamps
from producer.topic import TopicReader, ensure_topic, last_records

pytestmark = pytest.mark.kafka

RECORDS, SIZE, RATE, PARTITIONS = 2_400, 100, 150, 3
CLIENTS = ("confluent-kafka", "kafka-python")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers that replicate all topics."""
    with Cluster(tmp_path_factory.mktemp("brokers"), size=3) as started:
        yield started


def test_a_topic_that_was_just_made_is_found_on_every_broker(cluster: Cluster, config: Config) -> None:
    """Whichever broker is asked next: it may not have heard of the topic yet."""
    names = [f"new-{config['client']}-{number}" for number in range(8)]
    made = [ensure_topic(cluster.address, name, partitions=PARTITIONS, config=config) for name in names]
    assert [PARTITIONS] * len(names) == made
    found = [last_records(cluster.address, name, config=config) for name in names]
    assert [dict.fromkeys(range(PARTITIONS))] * len(names) == found


def until(condition: Callable[[], bool], commands: Sequence[Command], seconds: float = 180) -> None:
    """Wait for something; what ends otherwise than well is started again."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, [command.log.read_text() for command in commands]
        for command in commands:
            command.look()
        time.sleep(0.05)


def test_a_leader_killed_in_the_middle_costs_time_only(cluster: Cluster, stream_files) -> None:
    """Replayers and evaluators of both clients go on with whoever leads next, while the killed one is away."""
    files = stream_files(RECORDS)
    run_duel(Duel(model=files / "model", stream=Stream(file=files / "stream.csv"), window=SIZE), run=files / "whole")
    plain = ("--model", files / "model", "--window", SIZE, "--follow", "--idle-timeout", 10)
    replays, duels = [], []
    with ExitStack() as stack:
        for client in CLIENTS:
            ensure_topic(cluster.address, client, partitions=PARTITIONS)  # each broker leads one of them
            ensure_topic(cluster.address, f"said-{client}", partitions=PARTITIONS)
            (files / f"{client}.properties").write_text(f"client = {client}\n")
            where = ("--bootstrap", cluster.address, "--kafka-config", files / f"{client}.properties")
            stream = (files / "stream.csv", "--dataset", files / "tiny.toml", "--topic", client, "--rate", RATE)
            replays.append(Command(files / f"replay-{client}.log", "produce", *stream, *where))
            run = ("--topic", client, "--predictions-topic", f"said-{client}", "--run", files / client)
            duels.append(Command(files / f"duel-{client}.log", "evaluate", *plain, *run, *where))
            stack.callback(replays[-1].end)
            stack.callback(duels[-1].end)
        commands = replays + duels

        def reached(windows: int) -> bool:
            return all(committed(files / client) >= windows for client in CLIENTS)

        until(lambda: reached(3), commands)
        leader = cluster.leader(CLIENTS[0])
        leader.kill()
        until(lambda: reached(10), commands)
        cluster.start(leader.number)
        cluster.move(CLIENTS[0], 1)
        cluster.move(CLIENTS[1], 1)
        until(lambda: all(map(Command.look, commands)), commands)
    assert [{}, {}] == [replay.ends for replay in replays], "they went on by themselves"
    for client in CLIENTS:
        assert content_from_any_source(files / client) == content_from_any_source(files / "whole"), client
        assert [RECORDS // PARTITIONS] * PARTITIONS == [
            last.end for last in last_records(cluster.address, client).values() if last
        ]
        seen = predicted(cluster.address, f"said-{client}")
        assert (RECORDS, list(range(RECORDS))) == (len(seen), seen), client


def predicted(address: str, topic: str) -> list[int]:
    """The numbers of the records whose predictions a reader of committed transactions sees, ascending."""
    with TopicReader(address, topic) as reader:
        stamps = [read_stamps(chunk.keys) for chunk in reader.chunks(reader.beginning, reader.end)]
    return sorted(seq for found in stamps if found for seq in found.seqs.tolist())
