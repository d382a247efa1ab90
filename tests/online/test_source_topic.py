"""A topic as a stream, on a real broker: the windows of the file that was replayed, and what can't be ordered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from online.source import START, FileSource, Source, TopicSource
from online.windows import Position
from producer.dataset import Dataset, Wire
from producer.errors import BrokerError, ContractError
from producer.replay import identify, replay
from producer.stamp import make_stamp
from producer.topic import TopicReader, ensure_topic
from producer.writer import TopicWriter

pytestmark = pytest.mark.kafka

GOOD = b"1,2.5,w,attack"
ONE, TWO = b"stream-1", b"stream-2"
Message = tuple[bytes | None, bytes | None]
Facts = tuple[object, ...]
Put = Callable[..., str]


@pytest.fixture
def lines(tiny_lines) -> list[bytes]:
    """1,050 lines, among them a header and dead letters of several kinds."""
    found = tiny_lines(1050, seed=7)
    found[3], found[120], found[121], found[999] = b"a,b,word,y", b"bad", b"", b"1,2.5,w,unknown"
    return found


@pytest.fixture
def put(bootstrap: str) -> Put:
    """Appends messages to a topic, made with so many partitions; each goes to the partition that stands before it."""

    def call(topic: str, messages: Iterable[tuple[int, Message]], *, partitions: int = 1) -> str:
        ensure_topic(bootstrap, topic, partitions=partitions)
        with TopicReader(bootstrap, topic, allow_empty=True) as reader:
            ends = dict(reader.end)
        with TopicWriter(bootstrap, topic) as writer:
            for number, (partition, (key, value)) in enumerate(messages):
                writer.send(number, partition=partition, offset=ends[partition], key=key, value=value)
                ends[partition] += 1
        return topic

    return call


@pytest.fixture
def topic() -> str:
    """A name that no other test has."""
    return f"t-{uuid.uuid4()}"


def stamped(dataset: Dataset, seqs: Iterable[int], *, stream: bytes = ONE) -> Iterator[Message]:
    """Good records with these numbers."""
    for seq in seqs:
        yield make_stamp(fingerprint=dataset.fingerprint, stream=stream, seq=seq), f"{seq},0.5,w,benign".encode()


def spread(messages: Iterable[Message], partitions: int = 1) -> Iterator[tuple[int, Message]]:
    """The messages in turn over the partitions."""
    return ((number % partitions, message) for number, message in enumerate(messages))


def held(source: Source, after: Position = START) -> list[Facts]:
    """Everything that the windows after a position hold, but not where it came from."""
    return [
        (
            *(w.index, w.first_seq, w.last_seq, w.complete, w.seqs.tolist(), w.records.to_pylist()),
            *([(d.seq, d.reason) for d in w.dead], w.set_aside, w.missing),
        )
        for w, _ in source.windows(after)
    ]


@pytest.mark.parametrize(("partitions", "wire"), [(1, "csv"), (3, "csv"), (3, "json-csv")])
def test_topic_and_file_give_equal_windows(
    bootstrap: str,
    topic: str,
    tiny: Dataset,
    tiny_file,
    lines: list[bytes],
    tmp_path: Path,
    partitions: int,
    wire: Wire,
) -> None:
    """What was replayed comes back as it stood in the file: numbers, records, dead letters and headers."""
    path = tiny_file(tmp_path / "stream.csv", lines)
    stream = identify(path, tiny, wire=wire)
    replay(path, tiny, stream, bootstrap=bootstrap, topic=topic, wire=wire, partitions=partitions)
    file = FileSource(path, tiny, 100)
    with TopicReader(bootstrap, topic) as reader:
        source = TopicSource(reader, tiny, size=100, wire=wire)
        assert source.records == file.records == 1050
        assert source.identity == {"topic": topic, "stream": stream.id.hex(), "wire": wire}
        assert source.place == {"topic": topic}
        assert held(file) == held(source)
        *_, (_, last) = source.windows(START)
    assert (last.window, last.doubles, sum(last.next.values())) == (10, 0, 1050)


def test_dead_letters_keep_bytes_partition_and_offset(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """Each dead letter can be found again on the topic; a tombstone has no bytes."""
    messages = list(stamped(tiny, range(9)))
    messages[4], messages[8] = (messages[4][0], b"\xff\x00"), (messages[8][0], None)
    put(topic, spread(messages, 3), partitions=3)
    with TopicReader(bootstrap, topic) as reader:
        ((window, position),) = TopicSource(reader, tiny, size=100, wire="csv").windows(START)
    assert [(letter.seq, letter.raw) for letter in window.dead] == [(4, b"\xff\x00"), (8, b"")]
    assert position.dead == ((1, 1), (2, 2))


@pytest.mark.parametrize("partitions", [1, 3])
def test_taken_up_after_any_window_the_rest_is_the_same(
    bootstrap: str, topic: str, tiny: Dataset, put: Put, partitions: int
) -> None:
    """A new reader that seeks to a position gives the remaining windows, and all doubles in the end."""
    seqs = [*range(40), *range(30, 70), *range(75, 105), *range(60)]
    messages = zip((seq % partitions for seq in seqs), stamped(tiny, seqs), strict=True)
    put(topic, messages, partitions=partitions)
    with TopicReader(bootstrap, topic) as reader:
        source = TopicSource(reader, tiny, size=20, wire="csv")
        whole, positions = held(source), [position for _, position in source.windows(START)]
    assert [window[8] for window in whole] == [(), (), (), (70, 71, 72, 73, 74), (), ()]
    assert positions[-1].doubles == len(seqs) - len(set(seqs))
    for cut, position in enumerate(positions[:-1]):
        with TopicReader(bootstrap, topic) as reader:
            source = TopicSource(reader, tiny, size=20, wire="csv", ends=source.ends)
            assert whole[cut + 1 :] == held(source, position)
            *_, (_, last) = source.windows(position)
            assert last.doubles == positions[-1].doubles


def test_an_unstamped_topic_counts_by_position(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """In one partition a message's place is its number; a header line sent as a message is set aside."""
    values = [b"a,b,word,y", *[f"{seq},0.5,w,benign".encode() for seq in range(1, 24)]]
    put(topic, spread((None, value) for value in values))
    with TopicReader(bootstrap, topic) as reader:
        source = TopicSource(reader, tiny, size=10, wire="csv")
        windows = list(source.windows(START))
        assert source.identity == {"topic": topic, "stream": None, "wire": "csv"}
        assert [(window.set_aside, len(window.seqs)) for window, _ in windows] == [((0,), 9), ((), 10), ((), 4)]
        rest = list(source.windows(windows[0][1]))
    numbers = [seq for window, _ in rest for seq in window.seqs.tolist()]
    assert numbers == [a for window, _ in rest for a in window.records.column("a").to_pylist()] == [*range(10, 24)]


