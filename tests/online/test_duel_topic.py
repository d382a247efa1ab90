"""The duel over a topic, on a real broker: it ends where it was to end, and a finished run needs no broker."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from contents import content

from online.duel import DuelOutcome
from producer.dataset import Dataset
from producer.errors import ContractError, RunError
from producer.replay import Stream, identify, replay
from producer.stamp import make_stamp
from producer.topic import TopicReader, ensure_topic, last_records
from producer.writer import TopicWriter

pytestmark = pytest.mark.kafka

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-1,gate=none"
ARMS = ("static", "dynamic", CLASSICAL)
PARTITIONS = 3
RECORDS, SIZE = 1250, 200

Call = Callable[..., DuelOutcome]


@pytest.fixture
def lines(tiny_lines) -> list[bytes]:
    """1,250 lines with one change, among them two dead letters."""
    found = tiny_lines(RECORDS, seed=3, flip_from=600)
    found[37], found[799] = b"one,2.0,word,attack", b"1,2.0"
    return found


@pytest.fixture
def file(tiny_file, lines: list[bytes], tmp_path: Path) -> Path:
    """The lines as a file."""
    return tiny_file(tmp_path / "stream.csv", lines)


@pytest.fixture
def stream(file: Path, tiny: Dataset) -> Stream:
    """How the file travels."""
    return identify(file, tiny, wire="csv")


@pytest.fixture
def topic(bootstrap: str, file: Path, tiny: Dataset, stream: Stream) -> str:
    """The file, replayed onto a topic of three partitions."""
    name = f"t-{uuid.uuid4()}"
    replay(file, tiny, stream, bootstrap=bootstrap, topic=name, wire="csv", partitions=PARTITIONS)
    return name


@pytest.fixture
def duel(run_asked, tiny_model, bootstrap: str, topic: str, tmp_path: Path) -> Call:
    """Runs the duel over the topic, in windows of 200, into the named run directory."""
    model = tiny_model(tmp_path / "model")

    def call(run: str, **options) -> DuelOutcome:
        plain = {"model": model, "topic": topic, "bootstrap": bootstrap, "window": SIZE, "arms": ARMS, "seed": 5}
        return run_asked(run=tmp_path / run, **(plain | options))

    return call


def append(bootstrap: str, topic: str, messages: Iterable[tuple[int, bytes, bytes]]) -> None:
    """Put further messages behind what is there: each with its partition, its key and its value."""
    ends = {partition: last.end if last else 0 for partition, last in last_records(bootstrap, topic).items()}
    with TopicWriter(bootstrap, topic) as writer:
        for number, (partition, key, value) in enumerate(messages):
            writer.send(number, partition=partition, offset=ends[partition], key=key, value=value)
            ends[partition] += 1


def stamp(dataset: Dataset, stream: Stream, seq: int) -> bytes:
    """The key of this stream's record `seq`."""
    return make_stamp(fingerprint=dataset.fingerprint, stream=stream.id, seq=seq)


def test_the_run_ends_where_it_was_to_end(
    duel: Call, bootstrap: str, topic: str, tiny: Dataset, stream: Stream, tmp_path: Path
) -> None:
    """What arrives after the first start, also before it is taken up again, is not read: the bytes are the same."""
    whole = duel("whole")
    assert (whole.windows, whole.finished, whole.books.numbers) == (7, True, RECORDS)
    assert (duel("cut", max_windows=1).windows, duel("unstarted", max_windows=1).finished) == (1, False)
    further = range(RECORDS, RECORDS + 500)
    append(bootstrap, topic, ((n % PARTITIONS, stamp(tiny, stream, n), b"1,2.5,w,benign") for n in further))
    assert duel("cut") == whole
    assert content(tmp_path / "cut") == content(tmp_path / "whole")
    assert duel("later").books.numbers == RECORDS + 500


def messages(bootstrap: str, topic: str) -> dict[int, list[tuple[bytes | None, bytes | None]]]:
    """Keys and values of all messages, by partition."""
    found: dict[int, list[tuple[bytes | None, bytes | None]]] = {}
    with TopicReader(bootstrap, topic) as reader:
        for chunk in reader.chunks(reader.beginning, reader.end):
            found.setdefault(chunk.partition, []).extend(zip(chunk.keys, chunk.values, strict=True))
    return found


def test_both_clients_write_and_read_the_same(
    duel: Call, bootstrap: str, file: Path, tiny: Dataset, stream: Stream, tmp_path: Path
) -> None:
    """Whichever client fills the topic, and whichever reads it: the same messages, and the same run, byte for byte."""
    clients = ("confluent-kafka", "kafka-python")
    topics = {client: f"by-{client}-{uuid.uuid4()}" for client in clients}
    for client, name in topics.items():
        to = {"bootstrap": bootstrap, "topic": name, "partitions": PARTITIONS, "config": {"client": client}}
        replay(file, tiny, stream, wire="csv", **to)
        for reading in clients:
            duel(f"{client} {reading}", topic=name, config={"client": reading})
        first, second = (content(tmp_path / f"{client} {reading}") for reading in clients)
        assert first == second
    assert messages(bootstrap, topics[clients[0]]) == messages(bootstrap, topics[clients[1]])
    one, other = (content(tmp_path / f"{client} {client}") for client in clients)
    apart = {"manifest.json", "experiment.toml", "dead_letters.jsonl"}  # they name the topic
    assert {name for name in one if one[name] != other[name]} == apart


