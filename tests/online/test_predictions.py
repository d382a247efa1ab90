"""Predictions on a topic, on a real broker: one message for each record, once."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient

from online.cli import evaluate
from online.duel import DuelOutcome
from online.ledger import Ledger
from online.run import read_manifest
from producer import confluent_client, kafka_python_client
from producer.client import Config
from producer.dataset import Dataset
from producer.errors import BrokerError, ContractError, UsageError
from producer.kafka_python_client import KafkaPythonWriter
from producer.stamp import read_stamps
from producer.topic import TopicReader

pytestmark = pytest.mark.kafka

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
RECORDS, SIZE = 650, 100
Call = Callable[..., DuelOutcome]


@pytest.fixture
def topic() -> str:
    """A name that no other test has."""
    return f"predictions-{uuid.uuid4().hex}"


@pytest.fixture
def duel(
    run_asked, tiny_model, tiny_file, tiny_lines, bootstrap: str, config: Config, topic: str, tmp_path: Path
) -> Call:
    """Runs a duel over 650 lines, with a dead letter among them, into `run`; predictions go onto the topic."""
    model, lines = tiny_model(tmp_path / "model"), tiny_lines(RECORDS, seed=3, flip_from=300)
    lines[37] = b"one,2.0,word,attack"
    file = tiny_file(tmp_path / "stream.csv", lines)
    to = {"bootstrap": bootstrap, "config": config, "predictions_topic": topic, "arms": ["static", CLASSICAL]}
    plain = {"model": model, "file": file, "window": SIZE, "run": tmp_path / "run", **to}
    return lambda **options: run_asked(**{**plain, **options})


def committed(bootstrap: str, topic: str, config: Config) -> list[tuple[int, dict]]:
    """Number by the key, and value, of every message that whoever reads committed ones sees."""
    found: list[tuple[int, dict]] = []
    with TopicReader(bootstrap, topic, config=config, allow_empty=True) as reader:
        for chunk in reader.chunks(reader.beginning, reader.end):
            stamps = read_stamps(chunk.keys)
            assert stamps is not None
            found += zip(stamps.seqs.tolist(), map(json.loads, filter(None, chunk.values)), strict=True)
    return found


def expected(run: Path, dataset: Dataset) -> list[tuple[int, dict]]:
    """What the run's ledger says must be there."""
    said = []
    threshold = read_manifest(run)["threshold"]
    for entry in Ledger(run / "segments", dataset).entries():
        labels = entry.window.records.column("y").to_pylist()
        for row, seq in enumerate(entry.window.seqs.tolist()):
            arms = {}
            for name, part in entry.arms.items():
                score = float(entry.scores[part.model][row])
                arms[name] = {"score": score, "prediction": int(score > threshold), "model": part.model}
            said.append((seq, {"seq": seq, "window": entry.window.index, "label": int(labels[row]), "arms": arms}))
    return said


def test_each_record_has_its_prediction(
    duel: Call, bootstrap: str, config: Config, topic: str, tiny: Dataset, tmp_path: Path
) -> None:
    """Label, and each arm's score and model, as the ledger has them, none for a dead letter; once, if asked twice."""
    assert duel().books.scored == RECORDS - 1
    found = committed(bootstrap, topic, config)
    assert found == expected(tmp_path / "run", tiny)
    assert len({value["arms"]["classical"]["model"] for _, value in found}) > 1
    duel()
    assert committed(bootstrap, topic, config) == found


def test_a_topic_that_is_deleted_meanwhile_ends_it_in_words(
    duel: Call, bootstrap: str, config: Config, topic: str, tiny: Dataset, tmp_path: Path, monkeypatch
) -> None:
    """It isn't waited for without end; the same command makes the topic anew, with all predictions."""
    admin, times = AdminClient({"bootstrap.servers": bootstrap}), iter(range(100))
    writer = {"confluent-kafka": confluent_client.ConfluentWriter}.get(str(config["client"]), KafkaPythonWriter)
    begin = writer.begin

    def deleting(self: object) -> None:
        if next(times) == 3:
            admin.delete_topics([topic])[topic].result(30)
            while topic in admin.list_topics(timeout=30).topics:
                time.sleep(0.1)
        begin(self)

    with monkeypatch.context() as patch:
        patch.setattr(writer, "begin", deleting)
        patch.setattr(confluent_client, "REQUEST_SECONDS", 5)
        patch.setattr(kafka_python_client, "COMMIT_SECONDS", 5)
        patch.setattr("producer.writer.FLUSH_SECONDS", 5)
        with pytest.raises(BrokerError, match=rf"the broker at {bootstrap} failed: .*run the same command again"):
            duel()
    duel()
    assert committed(bootstrap, topic, config) == expected(tmp_path / "run", tiny)


def test_what_isnt_this_runs_is_refused(duel: Call, bootstrap: str, topic: str, tmp_path: Path) -> None:
    """Another run's predictions, the same run's with other arms, or the stream's own topic."""
    duel(max_windows=1)
    other = r"holds something else than the predictions of this run with these arms; choose another --predictions"
    for change in ({"run": tmp_path / "other", "seed": 9}, {"arms": ["static", CLASSICAL.replace("0.9", "0.8", 1)]}):
        asked = {**change, "run": change.get("run", tmp_path / "more")}
        with pytest.raises(ContractError, match=other):
            duel(**asked)
    with pytest.raises(UsageError, match=rf"to write topic '{topic}' a broker is needed"):
        duel(run=tmp_path / "new", bootstrap=None)
    with pytest.raises(UsageError, match="can't hold records and predictions"):
        duel(run=tmp_path / "new", file=None, topic=topic)
    assert not (tmp_path / "new").exists()


def test_the_verb_publishes_a_finished_run(
    duel: Call, bootstrap: str, config: Config, topic: str, tiny: Dataset, tmp_path: Path
) -> None:
    """A run that was finished without such a topic is published by asking again."""
    duel(predictions_topic=None)
    words = ("--model", tmp_path / "model", "--file", tmp_path / "stream.csv", "--window", SIZE, "--arm", CLASSICAL)
    to = ("--run", tmp_path / "run", "--predictions-topic", topic, "--bootstrap", bootstrap)
    done = CliRunner().invoke(evaluate, [*map(str, (*words, *to))])
    assert done.exit_code == 0, done.output
    assert committed(bootstrap, topic, config) == expected(tmp_path / "run", tiny)
