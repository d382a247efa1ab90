"""Reading topics by offsets, making them, and seeing how they end, against a real broker."""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict

import kafka
import numpy as np
import pytest

from producer.client import Config, cluster_id
from producer.errors import BrokerError, ContractError, UsageError
from producer.node import free_port
from producer.topic import Last, TopicReader, ensure_topic, last_records
from producer.writer import TopicWriter

pytestmark = pytest.mark.kafka


def new_topic(bootstrap: str, config: Config, *, partitions: int = 1, records: int = 0) -> str:
    """A topic of its own for one test, with so many records dealt onto its partitions."""
    topic = f"topic-{uuid.uuid4().hex}"
    ensure_topic(bootstrap, topic, partitions=partitions, config=config)
    with TopicWriter(bootstrap, topic, config=config) as writer:
        for seq in range(records):
            send(writer, seq, partitions)
    return topic


def send(writer: TopicWriter, seq: int, partitions: int) -> None:
    """Hand one record to a writer."""
    writer.send(seq, partition=seq % partitions, offset=seq // partitions, key=b"k%d" % seq, value=b"v%d" % seq)


def in_transaction(bootstrap: str, topic: str, *values: bytes) -> None:
    """Write to a topic as others do who write in transactions: each leaves an offset without a message."""
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, transactional_id=uuid.uuid4().hex)
    producer.init_transactions()
    producer.begin_transaction()
    for value in values:
        producer.send(topic, value=value, partition=0)
    producer.commit_transaction()
    producer.close()


@pytest.mark.parametrize("partitions", [1, 3])
def test_everything_is_read_once_and_in_order(bootstrap: str, config: Config, partitions: int) -> None:
    """From beginning to end each partition gives all its messages, ascending, with keys, and reading ends by itself."""
    topic = new_topic(bootstrap, config, partitions=partitions, records=5_000)
    found: dict[int, list[bytes | None]] = defaultdict(list)
    with TopicReader(bootstrap, topic, config=config) as reader:
        for chunk in reader.chunks(reader.beginning, reader.end):
            first = len(found[chunk.partition])
            assert np.array_equal(np.arange(first, first + len(chunk.keys)), chunk.offsets)
            assert [b"k" + (value or b"")[1:] for value in chunk.values] == chunk.keys
            found[chunk.partition] += chunk.values
    assert {p: [b"v%d" % seq for seq in range(p, 5_000, partitions)] for p in range(partitions)} == found


def test_a_part_is_read_exactly(bootstrap: str, config: Config) -> None:
    """Start is included, end is not, partitions that aren't named or have nothing to read are left out."""
    topic = new_topic(bootstrap, config, partitions=3, records=300)
    with TopicReader(bootstrap, topic, config=config) as reader:
        chunks = list(reader.chunks({0: 7, 1: 5}, {0: 9, 1: 5}))
    assert [(0, [7, 8], [b"v21", b"v24"])] == [(c.partition, c.offsets.tolist(), c.values) for c in chunks]


def test_a_reader_can_be_used_again(bootstrap: str, config: Config) -> None:
    """Parts read one after the other give the same as all at once, backwards too."""
    topic = new_topic(bootstrap, config, records=20)
    with TopicReader(bootstrap, topic, config=config) as reader:
        late = [value for chunk in reader.chunks({0: 10}, {0: 20}) for value in chunk.values]
        early = [value for chunk in reader.chunks({0: 0}, {0: 10}) for value in chunk.values]
    assert [b"v%d" % seq for seq in range(20)] == early + late


def test_offsets_without_a_message_do_not_keep_it_from_ending(bootstrap: str, config: Config) -> None:
    """A topic that ends in transaction markers is read to its end, which no message has."""
    topic = new_topic(bootstrap, config)
    in_transaction(bootstrap, topic, b"a", b"b")
    in_transaction(bootstrap, topic, b"c")
    with TopicReader(bootstrap, topic, config=config) as reader:
        chunks = list(reader.chunks(reader.beginning, reader.end))
        assert {0: 5} == reader.end
    assert [b"a", b"b", b"c"] == [value for chunk in chunks for value in chunk.values]
    assert [0, 1, 3] == [offset for chunk in chunks for offset in chunk.offsets.tolist()]


def test_messages_that_come_later_are_not_read(bootstrap: str, config: Config) -> None:
    """The end is that of the moment when the reader was opened."""
    topic = new_topic(bootstrap, config, records=3)
    with TopicReader(bootstrap, topic, config=config) as reader:
        with TopicWriter(bootstrap, topic, config=config) as writer:
            send(writer, 3, 1)
        assert [b"v0", b"v1", b"v2"] == [v for c in reader.chunks(reader.beginning, reader.end) for v in c.values]


def test_followed_from_its_end_a_quiet_topic_is_over(bootstrap: str, config: Config) -> None:
    """Where nothing was read, as all was read before, the idle seconds count as well."""
    topic = new_topic(bootstrap, config, records=3)
    clock = iter(range(100)).__next__
    with TopicReader(bootstrap, topic, config=config) as reader:
        assert list(reader.follow({0: 3}, idle=10, clock=clock)) == []


def test_a_silent_topic_is_given_up(bootstrap: str, config: Config) -> None:
    """Where nothing arrives though the end isn't reached, the sentence says where reading stood."""
    topic = new_topic(bootstrap, config, records=3)
    clock = itertools.count(step=20).__next__
    with TopicReader(bootstrap, topic, config=config, patience=30) as reader:
        reader.end[0] = 5
        with pytest.raises(BrokerError, match=r"nothing arrived from topic .* for 30 seconds.*partition 0 at 3 of 5"):
            list(reader.chunks({0: 0}, {0: 5}, clock=clock))


