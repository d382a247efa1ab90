"""Writing to a topic: each message exactly once, at the offset where it belongs."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

import numpy as np
import numpy.typing as npt

from .client import NO_CONFIG, Config, Denied, KafkaFailure, TooLarge, connect, denied, speaking
from .client_interfaces import Delivery
from .client_settings import TRANSACTIONAL_ID
from .errors import BrokerError, ContractError
from .stamp import read_stamps, short_fingerprint
from .topic import TopicReader, ensure_topic
from .unfinished import refuse_unfinished

UNSETTLED = 20_000
"""Messages under way before the writer waits for the oldest: the client itself knows no limit."""

FLUSH_SECONDS = 60.0


class TopicWriter:
    """Appends messages, each to a known offset, exactly once. Use it as a context manager.

    Leaving the block waits until everything is on the topic; leaving it by Ctrl-C does so too, leaving it by
    an error doesn't.

    Args:
        bootstrap: `HOST:PORT`, several separated by commas.
        topic: the topic's name. It isn't created.
        config: further client settings.

    Raises:
        BrokerError: no broker answers there.
    """

    def __init__(self, bootstrap: str, topic: str, *, config: Config = NO_CONFIG) -> None:
        self.bootstrap = bootstrap
        self.topic = topic
        self._producer = connect("writer", bootstrap, config)
        self._under_way: deque[tuple[int, int, Delivery]] = deque()

    def send(self, seq: int, *, partition: int, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Hand over one message. A failure may show here or at a later call; it names the sequence number.

        Args:
            seq: the record's number, for messages only.
            partition: where the message goes.
            offset: where it must land there: if something else writes to the topic too, it won't.
            key: its key.
            value: its bytes.

        Raises:
            BrokerError: a message couldn't be written.
            ContractError: it is too large, or landed elsewhere.
        """
        with self._naming(seq):
            delivery = self._producer.send(self.topic, value=value, key=key, partition=partition)
        self._under_way.append((seq, offset, delivery))
        while self._under_way and self._under_way[0][2].done:
            self._settle()
        if len(self._under_way) > UNSETTLED:
            self._settle()

    def flush(self) -> None:
        """Wait until everything handed over is on the topic.

        Raises:
            BrokerError, ContractError: as `send`.
        """
        if self._under_way:
            with self._naming(self._under_way[0][0]):
                self._producer.flush(FLUSH_SECONDS)
        while self._under_way:
            self._settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            if kind is None or issubclass(kind, KeyboardInterrupt):
                self.flush()
        finally:
            self._producer.close(abandon=bool(self._under_way))

    def _settle(self) -> None:
        seq, offset, delivery = self._under_way.popleft()
        with self._naming(seq):
            landed = delivery.offset(FLUSH_SECONDS)
        if landed != offset:
            raise ContractError(
                f"record {seq} landed at offset {landed} of topic '{self.topic}' at {self.bootstrap} instead of "
                f"{offset}: something else writes to this topic too. Replay the file onto a topic of its own"
            )

    @contextmanager
    def _naming(self, seq: int) -> Iterator[None]:
        where = f"record {seq} couldn't be written to topic '{self.topic}' at {self.bootstrap}"
        try:
            yield
        except TooLarge as error:
            raise ContractError(f"{where}: it is larger than the broker takes ({error})") from None
        except Denied as error:
            raise denied(self.bootstrap, self.topic, error) from None
        except KafkaFailure as error:
            raise BrokerError(
                f"{where} ({error}); check that the broker is running, and run the same command again: it goes on "
                "where the topic ends"
            ) from error


