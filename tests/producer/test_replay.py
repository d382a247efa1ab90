"""Replaying a file: stamps, places, resuming, pace, and what is refused."""

from __future__ import annotations

import gzip
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.codec import encode_line
from producer.dataset import Dataset, Wire, parse_dataset
from producer.errors import ContractError
from producer.replay import Replayed, Stream, identify, pace, replay, resume_points
from producer.stamp import make_stamp, read_stamps
from producer.topic import Last, TopicReader, ensure_topic
from producer.writer import TopicWriter

DATASET = parse_dataset(
    """
    name = "small"
    columns = [{ name = "a", type = "int" }, { name = "b", type = "string" }, { name = "y", type = "label" }]
    label = { positive = ["1"], negative = ["0"] }
    """,
    "small",
)
LINES = [b"%d,w%d,%d" % (i, i, i % 2) for i in range(2_500)] + [b"", b"no record at all", b"7,last,1"]
STREAM = Stream(id=b"stream-1", records=100)
WHERE = "topic 't' at h:1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A CSV file with good records, a blank line and a bad one."""
    path = tmp_path / "file.csv"
    path.write_bytes(b"\n".join([b"a,b,y", *LINES]) + b"\n")
    return path


def new_topic() -> str:
    """A name that no other test uses."""
    return f"replay-{uuid.uuid4().hex}"


def put(bootstrap: str, topic: str, file: Path, *, wire: Wire = "csv", **options: object) -> Replayed:
    """Replay a file onto a topic."""
    stream = identify(file, DATASET, wire=wire)
    return replay(file, DATASET, stream, bootstrap=bootstrap, topic=topic, wire=wire, **options)  # type: ignore[arg-type]


def read_back(bootstrap: str, topic: str) -> list[bytes | None]:
    """The topic's messages by their stamps, having checked that each stands where it belongs, exactly once."""
    found: dict[int, bytes | None] = {}
    with TopicReader(bootstrap, topic) as reader:
        for chunk in reader.chunks(reader.beginning, reader.end):
            stamps = read_stamps(chunk.keys)
            assert stamps is not None
            count = len(reader.end)
            for seq, offset, value in zip(stamps.seqs.tolist(), chunk.offsets.tolist(), chunk.values, strict=True):
                assert (chunk.partition, offset) == (seq % count, seq // count)
                found[seq] = value
    return [found[seq] for seq in sorted(found)]


def last(seq: int, end: int, *, stream: bytes = STREAM.id, dataset: Dataset = DATASET) -> Last:
    """A partition that ends with that record before that offset."""
    return Last(end=end, key=make_stamp(fingerprint=dataset.fingerprint, stream=stream, seq=seq))


def test_a_stream_is_named_by_its_lines_wire_and_contract(file: Path, tmp_path: Path) -> None:
    """Packing changes nothing; a line, the wire or the contract changes the name."""
    stream = identify(file, DATASET, wire="csv")
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert stream == identify(packed, DATASET, wire="csv")
    assert (len(LINES), 8) == (stream.records, len(stream.id))
    assert stream.id != identify(file, DATASET, wire="json").id
    other = DATASET.model_copy(update={"label": DATASET.label.model_copy(update={"negative": ("0", "no")})})
    assert stream.id != identify(file, other, wire="csv").id
    file.write_bytes(file.read_bytes().replace(b"w7,", b"w8,"))
    assert stream.id != identify(file, DATASET, wire="csv").id


@given(st.integers(1, 7), st.data())
def test_a_replay_cut_anywhere_goes_on_where_each_partition_ends(partitions: int, data: st.DataObject) -> None:
    """However far each partition got, the points to go on from are exactly the numbers of records there."""
    full = [len(range(p, STREAM.records, partitions)) for p in range(partitions)]
    got = {p: data.draw(st.integers(0, full[p])) for p in range(partitions)}
    ends = {p: last((n - 1) * partitions + p, n) if n else None for p, n in got.items()}
    assert got == resume_points(ends, DATASET, STREAM, where=WHERE)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({0: last(5, 6, stream=b"stream-2")}, f"already holds another stream .{b'stream-2'.hex()}, this file is"),
        ({0: Last(6, None)}, "holds records that no replay wrote"),
        ({0: Last(6, b"k5")}, "holds records that no replay wrote"),
        ({0: last(5, 7)}, "partition 0 ends with record 5 at offset 6, so records are missing or doubled"),
        ({0: last(5, 5)}, "partition 0 ends with record 5 at offset 4, so records are missing or doubled"),
        ({0: last(4, 3), 1: last(4, 3)}, "partition 1 ends with record 4 at offset 2"),
        ({0: last(100, 101)}, "partition 0 ends with record 100"),
    ],
)
def test_a_topic_that_holds_something_else_is_refused(ends: dict[int, Last | None], message: str) -> None:
    """Another stream, no stream, gaps, doubles, other partitions or too many records: a sentence each."""
    with pytest.raises(ContractError, match=rf"topic 't' at h:1 .*{message}.*Choose another topic"):
        resume_points(ends, DATASET, STREAM, where=WHERE)


