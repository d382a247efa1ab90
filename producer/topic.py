"""Topics: reading them by offsets, making them, and seeing how they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Self

from .client import NO_CONFIG, Config, InvalidTopic, KafkaFailure, TopicExists, connect, speaking
from .client_interfaces import Admin, Chunk, Last
from .errors import ContractError, UsageError
from .patience import PATIENCE, Silence, say_on_stderr, sought

__all__ = ["Chunk", "Last", "TopicReader", "ensure_topic", "last_records"]

POLL_SECONDS = 0.1
FOLLOW_RECORDS = 5_000


class TopicReader:
    """Reads a topic by offsets, in no group, committing nothing. Use it as a context manager.

    Args:
        bootstrap: `HOST:PORT`, several separated by commas.
        topic: the topic's name. It isn't created.
        config: further client settings, as `read_client_config` gives them.
        allow_empty: accept a topic without a single message.
        patience: seconds for which a broker that has fallen silent is waited for.
        say: told what is waited for, now and then.

    Attributes:
        beginning: the first offset of each partition, when the reader was opened.
        end: the offset after the last message of each partition, when the reader was opened.

    Raises:
        BrokerError: no broker answers there.
        ContractError: there is no such topic, or it is empty.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        config: Config = NO_CONFIG,
        allow_empty: bool = False,
        patience: float = PATIENCE,
        say: Callable[[str], None] = say_on_stderr,
    ) -> None:
        self.bootstrap = bootstrap
        self.topic = topic
        self.config = config
        self._silence = partial(Silence, bootstrap, topic, config=config, patience=patience, say=say)
        self._consumer = connect("reader", bootstrap, config)
        try:
            self.beginning, self.end = self._bounds()
            if self.beginning == self.end and not allow_empty:
                deleted = " now: all its messages were deleted" if any(self.end.values()) else ""
                raise ContractError(
                    f"topic '{topic}' at {bootstrap} is empty{deleted}; fill it with 'driftduel produce', or wait "
                    "until something is on it"
                )
        except BaseException:
            self.close()
            raise

    def chunks(
        self, start: Mapping[int, int], end: Mapping[int, int], *, clock: Callable[[], float] = time.monotonic
    ) -> Iterator[Chunk]:
        """All messages from `start` (included) to `end` (excluded); ends by itself.

        The order is that of the offsets within a partition, and any between partitions. An offset may hold no
        message (transaction markers, compaction); the end is reached all the same.

        Args:
            start: first offset by partition.
            end: the offset after the last, by partition; partitions that aren't named aren't read.
            clock: seconds.

        Raises:
            ContractError: some of those offsets aren't on the topic (any more), or the topic was deleted.
            BrokerError: nothing arrived for as long as the patience lasts.
        """
        self._check_range(start, end)
        pending = {partition: stop for partition, stop in end.items() if start[partition] < stop}
        reached = {partition: start[partition] for partition in pending}
        with speaking(self.bootstrap, topic=self.topic):
            self._consumer.assign(self.topic, reached)
        silence = self._silence(clock=clock)
        while pending:
            with speaking(self.bootstrap, topic=self.topic):
                polled = self._consumer.poll(POLL_SECONDS, most=sum(pending[p] - reached[p] for p in pending))
                ends = dict(pending)
                self._retire(pending, reached, polled)
            for chunk in polled:
                if kept := chunk.before(ends.get(chunk.partition, 0)):
                    yield kept
            if polled:
                silence.heard()
            elif pending:
                silence.endure(lambda: self._stands(pending))

    def follow(
        self, start: Mapping[int, int], *, idle: float | None, clock: Callable[[], float] = time.monotonic
    ) -> Iterator[Chunk]:
        """All messages from `start` (included) on, also those that are yet to come, in the order of `chunks`.

        Args:
            start: first offset by partition; partitions that aren't named aren't read.
            idle: seconds without any message after which it ends; never if None.
            clock: seconds.

        Raises:
            ContractError: some of those offsets aren't on the topic any more, or the topic was deleted.
            BrokerError: the broker hasn't answered for as long as the patience lasts.
        """
        self._check_range(start, start)
        with speaking(self.bootstrap, topic=self.topic):
            self._consumer.assign(self.topic, start)
        silence = self._silence(clock=clock)
        while True:
            with speaking(self.bootstrap, topic=self.topic):
                polled = self._consumer.poll(POLL_SECONDS, most=FOLLOW_RECORDS)
            yield from polled
            if polled:
                silence.heard()
            elif silence.is_over(idle, at_end=lambda: self._at_end(start)):
                return

    def settled(self) -> dict[int, int]:
        """By partition, the offset after the last message of a finished transaction, as it is now."""
        return self._consumer.bounds(self.topic, list(self.end))[1]

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def _bounds(self) -> tuple[dict[int, int], dict[int, int]]:
        with speaking(self.bootstrap, topic=self.topic):
            partitions = sought(lambda: self._consumer.partitions(self.topic))
            if not partitions:
                known = sorted(self._consumer.topics())
                raise ContractError(
                    f"no topic '{self.topic}' at {self.bootstrap}; it has: {', '.join(known) or 'none'}"
                )
            return self._consumer.bounds(self.topic, partitions)

    def _check_range(self, start: Mapping[int, int], end: Mapping[int, int]) -> None:
        for partition, stop in end.items():
            if partition not in self.end or stop > self.end[partition]:
                there = self.end.get(partition, "nothing")
                raise ContractError(
                    f"topic '{self.topic}' at {self.bootstrap} ends at {there} in partition {partition}, "
                    f"expected to reach {stop}: it isn't the topic it was; give the one that was read before"
                )
            if start[partition] < min(self.beginning[partition], stop):
                raise ContractError(
                    f"topic '{self.topic}' at {self.bootstrap} begins at offset {self.beginning[partition]} in "
                    f"partition {partition}, needed from {start[partition]}: older messages were deleted; "
                    "replay the file onto a new topic"
                )

    def _retire(self, pending: dict[int, int], reached: dict[int, int], polled: list[Chunk]) -> None:
        """See how far each partition is, drop those that are done, and stop fetching them."""
        reached.update((chunk.partition, int(chunk.offsets[-1]) + 1) for chunk in polled)
        for partition, end in list(pending.items()):
            # Asking for the position is slow; the last message tells as much while there are messages.
            if not polled:
                reached[partition] = max(reached[partition], self._consumer.position(partition))
            if reached[partition] >= end:
                del pending[partition]
                self._consumer.retire(partition)

    def _at_end(self, start: Mapping[int, int]) -> bool:
        try:
            return all(max(start[p], self._consumer.position(p)) >= end for p, end in self.settled().items())
        except KafkaFailure:
            return False

    def _stands(self, pending: Mapping[int, int]) -> str:
        return ", ".join(f"partition {p} at {self._consumer.position(p)} of {end}" for p, end in pending.items())