def test_foreign_keys_are_no_stamps(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """Keys that others use for their own ends don't matter."""
    put(topic, spread([(b"user-1", GOOD), (b"user-2", GOOD)]))
    with TopicReader(bootstrap, topic) as reader:
        ((window, _),) = TopicSource(reader, tiny, size=10, wire="csv").windows(START)
    assert window.seqs.tolist() == [0, 1]


def test_an_unstamped_topic_of_several_partitions_is_refused(
    bootstrap: str, topic: str, tiny: Dataset, put: Put
) -> None:
    """Without numbers the order over partitions isn't known, and the message says what can be done."""
    put(topic, spread([(None, GOOD)] * 6, 3), partitions=3)
    message = r"has 3 partitions and its records carry no sequence numbers.* one partition, or fill it with"
    with TopicReader(bootstrap, topic) as reader, pytest.raises(ContractError, match=message):
        TopicSource(reader, tiny, size=10, wire="csv")


def test_a_topic_of_another_contract_is_refused(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """The fingerprint in the stamps tells before anything is scored."""
    other = tiny.model_copy(update={"name": "other", "columns": tiny.columns[1:]})
    put(topic, spread(stamped(tiny, range(3))))
    message = rf"model and topic don't fit: topic '{topic}' .*another contract \(fingerprint {tiny.fingerprint[:8]}"
    with TopicReader(bootstrap, topic) as reader, pytest.raises(ContractError, match=message):
        TopicSource(reader, other, size=10, wire="csv")


def test_another_choice_of_features_is_the_same_contract(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """A model may use other columns of the same records."""
    put(topic, spread(stamped(tiny, range(3))))
    with TopicReader(bootstrap, topic) as reader:
        assert TopicSource(reader, tiny.with_features(["word"]), size=10, wire="csv").records == 3


def test_what_arrives_after_the_ends_were_fixed_is_not_read(
    bootstrap: str, topic: str, tiny: Dataset, put: Put
) -> None:
    """A run that is taken up again ends where it was to end at its first start."""
    put(topic, spread(stamped(tiny, range(25)), 2), partitions=2)
    with TopicReader(bootstrap, topic) as reader:
        first = TopicSource(reader, tiny, size=10, wire="csv")
        expected = held(first)
        put(topic, spread(stamped(tiny, range(25, 60)), 2), partitions=2)
        assert expected == held(first)
    with TopicReader(bootstrap, topic) as reader:
        again = TopicSource(reader, tiny, size=10, wire="csv", ends=first.ends)
        assert (again.records, again.ends) == (25, {0: 13, 1: 12})
        assert expected == held(again)
        assert TopicSource(reader, tiny, size=10, wire="csv").records == 60


def test_a_topic_that_was_made_anew_is_refused(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """Ends that the topic doesn't reach say that it isn't the one that the run began with."""
    put(topic, spread(stamped(tiny, range(5))))
    for ends in ({0: 6}, {0: 5, 1: 5}):
        with TopicReader(bootstrap, topic) as reader, pytest.raises(ContractError, match="isn't the topic it was"):
            TopicSource(reader, tiny, size=10, wire="csv", ends=ends)


def second(dataset: Dataset) -> Sequence[Message]:
    """What doesn't belong to the first stream: another stream's records."""
    return list(stamped(dataset, range(3), stream=TWO))


@pytest.mark.parametrize("others", [second, lambda _: [(None, GOOD)] * 3], ids=["another stream", "unstamped"])
@pytest.mark.parametrize("partition", [0, 1])
@pytest.mark.parametrize("swapped", [False, True])
def test_several_streams_in_one_topic_are_refused(
    bootstrap: str, topic: str, tiny: Dataset, put: Put, others, partition: int, swapped: bool
) -> None:
    """Whether in one partition or in two, and whichever comes first: nothing is mixed in silence."""
    parts = [(0, list(stamped(tiny, range(3)))), (partition, others(tiny))]
    for number, messages in reversed(parts) if swapped else parts:
        put(topic, ((number, message) for message in messages), partitions=2)
    message = "several streams|different streams|have no sequence number|carry no sequence numbers"
    with TopicReader(bootstrap, topic) as reader, pytest.raises(ContractError, match=message):
        list(TopicSource(reader, tiny, size=10, wire="csv").windows(START))


def test_stamped_records_behind_unstamped_ones_are_refused(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """Also where they come so late that the first look doesn't see them."""
    put(topic, spread([(None, GOOD)] * 2500))
    put(topic, spread(stamped(tiny, range(2500))))
    with TopicReader(bootstrap, topic, config={"max_poll_records": 500}) as reader:
        source = TopicSource(reader, tiny, size=1000, wire="csv")
        with pytest.raises(ContractError, match=f"topic '{topic}' holds records of several streams: in partition 0"):
            list(source.windows(START))


def test_an_empty_topic_is_refused(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """There is nothing to evaluate, and the message says how to fill it."""
    put(topic, [])
    with pytest.raises(ContractError, match=rf"topic '{topic}' at {bootstrap} is empty; fill it"):
        TopicReader(bootstrap, topic)
    with (
        TopicReader(bootstrap, topic, allow_empty=True) as reader,
        pytest.raises(ContractError, match=rf"topic '{topic}' is empty; fill it first"),
    ):
        TopicSource(reader, tiny, size=10, wire="csv")


def test_no_such_topic_is_refused(bootstrap: str, topic: str, tiny: Dataset, put: Put) -> None:
    """The message names the topics that there are, and none is made."""
    put(topic, [])
    for _ in range(2):
        with pytest.raises(ContractError, match=rf"no topic '{topic}-no' at {bootstrap}; it has: .*{topic}"):
            TopicReader(bootstrap, f"{topic}-no")


def test_no_broker_at_the_address(topic: str) -> None:
    """The message has the address."""
    with pytest.raises(BrokerError, match=r"no broker answers at 127\.0\.0\.1:1 "):
        TopicReader("127.0.0.1:1", topic, config={"bootstrap_timeout_ms": 500})
