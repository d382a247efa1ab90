"""Writers and what is under way: a transaction that lost a message isn't committed, and not all is sent at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from producer import writer
from producer.client import KafkaFailure
from producer.errors import BrokerError


@dataclass
class Delivery:
    """One message on its way, or lost."""

    lost: bool
    done = False

    def offset(self, seconds: float) -> int:
        """Where it landed."""
        if self.lost:
            raise KafkaFailure("expired")
        return 0


@dataclass
class Client:
    """A client that loses some messages, and that would commit all the same."""

    lost: frozenset[bytes]
    calls: list[object] = field(default_factory=list)

    def begin(self) -> None:
        """Note it."""
        self.calls.append("begin")

    def send(self, topic: str, *, partition: int, key: bytes, value: bytes) -> Delivery:
        """Note where it goes."""
        self.calls.append((partition, value))
        return Delivery(value in self.lost)

    def flush(self, seconds: float) -> None:
        """Note it."""
        self.calls.append("flush")

    def commit(self) -> None:
        """Note it."""
        self.calls.append("commit")

    def close(self, *, abandon: bool) -> None:
        """Note how."""
        self.calls.append("abandon" if abandon else "close")


def write(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two messages onto two partitions, as one transaction."""
    monkeypatch.setattr(writer, "connect", lambda *_: client)
    monkeypatch.setattr(writer, "ensure_topic", lambda *_, **__: 2)
    with writer.TransactionWriter("h:1", "t", owner="o") as transactions:
        transactions.write([(0, b"k", b"a"), (1, b"k", b"b")])


def test_a_transaction_is_committed_once_all_of_it_has_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent, waited for, and committed."""
    write(client := Client(frozenset()), monkeypatch)
    assert ["begin", (0, b"a"), (1, b"b"), "flush", "commit", "close"] == client.calls


@pytest.mark.parametrize("lost", [b"a", b"b"])
def test_a_transaction_that_lost_a_message_is_not_committed(monkeypatch: pytest.MonkeyPatch, lost: bytes) -> None:
    """Not even by a client that doesn't notice; the command ends with a sentence, and the next one writes it anew."""
    client = Client(frozenset((lost,)))
    with pytest.raises(BrokerError, match=r"the broker at h:1 failed: expired; .* run the same command again"):
        write(client, monkeypatch)
    assert ["begin", (0, b"a"), (1, b"b"), "flush", "abandon"] == client.calls


def test_so_many_messages_are_under_way_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the oldest is waited for: the client itself knows no limit."""
    monkeypatch.setattr(writer, "connect", lambda *_: Client(frozenset((b"first",))))
    monkeypatch.setattr(writer, "UNSETTLED", 2)
    topic = writer.TopicWriter("h:1", "t")
    for seq, value in enumerate((b"first", b"second")):
        topic.send(seq, partition=0, offset=seq, key=b"k", value=value)
    with pytest.raises(BrokerError, match="record 0 couldn't be written"):
        topic.send(2, partition=0, offset=2, key=b"k", value=b"third")
