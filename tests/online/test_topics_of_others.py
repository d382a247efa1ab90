"""Topics that others fill, on a real broker: compressed, in transactions, or mixed."""

from __future__ import annotations

import confluent_kafka
import pytest
from foreign import MakeTopic, found, record, windows_of, write

from producer.client import Config
from producer.dataset import Dataset
from producer.errors import ContractError, UsageError
from producer.stamp import make_stamp

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("codec", ["gzip", "lz4", "snappy", "zstd"])
def test_compressed_messages_are_read_or_the_missing_library_is_named(
    bootstrap: str, config: Config, make_topic: MakeTopic, tiny: Dataset, codec: str
) -> None:
    """confluent-kafka unpacks everything; kafka-python says what it lacks, and what to do."""
    topic = make_topic()
    write(bootstrap, topic, [(None, record(number)) for number in range(25)], compression_type=codec)
    library = {"lz4": "lz4.frame", "snappy": "snappy", "zstd": "zstandard"}.get(codec, "gzip").split(".")[0]
    if config["client"] == "confluent-kafka" or library == "gzip":
        assert found(windows_of(bootstrap, topic, tiny, config)) == ([*range(25)], [*range(25)])
    else:
        message = rf"compressed in a way that this Kafka client can't unpack \(.*{codec}.*install confluent-kafka"
        with pytest.raises(UsageError, match=message):
            windows_of(bootstrap, topic, tiny, config)


def test_only_what_was_committed_counts(bootstrap: str, config: Config, make_topic: MakeTopic, tiny: Dataset) -> None:
    """Markers and aborted messages take no number, and what isn't committed yet isn't there."""
    topic = make_topic()
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


def test_records_of_another_contract_are_dead_letters(
    bootstrap: str, config: Config, make_topic: MakeTopic, tiny: Dataset
) -> None:
    """Among records without numbers, what is none of this contract's costs only itself, with its reason."""
    topic = make_topic()
    other = [b'{"user": 7}', b"10.0.0.1,443,tcp", b"x,y,z,attack", None, b"\xff\xfe"]
    write(bootstrap, topic, [(b"a", record(0)), *((b"b", value) for value in other), (None, record(6))])
    (window,) = windows_of(bootstrap, topic, tiny, config)
    assert window.seqs.tolist() == [0, 6]
    assert [(letter.seq, letter.raw) for letter in window.dead] == [(n + 1, v or b"") for n, v in enumerate(other)]
    assert all(letter.reason for letter in window.dead)


@pytest.mark.parametrize("contract", ["ours", "none"])
def test_strangers_among_stamped_records_are_named_by_their_place(
    bootstrap: str, config: Config, make_topic: MakeTopic, tiny: Dataset, contract: str
) -> None:
    """Where numbers are promised, something else on the topic is refused: the message says where it stands."""
    topic, other = make_topic(), tiny.model_copy(update={"name": "other", "columns": tiny.columns[1:]})
    stamps = [make_stamp(fingerprint=tiny.fingerprint, stream=b"stream-1", seq=seq) for seq in range(30)]
    stamps[17] = make_stamp(fingerprint=other.fingerprint, stream=b"stream-1", seq=17) if contract == "ours" else b"k"
    write(bootstrap, topic, [(key, record(seq)) for seq, key in enumerate(stamps)])
    with pytest.raises(ContractError, match=f"topic '{topic}' holds something else from offset 17 of partition 0 on: "):
        windows_of(bootstrap, topic, tiny, config)
