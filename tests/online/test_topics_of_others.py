"""Topics that others fill, on a real broker: compressed, compacted, in transactions, mixed, or cut at the start."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import confluent_kafka
import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from online.cli import evaluate
from online.duel import DuelOutcome
from online.source import START, TopicSource
from online.windows import Window
from producer.client import Config
from producer.dataset import Dataset
from producer.errors import ContractError, UsageError
from producer.replay import identify, replay
from producer.stamp import make_stamp
from producer.topic import TopicReader

pytestmark = pytest.mark.kafka

PARTITIONS = 3
Admin = AdminClient
Make = Callable[..., str]


@pytest.fixture
def admin(bootstrap: str) -> Admin:
    """Somebody who may do anything with topics."""
    return AdminClient({"bootstrap.servers": bootstrap})


@pytest.fixture
def make(admin: Admin) -> Make:
    """Makes a topic with so many partitions and settings of its own."""

    def call(*, partitions: int = 1, **settings: str) -> str:
        name = f"others-{uuid.uuid4().hex}"
        dotted = {key.replace("_", "."): value for key, value in settings.items()}
        admin.create_topics([NewTopic(name, partitions, config=dotted)])[name].result(30)
        return name

    return call


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


@pytest.mark.parametrize("codec", ["gzip", "lz4", "snappy", "zstd"])
def test_compressed_messages_are_read_or_the_missing_library_is_named(
    bootstrap: str, config: Config, make: Make, tiny: Dataset, codec: str
) -> None:
    """confluent-kafka unpacks everything; kafka-python says what it lacks, and what to do."""
    topic = make()
    write(bootstrap, topic, [(None, record(number)) for number in range(25)], compression_type=codec)
    library = {"lz4": "lz4.frame", "snappy": "snappy", "zstd": "zstandard"}.get(codec, "gzip").split(".")[0]
    if config["client"] == "confluent-kafka" or library == "gzip":
        assert found(windows_of(bootstrap, topic, tiny, config)) == ([*range(25)], [*range(25)])
    else:
        message = rf"compressed in a way that this Kafka client can't unpack \(.*{codec}.*install confluent-kafka"
        with pytest.raises(UsageError, match=message):
            windows_of(bootstrap, topic, tiny, config)


def test_only_what_was_committed_counts(bootstrap: str, config: Config, make: Make, tiny: Dataset) -> None:
    """Markers and aborted messages take no number, and what isn't committed yet isn't there."""
    topic = make()
    writer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "transactional.id": topic})
    writer.init_transactions(30)
    ends = (
        ([0, 1, 2], True),
        ([90, 91], False),
        ([3], True),
        ([92], False),
        ([4, 5, 6, 7, 8, 9, 10], True),
        ([93], None),
    )
    for numbers, committed in ends:
        writer.begin_transaction()
        for number in numbers:
            writer.produce(topic, value=record(number), partition=0)
        assert writer.flush(30) == 0
        if committed is not None:
            (writer.commit_transaction if committed else writer.abort_transaction)()
    windows = windows_of(bootstrap, topic, tiny, config, size=4)
    writer.abort_transaction()
    assert found(windows) == ([*range(11)], [*range(11)])
    assert [window.missing for window in windows] == [(), (), ()]


def test_what_compaction_left_counts(bootstrap: str, config: Config, admin: Admin, make: Make, tiny: Dataset) -> None:
    """Offsets without a message take no number: the records that are left follow one another."""
    node = ConfigResource(ConfigResource.Type.BROKER, "1")
    backoff = ConfigEntry("log.cleaner.backoff.ms", "200", incremental_operation=AlterConfigOpType.SET)
    node.add_incremental_config(backoff)
    admin.incremental_alter_configs([node])[node].result(30)
    eager = {"min_cleanable_dirty_ratio": "0.001", "segment_ms": "100", "delete_retention_ms": "0"}
    topic = make(cleanup_policy="compact", max_compaction_lag_ms="100", **eager)
    write(bootstrap, topic, [(b"key-%d" % (number % 5), record(number)) for number in range(50)])
    deadline = time.monotonic() + 30
    while sum(len(window.seqs) for window in windows_of(bootstrap, topic, tiny, config)) > 10:
        assert time.monotonic() < deadline, "nothing was compacted"
        time.sleep(0.3)
        write(bootstrap, topic, [(b"key-0", record(99))])  # which closes the segment before it
    numbers, values = found(windows_of(bootstrap, topic, tiny, config))
    assert (numbers, [a for a in values if a not in (45, 99)]) == ([*range(len(numbers))], [46, 47, 48, 49])


def test_records_of_another_contract_are_dead_letters(
    bootstrap: str, config: Config, make: Make, tiny: Dataset
) -> None:
    """Among records without numbers, what is none of this contract's costs only itself, with its reason."""
    topic = make()
    other = [b'{"user": 7}', b"10.0.0.1,443,tcp", b"x,y,z,attack", None, b"\xff\xfe"]
    write(bootstrap, topic, [(b"a", record(0)), *((b"b", value) for value in other), (None, record(6))])
    (window,) = windows_of(bootstrap, topic, tiny, config)
    assert window.seqs.tolist() == [0, 6]
    assert [(letter.seq, letter.raw) for letter in window.dead] == [(n + 1, v or b"") for n, v in enumerate(other)]
    assert all(letter.reason for letter in window.dead)


