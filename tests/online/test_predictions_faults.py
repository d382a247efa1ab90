"""Predictions on a topic while evaluators are killed -9 and the topic loses messages: real processes, both clients."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import confluent_kafka
import kafka
import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient

import driftduel
from online.ledger import Ledger
from online.run import read_contract, read_manifest
from producer.client import Config
from producer.errors import ContractError
from producer.stamp import read_stamps

pytestmark = pytest.mark.kafka

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
DRIFTDUEL = (sys.executable, "-m", "driftduel")
RECORDS, SIZE, KILLS = 1_200, 50, 4
WRITERS = {
    "confluent-kafka": "confluent_client.ConfluentWriter",
    "kafka-python": "kafka_python_client.KafkaPythonWriter",
}
DYING = """
import os, signal, sys
import driftduel
from producer import {module}

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def dying(self):
    last = next(times) == 3
    if last and not {after}:
        die()
    commit(self)
    if last:
        die()

commit, times = {module}.{name}.commit, iter(range(100))
{module}.{name}.commit = dying
driftduel.main(sys.argv[1:])
"""
Message = tuple[int, dict]
Words = Callable[..., list[str]]


@pytest.fixture
def topic() -> str:
    """A name that no other test has."""
    return f"predictions-{uuid.uuid4().hex}"


@pytest.fixture
def words(tiny_model, tiny_file, tiny_lines, bootstrap: str, config: Config, tmp_path: Path) -> Words:
    """The words of `evaluate` over 1,200 lines, with a dead letter among them, by one of the clients."""
    lines = tiny_lines(RECORDS, seed=3, flip_from=500)
    lines[37] = b"one,2.0,word,attack"
    (tmp_path / "client.properties").write_text(f"client = {config['client']}\n")
    plain = ("--model", tiny_model(tmp_path / "model"), "--file", tiny_file(tmp_path / "stream.csv", lines))
    to = ("--bootstrap", bootstrap, "--kafka-config", tmp_path / "client.properties", "--window", SIZE)

    def call(run: str, topic: str, *more: object) -> list[str]:
        where = ("--run", tmp_path / run, "--predictions-topic", topic, "--arm", CLASSICAL)
        return [str(word) for word in ("evaluate", *plain, *to, *where, *more)]

    return call


def by_confluent(bootstrap: str, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """Keys and values that a consumer of confluent-kafka sees which reads committed messages."""
    settings = {"bootstrap.servers": bootstrap, "group.id": topic, "isolation.level": "read_committed"}
    consumer = confluent_kafka.Consumer({**settings, "enable.partition.eof": True})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING)])
    found = []
    with contextlib.closing(consumer):
        while (message := consumer.poll(30)) is not None and message.error() is None:
            found.append((message.key(), message.value()))
        assert message is not None
        assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF
    return found


def by_kafka_python(bootstrap: str, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """Keys and values that a consumer of kafka-python sees which reads committed messages."""
    settings = {"isolation_level": "read_committed", "enable_auto_commit": False, "group_id": None}
    place = kafka.TopicPartition(topic, 0)
    found = []
    with contextlib.closing(kafka.KafkaConsumer(bootstrap_servers=bootstrap, **settings)) as consumer:
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for messages in consumer.poll(timeout_ms=500).values():
                found += [(message.key, message.value) for message in messages]
    return found


def seen(bootstrap: str, topic: str) -> list[Message]:
    """Number and value of each message, having checked that consumers of both clients see the same."""
    found = by_confluent(bootstrap, topic)
    assert found == by_kafka_python(bootstrap, topic)
    stamps = read_stamps([key for key, _ in found])
    assert stamps is not None
    return list(zip(stamps.seqs.tolist(), [json.loads(value or b"") for _, value in found], strict=True))


def expected(run: Path) -> list[Message]:
    """What the run's ledger says that must be there: label, and each arm's score, prediction and model."""
    said, threshold = [], read_manifest(run)["threshold"]
    for entry in Ledger(run / "segments", read_contract(run)).entries():
        labels = entry.window.records.column("y").to_pylist()
        for row, seq in enumerate(entry.window.seqs.tolist()):
            scores = {name: float(entry.scores[part.model][row]) for name, part in entry.arms.items()}
            arms = {
                name: {"score": score, "prediction": int(score > threshold), "model": entry.arms[name].model}
                for name, score in scores.items()
            }
            said.append((seq, {"seq": seq, "window": entry.window.index, "label": int(labels[row]), "arms": arms}))
    assert [seq for seq, _ in said] == [seq for seq in range(len(said) + 1) if seq != 37]
    return said


def finish(command: Sequence[str]) -> str:
    """Bring a command to its good end, in this process; what it said on stderr."""
    done = CliRunner().invoke(driftduel.cli, command)
    assert done.exit_code == 0, done.output
    return done.stderr


def test_killed_at_random_each_record_is_there_once(
    words: Words, bootstrap: str, topic: str, config: Config, tmp_path: Path
) -> None:
    """Four times kill -9 at a random instant: then consumers of both clients see what the ledger holds, once."""
    rng = random.Random(f"7 {config['client']}")
    kills = runs = 0
    while kills < KILLS:
        segments = tmp_path / f"run{runs}" / "segments"
        committed = len(list(segments.glob("*.arrow")))
        process = subprocess.Popen([*DRIFTDUEL, *words(f"run{runs}", f"{topic}-{runs}")], stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(segments.glob("*.arrow"))) <= committed:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.2)
        process.kill()
        assert process.wait() in (0, -signal.SIGKILL)
        kills += process.returncode == -signal.SIGKILL
        runs += process.returncode == 0
    finish(words(f"run{runs}", f"{topic}-{runs}"))
    for number in range(runs + 1):
        found = seen(bootstrap, f"{topic}-{number}")
        assert found == expected(tmp_path / f"run{number}")
        assert len(found) == RECORDS - 1
        assert len({value["arms"]["classical"]["model"] for _, value in found}) > 1


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_a_commit_nothing_is_lost_or_doubled(
    words: Words, bootstrap: str, topic: str, config: Config, tmp_path: Path, after: bool
) -> None:
    """The run has the window already; kill -9 comes right before its transaction is committed, or right behind."""
    module, name = WRITERS[str(config["client"])].split(".")
    script = DYING.format(module=module, name=name, after=after)
    command = [sys.executable, "-c", script, *words("run", topic)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "run/segments").iterdir())) == 4
    finish(words("run", topic))
    assert seen(bootstrap, topic) == expected(tmp_path / "run")


def cut(bootstrap: str, topic: str, before: int) -> None:
    """Delete all messages before this offset, as retention does."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.delete_records([confluent_kafka.TopicPartition(topic, 0, before)]).values():
        done.result(30)