def test_a_missing_topic_is_named_beside_those_there_are(bootstrap: str, config: Config) -> None:
    """No such topic: the sentence names it, the broker, and what there is; and it isn't made by asking."""
    there = new_topic(bootstrap, config)
    for _ in range(2):
        with pytest.raises(ContractError, match=rf"no topic 'dsn' at {bootstrap}; it has: .*{there}"):
            TopicReader(bootstrap, "dsn", config=config)


def test_an_empty_topic_is_said_to_be_empty(bootstrap: str, config: Config) -> None:
    """A topic without a message is refused in a sentence, unless that is fine."""
    topic = new_topic(bootstrap, config, partitions=2)
    with pytest.raises(ContractError, match=f"topic '{topic}' at {bootstrap} is empty"):
        TopicReader(bootstrap, topic, config=config)
    with TopicReader(bootstrap, topic, config=config, allow_empty=True) as reader:
        assert {0: 0, 1: 0} == reader.beginning == reader.end
        assert [] == list(reader.chunks(reader.beginning, reader.end))


def test_deleted_messages_are_not_skipped_silently(bootstrap: str, config: Config) -> None:
    """Reading from an offset whose messages were deleted, or to one beyond the end, is refused."""
    topic = new_topic(bootstrap, config, records=10)
    admin = kafka.KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_records({kafka.TopicPartition(topic, 0): 4})
    admin.close()
    with TopicReader(bootstrap, topic, config=config) as reader:
        with pytest.raises(ContractError, match=r"begins at offset 4 in partition 0, needed from 0"):
            list(reader.chunks({0: 0}, {0: 10}))
        with pytest.raises(ContractError, match=r"ends at 10 in partition 0, expected to reach 11"):
            list(reader.chunks({0: 4}, {0: 11}))
        with pytest.raises(ContractError, match=r"ends at nothing in partition 3"):
            list(reader.chunks({3: 0}, {3: 1}))
        assert list(reader.chunks({0: 0}, {0: 0})) == [], "nothing was wanted of what is gone"


def test_ensuring_makes_a_topic_once(bootstrap: str, config: Config) -> None:
    """A topic is created as asked, then taken as it is; another number of partitions is a contradiction."""
    topic = f"topic-{uuid.uuid4().hex}"
    assert ensure_topic(bootstrap, topic, partitions=3, config=config) == 3
    assert ensure_topic(bootstrap, topic, partitions=None, config=config) == 3
    with pytest.raises(ContractError, match=f"topic '{topic}' at {bootstrap} has 3 partitions, not 2"):
        ensure_topic(bootstrap, topic, partitions=2, config=config)
    with pytest.raises(UsageError, match="no topic can be named 'a topic!'"):
        ensure_topic(bootstrap, "a topic!", partitions=None, config=config)


def test_last_records_tell_how_each_partition_ends(bootstrap: str, config: Config) -> None:
    """Each partition's end and last key are told, None for an empty one."""
    topic = new_topic(bootstrap, config, partitions=3)
    with TopicWriter(bootstrap, topic, config=config) as writer:
        for seq in range(5):
            writer.send(seq, partition=seq % 2, offset=seq // 2, key=b"k%d" % seq, value=b"v")
    assert {0: Last(3, b"k4"), 1: Last(2, b"k3"), 2: None} == last_records(bootstrap, topic, config=config)


def test_an_end_that_is_no_message_is_refused(bootstrap: str, config: Config) -> None:
    """A partition that ends in a transaction marker has no last record to go on from."""
    topic = new_topic(bootstrap, config)
    in_transaction(bootstrap, topic, b"a")
    with pytest.raises(ContractError, match=r"partition 0 of topic .* has no message at its end \(offset 1\)"):
        last_records(bootstrap, topic, config=config)


def test_a_message_that_lands_elsewhere_is_noticed(bootstrap: str, config: Config) -> None:
    """Two writers on one topic don't go unnoticed: the record that landed elsewhere is named."""
    topic = new_topic(bootstrap, config, records=3)
    with (
        pytest.raises(ContractError, match=f"record 1 landed at offset 3 of topic '{topic}' .* instead of 1"),
        TopicWriter(bootstrap, topic, config=config) as writer,
    ):
        send(writer, 1, 1)


@pytest.mark.parametrize("limit", [{}, {"max_request_size": 20_000_000}], ids=["client", "broker"])
def test_a_message_that_is_too_large_is_named(bootstrap: str, config: Config, limit: dict[str, object]) -> None:
    """A message larger than the client or the broker takes is a sentence with its number."""
    topic = new_topic(bootstrap, config)
    with (
        pytest.raises(ContractError, match=f"record 0 couldn't be written to topic '{topic}' .*: it is larger"),
        TopicWriter(bootstrap, topic, config={**config, **limit}) as writer,
    ):
        writer.send(0, partition=0, offset=0, key=b"k", value=bytes(2_000_000))


def test_interrupted_writing_still_arrives(bootstrap: str, config: Config) -> None:
    """Ctrl-C in the middle of writing waits until what was handed over is on the topic."""
    topic = new_topic(bootstrap, config)
    writer = TopicWriter(bootstrap, topic, config={"linger_ms": 20_000})
    send(writer, 0, 1)
    writer.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert {0: Last(1, b"k0")} == last_records(bootstrap, topic, config=config)


def test_a_cluster_is_known_by_its_id(bootstrap: str) -> None:
    """The id is the same each time; where nobody answers there is none."""
    assert cluster_id(bootstrap, timeout=10) == cluster_id(bootstrap, timeout=10) is not None
    assert cluster_id(f"127.0.0.1:{free_port()}", timeout=0.3) is None