def test_records_of_another_contract_are_refused() -> None:
    """Records stamped by another contract are refused by the contract's name."""
    other = DATASET.model_copy(update={"columns": DATASET.columns[::-1]})
    with pytest.raises(ContractError, match="records of another contract than 'small'"):
        resume_points({0: last(5, 6, dataset=other)}, DATASET, STREAM, where=WHERE)


def test_the_pace_is_that_of_a_clock_that_never_drifts() -> None:
    """Each record waits until it is due, a late one doesn't, and what was lost is caught up."""
    now = 0.0
    sent_at = []
    for sent in range(6):
        waits: list[float] = []
        pace(sent, 10.0, elapsed=now, sleep=waits.append)
        now += sum(waits)
        sent_at.append(round(now, 6))
        now += 0.25 if sent == 2 else 0.01
    assert [0.0, 0.1, 0.2, 0.45, 0.46, 0.5] == sent_at


def test_without_a_rate_nothing_waits() -> None:
    """As fast as it goes means that nobody sleeps."""
    pace(10**9, None, elapsed=0.0, sleep=lambda s: pytest.fail("it slept"))


@pytest.mark.kafka
@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("wire", ["csv", "json-csv", "json"])
def test_the_topic_holds_the_file_line_by_line(bootstrap: str, file: Path, wire: Wire, partitions: int) -> None:
    """Every line travels once, by the wire, in its place: blank and bad ones too."""
    topic, steps = new_topic(), []
    done = put(bootstrap, topic, file, wire=wire, partitions=partitions, advance=steps.append)
    assert [encode_line(line, DATASET, wire=wire) for line in LINES] == read_back(bootstrap, topic)
    assert (len(LINES), len(LINES), 0, partitions) == (done.records, done.sent, done.already, done.partitions)
    assert len(LINES) == sum(steps)


@pytest.mark.kafka
def test_a_complete_topic_is_left_alone(bootstrap: str, file: Path) -> None:
    """The same replay again sends nothing; its progress is complete at once."""
    topic, steps = new_topic(), []
    put(bootstrap, topic, file, partitions=2)
    again = put(bootstrap, topic, file, advance=steps.append)
    assert (0, len(LINES), 2, len(LINES)) == (again.sent, again.already, again.partitions, sum(steps))
    assert LINES == read_back(bootstrap, topic)


@pytest.mark.kafka
def test_an_interrupted_replay_goes_on(bootstrap: str, file: Path) -> None:
    """Ctrl-C leaves a beginning on the topic; the next call adds the rest, without a gap or a double."""

    def interrupt(n: int) -> None:
        if n:
            raise KeyboardInterrupt

    topic = new_topic()
    with pytest.raises(KeyboardInterrupt):
        put(bootstrap, topic, file, partitions=3, advance=interrupt)
    assert LINES[:500] == read_back(bootstrap, topic)
    rest = put(bootstrap, topic, file)
    assert (500, len(LINES) - 500) == (rest.already, rest.sent)
    assert LINES == read_back(bootstrap, topic)


@pytest.mark.kafka
def test_a_replay_keeps_to_the_rate(bootstrap: str, file: Path) -> None:
    """By an injected clock, so many records take so many seconds; the first goes at once."""
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    done = put(bootstrap, new_topic(), file, rate=100.0, clock=lambda: now, sleep=sleep)
    assert (len(LINES) - 1) / 100 == pytest.approx(done.seconds)


@pytest.mark.kafka
def test_a_topic_that_others_filled_is_refused(bootstrap: str, file: Path) -> None:
    """A topic with messages that no replay wrote is named and left as it is."""
    topic = new_topic()
    ensure_topic(bootstrap, topic, partitions=1)
    with TopicWriter(bootstrap, topic) as writer:
        writer.send(0, partition=0, offset=0, key=b"", value=b"somebody's")
    with pytest.raises(ContractError, match=f"topic '{topic}' at {bootstrap} holds records that no replay wrote"):
        put(bootstrap, topic, file)
    with TopicReader(bootstrap, topic) as reader:
        assert {0: 1} == reader.end