def test_predictions_that_retention_took_are_not_published_again(
    words: Words, bootstrap: str, topic: str, tmp_path: Path
) -> None:
    """Whoever has read them would see them twice; and if all are gone, nobody can tell which were there."""
    finish(words("run", topic, "--max-windows", 3))
    before = seen(bootstrap, topic)
    cut(bootstrap, topic, 130)
    finish(words("run", topic, "--max-windows", 5))
    left = seen(bootstrap, topic)
    assert [seq for seq, _ in left] == [*range(129, 250)]
    assert sorted(dict(before) | dict(left)) == [seq for seq, _ in expected(tmp_path / "run")]
    cut(bootstrap, topic, -1)
    with pytest.raises(ContractError, match=rf"topic '{topic}' at .* has lost all its messages \(retention\), so that"):
        driftduel.cli.main(words("run", topic), standalone_mode=False)


def test_a_deleted_topic_is_filled_again_and_that_is_said(
    words: Words, bootstrap: str, topic: str, tmp_path: Path
) -> None:
    """Deleted between two starts: the topic is made anew, with all predictions, once."""
    assert "holds none" not in finish(words("run", topic, "--max-windows", 3))
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([topic])[topic].result(30)
    while topic in admin.list_topics(timeout=30).topics:
        time.sleep(0.1)
    said = finish(words("run", topic))
    assert f"topic '{topic}' at {bootstrap} holds none of this run's predictions; those of the 3 windows that" in said
    assert seen(bootstrap, topic) == expected(tmp_path / "run")
