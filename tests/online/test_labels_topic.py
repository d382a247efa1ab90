"""The duel with a label topic, on a real broker: the same as from a label file, and without a broker in the end."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from contents import content

from online.cli import evaluate
from online.duel import DuelOutcome
from online.run import read_manifest
from producer.client import Config
from producer.dataset import Dataset
from producer.errors import ContractError, RunError
from producer.label_plan import Lateness, plan_arrivals, write_label_file
from producer.label_topic import write_label_topic
from producer.replay import identify, replay
from producer.topic import TopicReader, ensure_topic
from producer.writer import TopicWriter

pytestmark = pytest.mark.kafka

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
BY_RECORD = "river:learner=river(logistic-regression, warm_up=false)"
ARMS = ("static", "dynamic", CLASSICAL, BY_RECORD)
LATENESS = Lateness(delay=40, jitter=350, share=0.85, seed=3)
PARTITIONS = 3
RECORDS, SIZE = 1250, 200
Call = Callable[..., DuelOutcome]


@pytest.fixture
def file(tiny_lines, tiny_file, tmp_path: Path) -> Path:
    """1,250 lines with one change, among them two dead letters."""
    found = tiny_lines(RECORDS, seed=3, flip_from=600)
    found[37], found[799] = b"one,2.0,word,attack", b"1,2.0"
    return tiny_file(tmp_path / "stream.csv", found)


@pytest.fixture
def topics(bootstrap: str, file: Path, tiny: Dataset) -> tuple[str, str]:
    """The file on a topic of three partitions, and its labels, late and out of order, on another of three."""
    records, labels = f"t-{uuid.uuid4()}", f"l-{uuid.uuid4()}"
    stream = identify(file, tiny, wire="csv")
    replay(file, tiny, stream, bootstrap=bootstrap, topic=records, wire="csv", partitions=PARTITIONS)
    ensure_topic(bootstrap, labels, partitions=PARTITIONS)
    arrivals = plan_arrivals(file, tiny, LATENESS)
    write_label_topic(arrivals, tiny, stream.id, bootstrap=bootstrap, topic=labels)
    return records, labels


@pytest.fixture
def duel(run_asked, tiny_model, bootstrap: str, topics: tuple[str, str], tmp_path: Path) -> Call:
    """Runs the duel over both topics, in windows of 200, into the named run directory."""
    model = tiny_model(tmp_path / "model")

    def call(run: str, **options) -> DuelOutcome:
        plain = {"model": model, "topic": topics[0], "labels_topic": topics[1], "label_horizon": 100}
        plain |= {"bootstrap": bootstrap, "window": SIZE, "arms": ARMS, "seed": 5}
        return run_asked(run=tmp_path / run, **(plain | options))

    return call


def append(bootstrap: str, topic: str, key: bytes, value: bytes) -> None:
    """Put one more message onto partition 0."""
    with TopicReader(bootstrap, topic) as reader:
        end = reader.end[0]
    with TopicWriter(bootstrap, topic) as writer:
        writer.send(0, partition=0, offset=end, key=key, value=value)


def test_a_label_topic_equals_a_label_file(duel: Call, file: Path, tiny: Dataset, tmp_path: Path) -> None:
    """Records from a topic or a file, labels from a topic or a file: the same ledger, models and tables."""
    labels = tmp_path / "labels.csv"
    write_label_file(plan_arrivals(file, tiny, LATENESS), labels)
    outcome = duel("topics")
    assert outcome.labels is not None
    assert (outcome.labels.elsewhere, outcome.labels.unreadable, outcome.finished) == (0, 0, True)
    assert min(outcome.labels.never, outcome.labels.too_late) > 20
    from_file = {"labels_topic": None, "labels_file": labels}
    others = {"l": from_file, "r": {"topic": None, "file": file}, "b": {"topic": None, "file": file, **from_file}}
    expected = content(tmp_path / "topics")
    for run, options in others.items():
        assert duel(run, **options).labels == outcome.labels
        found = content(tmp_path / run)
        assert found.keys() == expected.keys()
        differing = {name for name in expected if found[name] != expected[name]}
        assert differing <= {"experiment.toml", "manifest.json", "dead_letters.jsonl", "labels.arrow"}, run


def test_labels_that_come_after_the_first_start_are_not_read(
    duel: Call, bootstrap: str, topics: tuple[str, str], tmp_path: Path
) -> None:
    """Taken up again the run is the one it was, whether it holds its labels already or was killed before that."""
    whole = duel("whole")
    duel("cut", max_windows=2)
    duel("killed", max_windows=1)
    (tmp_path / "killed/labels.arrow").unlink()
    append(bootstrap, topics[1], b"37", b'{"label": "attack", "after": 37}')
    for run in ("cut", "killed", "whole"):
        assert duel(run) == whole
        assert content(tmp_path / run) == content(tmp_path / "whole")
    late = duel("late").labels
    assert late is not None
    assert late.elsewhere == 1  # under this number there is a dead letter


def cut(bootstrap: str, topic: str, before: dict[int, int]) -> None:
    """Delete all messages before these offsets, as retention does."""
    places = [TopicPartition(topic, partition, offset) for partition, offset in before.items()]
    admin = AdminClient({"bootstrap.servers": bootstrap})  # it must live until they are deleted
    for done in admin.delete_records(places).values():
        done.result(30)


def test_labels_that_retention_took_are_told(
    duel: Call, bootstrap: str, topics: tuple[str, str], config: Config, tmp_path: Path
) -> None:
    """Outcome, manifest and printed end say where the label topic began; a run that has its labels goes on with them.

    Without its own copy a run doesn't go on with fewer labels than it was started with.
    """
    whole = duel("whole", max_windows=3, config=config).labels
    cut(bootstrap, topics[1], {0: 30, 2: 10})
    assert whole is not None
    assert whole.cut == {}
    assert duel("run", max_windows=3, config=config).labels == replace(
        whole, messages=whole.messages - 40, labels=whole.labels - 40, never=whole.never + 40, cut={"0": 30, "2": 10}
    )
    duel("killed", max_windows=1, config=config)
    held = read_manifest(tmp_path / "run")["identity"]["labels"]
    cut(bootstrap, topics[1], {0: 35, 1: 1})
    words = ["--topic", topics[0], "--labels-topic", topics[1], "--label-horizon", 100, "--bootstrap", bootstrap]
    words += ["--model", tmp_path / "model", "--run", tmp_path / "run", "--window", SIZE, "--seed", 5]
    shown = CliRunner().invoke(evaluate, [str(word) for word in words])
    said = "the label topic had lost its start (retention): when the run was started it began at offset 30 in "
    assert f"{said}partition 0, at offset 10 in partition 2, so that some of these records may" in shown.output
    assert read_manifest(tmp_path / "run")["identity"]["labels"] == {**held, "begins": {"0": 30, "2": 10}} == held
    (tmp_path / "killed/labels.arrow").unlink()
    gone = "offsets 30 to 34 of partition 0, offsets 0 to 0 of partition 1 were deleted since"
    with pytest.raises(ContractError, match=rf"label topic '{topics[1]}' no longer holds what this run .*: {gone}"):
        duel("killed", config=config)


def test_a_finished_run_takes_another_arm_without_a_broker(duel: Call, tmp_path: Path) -> None:
    """The run holds the records and when each label was known."""
    at_once = duel("at once")
    duel("later", arms=("static", BY_RECORD))
    assert duel("later", bootstrap=None) == at_once
    later, expected = content(tmp_path / "later"), content(tmp_path / "at once")
    for name in ("windows.csv", "events.jsonl", "labels.arrow"):
        assert later[name] == expected[name]


def test_labels_of_another_stream_are_refused(
    duel: Call, bootstrap: str, file: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """Filled from another file, or from the same file by another wire: before there is a run directory."""
    other = identify(file, tiny, wire="json")
    topic = f"l-{uuid.uuid4()}"
    write_label_topic(plan_arrivals(file, tiny, LATENESS), tiny, other.id, bootstrap=bootstrap, topic=topic)
    with pytest.raises(ContractError, match=rf"the labels belong to another stream \({other.id.hex()}\) than the rec"):
        duel("run", labels_topic=topic)
    assert not (tmp_path / "run").exists()
    assert duel("from file", labels_topic=topic, topic=None, file=file).finished  # there it's the same file
    file.write_bytes(file.read_bytes() + b"1,2.5,w,benign\n")
    with pytest.raises(ContractError, match="the labels belong to another stream"):
        duel("run", labels_topic=topic, topic=None, file=file)


def test_damaged_labels_of_a_run_are_refused(duel: Call, tmp_path: Path) -> None:
    """A bit that flipped is found; without the file the labels are read from the topic again."""
    whole = duel("run")
    path, before = tmp_path / "run/labels.arrow", content(tmp_path / "run")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    for damaged in (bytes(raw), b"", raw[: len(raw) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(
            RunError, match=r"the labels in .*labels.arrow are damaged \(.*\)\. Delete the file, and run"
        ):
            duel("run")
    path.unlink()
    assert duel("run") == whole
    assert content(tmp_path / "run") == before


def test_another_label_topic_is_another_run(
    duel: Call, bootstrap: str, file: Path, tiny: Dataset, topics: tuple[str, str], tmp_path: Path
) -> None:
    """Also one that holds the same labels: the run names where its labels came from."""
    duel("run", max_windows=1)
    other = f"l-{uuid.uuid4()}"
    stream = identify(file, tiny, wire="csv")
    write_label_topic(plan_arrivals(file, tiny, LATENESS), tiny, stream.id, bootstrap=bootstrap, topic=other)
    with pytest.raises(RunError, match=r"holds another run: its labels\.\w+(\.\d)? is .*, now asked for is "):
        duel("run", labels_topic=other)


@pytest.mark.e2e
def test_the_commands_say_what_became_of_the_labels(
    tiny_model, bootstrap: str, topics: tuple[str, str], tmp_path: Path
) -> None:
    """`evaluate` counts them; a finished run needs no broker, and `report` takes a run with gaps."""
    driftduel = Path(sys.executable).with_name("driftduel")
    model = tiny_model(tmp_path / "model")
    words = [driftduel, "evaluate", "--model", model, "--topic", topics[0], "--labels-topic", topics[1]]
    words += ["--label-horizon", 100, "--window", SIZE, "--run", tmp_path / "run", "--arm", "dynamic"]
    for where in (["--bootstrap", bootstrap], ["--data", tmp_path / "none"]):
        line = [str(word) for word in [*words, *where]]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        assert "label messages = 1,062 of the stream's records + 0 of other numbers + 0 doubles" in done.stdout
        assert "186 records never got a label, " in done.stdout
    assert not (tmp_path / "none").exists()
    report = subprocess.run([driftduel, "report", tmp_path / "run"], capture_output=True, text=True, check=True)
    assert "On the 1,062 labelled ones of this stream's 1,248 records" in report.stdout
