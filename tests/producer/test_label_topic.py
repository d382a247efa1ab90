"""The label topic, on a real broker: what is written is read, once; and what is no label is kept with its reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from producer.dataset import Column, Dataset, Label
from producer.errors import ContractError
from producer.label_plan import Arrivals, Lateness, plan_arrivals
from producer.label_table import LabelTable
from producer.label_topic import read_label_topic, write_label_topic
from producer.stamp import make_stamp
from producer.topic import TopicReader, ensure_topic
from producer.writer import TopicWriter

pytestmark = pytest.mark.kafka

RECORDS = 3000
STREAM = b"stream-1"
Message = tuple[bytes, bytes]


@pytest.fixture
def dataset() -> Dataset:
    """A contract whose words are numbers."""
    columns = (Column(name="a", type="int"), Column(name="y", type="label"))
    return Dataset(name="d", label=Label(positive=("1",), negative=("0",)), columns=columns)


@pytest.fixture
def plan(dataset: Dataset, tmp_path: Path) -> Callable[..., Arrivals]:
    """When the labels of 3,000 records come."""
    path = tmp_path / "stream.csv"
    path.write_text("a,y\n" + "".join(f"{n},{n * 7 % 2}\n" for n in range(RECORDS)))

    def call(**lateness) -> Arrivals:
        return plan_arrivals(path, dataset, Lateness(**{"delay": 5, "jitter": 50, "share": 0.9} | lateness))

    return call


@pytest.fixture
def topic() -> str:
    """A name that no other test has."""
    return f"labels-{uuid.uuid4()}"


def read(bootstrap: str, topic: str, dataset: Dataset, **options) -> LabelTable:
    """The labels on a topic."""
    with TopicReader(bootstrap, topic) as reader:
        return read_label_topic(reader, dataset, **options)[0]


def put(bootstrap: str, topic: str, messages: Iterable[Message], *, partition: int = 0, partitions: int = 1) -> None:
    """Append messages to a partition."""
    ensure_topic(bootstrap, topic, partitions=partitions)
    with TopicReader(bootstrap, topic, allow_empty=True) as reader:
        end = reader.end[partition]
    with TopicWriter(bootstrap, topic) as writer:
        for place, (key, value) in enumerate(messages):
            writer.send(place, partition=partition, offset=end + place, key=key, value=value)


def value(label: object, after: object) -> bytes:
    """A label as it travels."""
    return f'{{"label": {label}, "after": {after}}}'.encode()


@pytest.mark.parametrize("partitions", [1, 3])
def test_what_is_written_is_read(
    bootstrap: str, topic: str, dataset: Dataset, plan: Callable[..., Arrivals], partitions: int
) -> None:
    """All labels with what is known of them, over any number of partitions; written again nothing is sent."""
    arrivals = plan()
    ensure_topic(bootstrap, topic, partitions=partitions)
    sent = [write_label_topic(arrivals, dataset, STREAM, bootstrap=bootstrap, topic=topic) for _ in range(2)]
    assert sent == [len(arrivals.seqs), 0]
    table = read(bootstrap, topic, dataset)
    expected = sorted(
        zip(arrivals.seqs.tolist(), map(int, arrivals.words.to_pylist()), arrivals.after.tolist(), strict=True)
    )
    assert list(zip(table.seqs.tolist(), table.labels.tolist(), table.after.tolist(), strict=True)) == expected
    assert (table.doubles, table.dead, table.stream) == (0, (), STREAM.hex())


def test_a_half_filled_topic_is_filled_up(
    bootstrap: str, topic: str, dataset: Dataset, plan: Callable[..., Arrivals]
) -> None:
    """What is there is not sent again, and the whole is what it would have been."""
    arrivals = plan()
    half = Arrivals(arrivals.seqs[:700], arrivals.words[:700], arrivals.after[:700])
    write_label_topic(half, dataset, STREAM, bootstrap=bootstrap, topic=topic)
    assert write_label_topic(arrivals, dataset, STREAM, bootstrap=bootstrap, topic=topic) == len(arrivals.seqs) - 700
    table = read(bootstrap, topic, dataset)
    assert (len(table.seqs), table.doubles) == (len(arrivals.seqs), 0)


@pytest.mark.parametrize(
    ("lateness", "stream"), [({"delay": 6}, STREAM), ({"seed": 3}, STREAM), ({"share": 0.5}, STREAM), ({}, b"stream-2")]
)
def test_other_labels_are_not_mixed_in(
    bootstrap: str, topic: str, dataset: Dataset, plan: Callable[..., Arrivals], lateness: dict, stream: bytes
) -> None:
    """A topic that holds labels drawn otherwise, or of another stream, is refused and stays as it is."""
    write_label_topic(plan(), dataset, STREAM, bootstrap=bootstrap, topic=topic)
    before = read(bootstrap, topic, dataset).digest
    with pytest.raises(ContractError, match=r"already holds something else than these labels \(in partition 0 at off"):
        write_label_topic(plan(**lateness), dataset, stream, bootstrap=bootstrap, topic=topic)
    assert read(bootstrap, topic, dataset).digest == before


def test_others_may_fill_it_with_plain_numbers(bootstrap: str, topic: str, dataset: Dataset) -> None:
    """A key of digits is a record's number; the words may be JSON numbers; the first of several labels counts."""
    put(bootstrap, topic, [(b"7", value(1, 9)), (b"3", value('"0"', 1)), (b"7", value(0, 8))])
    table = read(bootstrap, topic, dataset)
    assert (table.seqs.tolist(), table.labels.tolist(), table.after.tolist()) == ([3, 7], [0, 1], [3, 9])
    assert (table.doubles, table.stream) == (1, None)