def test_a_finished_run_takes_another_arm_without_a_broker(duel: Call, tmp_path: Path) -> None:
    """All its windows are there: nothing is read from the topic, and the result is that of asking at once."""
    at_once = duel("at once")
    assert duel("later", arms=("static", "dynamic")).finished
    assert duel("later", arms=(CLASSICAL,), bootstrap=None) == at_once
    later, expected = content(tmp_path / "later"), content(tmp_path / "at once")
    for name in ("windows.csv", "events.jsonl", "dead_letters.jsonl", "manifest.json", "experiment.toml"):
        assert later[name] == expected[name]


@pytest.mark.parametrize("lost", [1, 3, 7])
def test_segments_that_were_deleted_are_read_again(duel: Call, tmp_path: Path, lost: int) -> None:
    """A finished run that lost its last windows gets them from the topic, byte for byte."""
    outcome = duel("run")
    before = content(tmp_path / "run")
    for path in sorted((tmp_path / "run/segments").iterdir())[-lost:]:
        path.unlink()
    assert duel("run") == outcome
    assert content(tmp_path / "run") == before


def test_another_wire_is_refused_when_a_run_is_taken_up_again(duel: Call, tmp_path: Path) -> None:
    """The same messages read otherwise would be another stream; what is there stays as it is."""
    duel("run", max_windows=1)
    before = content(tmp_path / "run")
    with pytest.raises(RunError, match=r"holds another run: its source\.wire is '?csv'?, now asked for is '?json"):
        duel("run", wire="json")
    assert content(tmp_path / "run") == before


def test_another_wire_is_refused_for_a_finished_run(duel: Call, tmp_path: Path) -> None:
    """Also where nothing is left to read, the run doesn't say afterwards that it was asked for otherwise."""
    duel("run")
    before = content(tmp_path / "run")
    for address in ({}, {"bootstrap": None}):
        with pytest.raises(RunError, match=r"holds another run: its source\.wire is '?csv'?, now asked for is '?json"):
            duel("run", wire="json", **address)
    assert content(tmp_path / "run") == before


@pytest.mark.parametrize("records", [300, RECORDS + 300])
def test_another_topic_is_another_run(
    duel: Call, bootstrap: str, topic: str, tiny: Dataset, tiny_lines, tiny_file, tmp_path: Path, records: int
) -> None:
    """A finished run doesn't go on with another topic, whether that one is shorter or longer."""
    duel("run")
    before = content(tmp_path / "run")
    path = tiny_file(tmp_path / "other.csv", tiny_lines(records, seed=9))
    other = f"{topic}-other"
    stream = identify(path, tiny, wire="csv")
    replay(path, tiny, stream, bootstrap=bootstrap, topic=other, wire="csv", partitions=PARTITIONS)
    with pytest.raises(RunError, match=r"holds another run: its source\.\w+ is .*, now asked for is "):
        duel("run", topic=other)
    assert content(tmp_path / "run") == before


@pytest.mark.parametrize("seq", [2**62, 2**63 - 1, PARTITIONS * (RECORDS // PARTITIONS + 2)])
def test_a_forged_stamp_is_refused_in_words(
    duel: Call, bootstrap: str, topic: str, tiny: Dataset, stream: Stream, seq: int
) -> None:
    """A number that the topic can't hold opens no windows without end: the message says where it stands."""
    append(bootstrap, topic, [(1, stamp(tiny, stream, seq), b"1,2.5,w,benign")])
    place = rf"the number {seq:,} in partition 1 at offset {RECORDS // PARTITIONS + 1}"
    with pytest.raises(ContractError, match=rf"topic '{topic}' is stamped with {place}, but it holds numbers below"):
        duel("run", max_windows=10)  # more than there are, so that without the check this ends too


def test_a_topic_that_was_made_anew_is_refused(duel: Call, bootstrap: str, tmp_path: Path) -> None:
    """A run that isn't finished doesn't go on with a topic that doesn't reach as far as it did."""
    name = f"t-{uuid.uuid4()}"
    ensure_topic(bootstrap, name, partitions=1)
    append(bootstrap, name, [(0, b"", b"1,2.5,w,benign")] * 5)
    duel("run", topic=name, window=2, max_windows=1)
    manifest = tmp_path / "run/manifest.json"
    manifest.write_text(manifest.read_text().replace('"0": 5', '"0": 6'))
    with pytest.raises(ContractError, match=r"isn't the topic it was"):
        duel("run", topic=name, window=2)