def ensure_topic(bootstrap: str, topic: str, *, partitions: int | None, config: Config = NO_CONFIG) -> int:
    """Make sure that a topic is there; its number of partitions.

    Args:
        bootstrap: `HOST:PORT`, several separated by commas.
        topic: the topic's name; it is created if there is none.
        partitions: how many it must have; None takes what is there, and creates one.
        config: further client settings.

    Raises:
        BrokerError: no broker answers there, or it refuses.
        ContractError: the topic has another number of partitions.
        UsageError: no topic can have that name.
    """
    with closing(connect("admin", bootstrap, config)) as admin, speaking(bootstrap, topic=topic):
        found = admin.topics().get(topic, 0)
        if not found:
            _create(admin, topic, partitions or 1)
            found = sought(lambda: admin.topics().get(topic, 0))
    if partitions is not None and found != partitions:
        raise ContractError(
            f"topic '{topic}' at {bootstrap} has {found} partition{'s' * (found > 1)}, not {partitions}; leave out "
            "--partitions, or choose another topic"
        )
    return found


def last_records(bootstrap: str, topic: str, *, config: Config = NO_CONFIG) -> dict[int, Last | None]:
    """How each partition ends; None for one without a message.

    Raises:
        BrokerError: no broker answers there.
        ContractError: there is no such topic, or a partition ends in something that is no message.
    """
    with TopicReader(bootstrap, topic, config=config, allow_empty=True) as reader:
        filled = {p: end for p, end in reader.end.items() if end > reader.beginning[p]}
        last: dict[int, Last | None] = dict.fromkeys(reader.end)
        for chunk in reader.chunks({p: end - 1 for p, end in filled.items()}, filled):
            last[chunk.partition] = Last(end=filled[chunk.partition], key=chunk.keys[-1])
        for partition, end in reader.end.items():
            if end and last[partition] is None:
                raise ContractError(
                    f"partition {partition} of topic '{topic}' at {bootstrap} has no message at its end (offset "
                    f"{end - 1}): it was written in transactions, compacted or emptied. Choose another topic"
                )
    return last


def _create(admin: Admin, topic: str, partitions: int) -> None:
    try:
        admin.create(topic, partitions)
    except InvalidTopic:
        raise UsageError(
            f"no topic can be named '{topic}'; use up to 249 letters, digits, dots, dashes and underscores"
        ) from None
    except TopicExists:
        pass  # Somebody else was quicker.