@pytest.mark.parametrize("contract", ["ours", "none"])
def test_strangers_among_stamped_records_are_named_by_their_place(
    bootstrap: str, config: Config, make: Make, tiny: Dataset, contract: str
) -> None:
    """Where numbers are promised, something else on the topic is refused: the message says where it stands."""
    topic, other = make(), tiny.model_copy(update={"name": "other", "columns": tiny.columns[1:]})
    stamps = [make_stamp(fingerprint=tiny.fingerprint, stream=b"stream-1", seq=seq) for seq in range(30)]
    stamps[17] = make_stamp(fingerprint=other.fingerprint, stream=b"stream-1", seq=17) if contract == "ours" else b"k"
    write(bootstrap, topic, [(key, record(seq)) for seq, key in enumerate(stamps)])
    with pytest.raises(ContractError, match=f"topic '{topic}' holds something else from offset 17 of partition 0 on: "):
        windows_of(bootstrap, topic, tiny, config)


def cut(admin: Admin, topic: str, before: dict[int, int]) -> None:
    """Delete all messages before these offsets, as retention does."""
    places = [confluent_kafka.TopicPartition(topic, partition, offset) for partition, offset in before.items()]
    for done in admin.delete_records(places).values():
        done.result(30)


@pytest.fixture
def stamped(bootstrap: str, tiny: Dataset, tiny_file, tiny_lines, tmp_path: Path) -> str:
    """1,200 records, replayed onto a topic of three partitions."""
    name = f"cut-{uuid.uuid4().hex}"
    path = tiny_file(tmp_path / "stream.csv", tiny_lines(1200, seed=3))
    stream = identify(path, tiny, wire="csv")
    replay(path, tiny, stream, bootstrap=bootstrap, topic=name, wire="csv", partitions=PARTITIONS)
    return name


@pytest.fixture
def duel(run_asked, tiny_model, bootstrap: str, tmp_path: Path) -> Callable[..., DuelOutcome]:
    """Runs a duel of the static arm, in windows of 100, into the run directory `run`."""
    model = tiny_model(tmp_path / "model")
    return lambda topic, **options: run_asked(
        model=model, run=tmp_path / "run", topic=topic, bootstrap=bootstrap, window=100, arms=["static"], **options
    )


def test_numbers_that_retention_took_are_named(
    bootstrap: str, config: Config, admin: Admin, stamped: str, duel, tmp_path: Path
) -> None:
    """A run on a topic that has lost its start counts and names every number that is gone."""
    cut(admin, stamped, {0: 70, 1: 50, 2: 72})
    outcome = duel(stamped, config=config)
    gone = sorted([*range(0, 210, 3), *range(1, 150, 3), *range(2, 216, 3)])
    named = [number for first, last in outcome.missing for number in range(first, last + 1)]
    assert (named, outcome.books.missing, outcome.books.scored) == (gone, len(gone), 1200 - len(gone))
    assert (outcome.cut, outcome.windows) == ({"0": 70, "1": 50, "2": 72}, 12)
    words = ("--model", tmp_path / "model", "--run", tmp_path / "run", "--topic", stamped, "--window", 100)
    shown = CliRunner().invoke(evaluate, [*map(str, words), "--bootstrap", bootstrap, "--arm", "static"])
    assert "missing numbers: 0 to 150, 152 to 153, 155 to 156, 158" in shown.output, shown.output
    assert ", and 3 more ranges (--json has them all); the topic had lost its start (retention)" in shown.output
    assert "began at offset 70 in partition 0, at offset 50 in partition 1" in shown.output


def test_what_retention_took_from_a_run_under_way_is_named(admin: Admin, config: Config, stamped: str, duel) -> None:
    """A run that can't go on where it stopped says which messages are gone; what it had is whole."""
    assert duel(stamped, config=config, max_windows=3).windows == 3
    cut(admin, stamped, dict.fromkeys(range(PARTITIONS), 150))
    message = r"its number 300 and those after it: offsets 100 to 149 of partition 0, .*deleted since it was started"
    with pytest.raises(ContractError, match=message):
        duel(stamped, config=config)


def test_a_run_that_had_committed_nothing_does_not_begin_later(
    admin: Admin, config: Config, stamped: str, duel, tmp_path: Path
) -> None:
    """Killed before its first window, a run doesn't silently begin where the topic begins by now."""
    duel(stamped, config=config, max_windows=1)
    for path in [*(tmp_path / "run/segments").iterdir(), tmp_path / "run/positions.jsonl"]:
        path.unlink()
    cut(admin, stamped, dict.fromkeys(range(PARTITIONS), 20))
    with pytest.raises(ContractError, match=r"its number 0 and those after it: offsets 0 to 19 of partition 0, "):
        duel(stamped, config=config)


def test_a_topic_without_numbers_that_lost_its_start_says_so(
    bootstrap: str, config: Config, admin: Admin, make: Make, duel
) -> None:
    """Where a place is a number, the first message that is left has number 0, and the outcome says where it stood."""
    topic = make()
    write(bootstrap, topic, [(None, record(number)) for number in range(250)])
    cut(admin, topic, {0: 40})
    outcome = duel(topic, config=config)
    assert (outcome.books.numbers, outcome.books.scored, outcome.missing, outcome.cut) == (210, 210, (), {"0": 40})


def test_a_topic_that_lost_everything_says_so(bootstrap: str, config: Config, admin: Admin, make: Make) -> None:
    """Emptied is something else than never filled."""
    topic = make()
    write(bootstrap, topic, [(None, record(0))])
    cut(admin, topic, {0: 1})
    with pytest.raises(ContractError, match=rf"'{topic}' at {bootstrap} is empty now: all its messages were deleted"):
        TopicReader(bootstrap, topic, config=config)