class TransactionWriter:
    """Appends messages in transactions, each of which is on the topic as a whole or not at all. A context manager.

    Args:
        bootstrap: `HOST:PORT`, several separated by commas.
        topic: made with one partition if it isn't there.
        owner: names whoever writes; what an earlier writer of that name left unfinished is aborted.
        config: further client settings.

    Raises:
        BrokerError: no broker answers there.
    """

    def __init__(self, bootstrap: str, topic: str, *, owner: str, config: Config = NO_CONFIG) -> None:
        self.bootstrap, self.topic, self._config = bootstrap, topic, config
        self._next: dict[int, int] = {}
        self._partitions = ensure_topic(bootstrap, topic, partitions=None, config=config)
        with speaking(bootstrap, topic=topic):
            named = {**config, TRANSACTIONAL_ID: f"driftduel-{topic}-{owner}"}
            self._producer = connect("writer", bootstrap, named)

    def write(self, messages: Sequence[tuple[int, bytes, bytes]]) -> None:
        """Write number, key and value of each message as one transaction.

        It is committed once each of them is known to have arrived: not every client notices while it commits that
        one hasn't.

        Raises:
            BrokerError: it couldn't be written; none of it counts.
            ContractError: something else has written onto the topic since this writer last looked; none of it counts.
        """
        with speaking(self.bootstrap, topic=self.topic):
            self._producer.begin()
            sent = [
                self._producer.send(self.topic, partition=seq % self._partitions, key=key, value=value)
                for seq, key, value in messages
            ]
            self._producer.flush(FLUSH_SECONDS)
            landed = [delivery.offset(FLUSH_SECONDS) for delivery in sent]
            self._refuse_others(
                [(seq % self._partitions, at) for (seq, _, _), at in zip(messages, landed, strict=True)]
            )
            self._producer.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._producer.close(abandon=kind is not None)

    def held(self, fingerprint: str, stream: bytes) -> npt.NDArray[np.int64]:
        """As `stamped_already`; what is written from now on is to follow what the topic holds.

        Raises:
            ContractError: as `stamped_already`, or a transaction of something else isn't finished.
        """
        with TopicReader(self.bootstrap, self.topic, config=self._config, allow_empty=True) as reader:
            refuse_unfinished(reader, "choose another --predictions-topic")
        with TopicReader(self.bootstrap, self.topic, config=self._config, allow_empty=True) as reader:
            self._next = dict(reader.end)
            return stamped_already(reader, fingerprint, stream)

    def _refuse_others(self, landed: Sequence[tuple[int, int]]) -> None:
        """Abort where messages of something else came between the last transaction and this one, or into this one."""
        first, last, count = dict(reversed(landed)), dict(landed), Counter(p for p, _ in landed)
        gaps = {p: at for p, at in first.items() if at > self._next.get(p, at)}
        split = any(last[p] - at >= count[p] for p, at in first.items())
        if split or (gaps and self._holds_others(gaps)):
            self._producer.abort()
            raise ContractError(
                f"something else writes onto topic '{self.topic}' at {self.bootstrap}, too: it came between this "
                "run's predictions. What this run put there before is whole. Choose another --predictions-topic, or "
                "run the same command again once nothing else writes there"
            )
        self._next |= {p: at + 2 for p, at in last.items()}  # behind the marker that ends the transaction

    def _holds_others(self, gaps: Mapping[int, int]) -> bool:
        """Whether there is anything before these offsets; markers and what was aborted are nothing."""
        with TopicReader(self.bootstrap, self.topic, config=self._config) as reader:
            start = {p: max(self._next[p], reader.beginning[p]) for p in gaps}
            return any(reader.end[p] < at for p, at in gaps.items()) or any(True for _ in reader.chunks(start, gaps))


def stamped_already(reader: TopicReader, fingerprint: str, stream: bytes) -> npt.NDArray[np.int64]:
    """The numbers of the messages that a topic holds of a stream, ascending; those that it has lost again included.

    They were written in ascending order: where older messages were deleted, all numbers before what is left were there.

    Raises:
        ContractError: it holds something else, too, or one of them twice; or all of them were deleted.
    """
    found = [np.empty(0, dtype=np.int64)]
    topic, bootstrap, cut = reader.topic, reader.bootstrap, any(reader.beginning.values())
    for chunk in reader.chunks(reader.beginning, reader.end):
        stamps = read_stamps(chunk.keys)
        if stamps is None or (stamps.stream, stamps.fingerprint) != (stream, short_fingerprint(fingerprint)):
            raise ContractError(
                f"topic '{topic}' at {bootstrap} holds something else than the predictions of this run with these "
                "arms; choose another --predictions-topic"
            )
        found.append(stamps.seqs)
    numbers, counts = np.unique(np.concatenate(found), return_counts=True)
    if (counts > 1).any():
        raise ContractError(
            f"topic '{topic}' at {bootstrap} holds predictions twice, of record {numbers[counts > 1][0]} for one: "
            "something else writes onto it. Choose another --predictions-topic"
        )
    if cut and not len(numbers):
        raise ContractError(
            f"topic '{topic}' at {bootstrap} has lost all its messages (retention), so that nobody can tell which "
            "predictions were there, and some would be there twice. Choose another --predictions-topic"
        )
    return np.arange(numbers[-1] + 1) if cut else numbers