def test_between_partitions_the_lowest_offset_counts(bootstrap: str, topic: str, dataset: Dataset) -> None:
    """However the broker hands out the partitions; of equal offsets that of the lower partition."""
    put(bootstrap, topic, [(b"1", value(1, 1)), (b"2", value(1, 2))], partitions=2)
    put(bootstrap, topic, [(b"2", value(0, 2)), (b"1", value(0, 1)), (b"0", value(0, 0))], partition=1, partitions=2)
    put(bootstrap, topic, [(b"0", value(1, 0))], partitions=2)
    table = read(bootstrap, topic, dataset)
    assert (table.seqs.tolist(), table.labels.tolist(), table.doubles) == ([0, 1, 2], [1, 1, 0], 3)


def test_what_is_no_label_is_kept_with_its_reason(bootstrap: str, topic: str, dataset: Dataset) -> None:
    """Each costs only itself, and says why, its bytes and where it stood."""
    bad = [
        (b"", value(1, 1)),
        (b"-1", value(1, 1)),
        (b"9" * 5000, value(1, 1)),
        (b"2", value('"maybe"', 2)),
        (b"2", b'{"label": 1}'),
        (b"2", value(1, 2.5)),
        (b"2", b"1,2"),
        (b"2", value('"label"', '"after"')),
    ]
    put(bootstrap, topic, [(b"0", value(1, 0)), *bad, (b"2", value(0, 2))])
    table = read(bootstrap, topic, dataset)
    assert (table.seqs.tolist(), table.labels.tolist(), table.doubles) == ([0, 2], [1, 0], 0)
    assert [(d.partition, d.offset) for d in table.dead] == [(0, offset) for offset in range(1, 9)]
    reasons = [d.reason for d in table.dead]
    assert reasons[:2] == ["its key b'' is no sequence number", "its key b'-1' is no sequence number"]
    assert [(reason[:16], len(reason) < 120) for reason in reasons[2:3]] == [("its key b'999999", True)]
    assert reasons[3].startswith("unknown label 'maybe'")
    assert reasons[4:6] == ["missing: 'after'", "'after': '2.5' is not a whole number"]
    assert reasons[6].startswith("b'1,2' is no JSON object")
    assert reasons[7] == "a header line among the labels"


def test_labels_of_several_streams_are_refused(bootstrap: str, topic: str, dataset: Dataset) -> None:
    """Also where each partition by itself holds one."""
    for partition, stream in enumerate((STREAM, b"stream-2")):
        key = make_stamp(fingerprint=dataset.fingerprint, stream=stream, seq=partition)
        put(bootstrap, topic, [(key, value(1, 1))], partition=partition, partitions=2)
    with pytest.raises(ContractError, match=rf"topic '{topic}' holds labels of several streams; use a label topic of"):
        read(bootstrap, topic, dataset)


def test_labels_of_another_contract_are_refused(bootstrap: str, topic: str, dataset: Dataset) -> None:
    """Their stamps tell."""
    put(bootstrap, topic, [(make_stamp(fingerprint="00" * 32, stream=STREAM, seq=1), value(1, 1))])
    with pytest.raises(ContractError, match=rf"topic '{topic}' holds labels of another contract than 'd'; name the la"):
        read(bootstrap, topic, dataset)


def test_a_topic_without_a_label_is_refused(bootstrap: str, topic: str, dataset: Dataset) -> None:
    """Such as that of the records: the first reason is told."""
    put(bootstrap, topic, [(make_stamp(fingerprint=dataset.fingerprint, stream=STREAM, seq=1), b"1,1")] * 3)
    with pytest.raises(
        ContractError, match=rf"topic '{topic}' holds not one label of dataset 'd'; the first reason: b"
    ):
        read(bootstrap, topic, dataset)


def test_it_is_read_up_to_where_it_ended_before(bootstrap: str, topic: str, dataset: Dataset) -> None:
    """What came later is not read; a topic that doesn't reach so far isn't the one it was."""
    put(bootstrap, topic, [(b"%d" % seq, value(1, seq)) for seq in range(5)])
    assert read(bootstrap, topic, dataset, ends={0: 3}).seqs.tolist() == [0, 1, 2]
    with pytest.raises(ContractError, match="it isn't the topic it was"):
        read(bootstrap, topic, dataset, ends={0: 6})
