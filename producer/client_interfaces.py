"""What the rest needs of a Kafka client: three small interfaces, and the ways in which one fails.

One file for each client library lies behind them: `kafka_python_client` and `confluent_client`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Kind = Literal["reader", "writer", "admin"]
Config = Mapping[str, object]
"""Settings by the names of `client_settings`, dots as underscores."""
NO_CONFIG: Config = {}

BOOTSTRAP_MS = 10_000
"""How long a client that connects waits for a broker's first answer, if the settings don't say."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Messages of one partition, from one poll.

    Attributes:
        partition: which partition.
        offsets: [messages] their offsets, ascending; there may be gaps.
        keys: [messages] their keys; None where a message has none.
        values: [messages] their bytes; None is a tombstone.
    """

    partition: int
    offsets: npt.NDArray[np.int64]
    keys: list[bytes | None]
    values: list[bytes | None]

    def before(self, end: int) -> Chunk | None:
        """The part before an offset, if there is any."""
        count = int((self.offsets < end).sum())
        if count == len(self.offsets):
            return self
        cut = replace(self, offsets=self.offsets[:count], keys=self.keys[:count], values=self.values[:count])
        return cut if count else None


@dataclass(frozen=True, slots=True)
class Last:
    """How a partition ends: the offset after its last message, and that message's key."""

    end: int
    key: bytes | None


class KafkaFailure(Exception):  # noqa: N818 - it is turned into one of `errors` before a user sees it
    """What a client or the broker says went wrong."""


class BadSettings(KafkaFailure):
    """The client can't be made with these settings."""


class LockedOut(KafkaFailure):
    """The broker doesn't take the password, or the client doesn't take the broker's certificate."""


class Denied(KafkaFailure):
    """The user has no right to do that."""


class Gone(KafkaFailure):
    """The messages at an offset were deleted."""


class NoCodec(KafkaFailure):
    """The client can't unpack a message: the library for its compression isn't installed."""


class InvalidTopic(KafkaFailure):
    """No topic can have that name."""


class TopicExists(KafkaFailure):
    """Somebody else has made the topic meanwhile."""


class TooLarge(KafkaFailure):
    """A message is larger than the client or the broker takes."""


class Reader(Protocol):
    """Reads one topic at a time by offsets: in no group, committing nothing, committed transactions only."""

    def topics(self) -> Sequence[str]:
        """All topics that it may see."""

    def partitions(self, topic: str) -> Sequence[int]:
        """The numbers of its partitions, ascending; none if there is no such topic, which isn't made by asking."""

    def bounds(self, topic: str, partitions: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
        """By partition, the first offset, and the one after the last message of a finished transaction."""

    def assign(self, topic: str, start: Mapping[int, int]) -> None:
        """Read from these offsets on, by partition, and nothing else."""

    def poll(self, seconds: float, *, most: int) -> list[Chunk]:
        """What has arrived; waits so long while nothing has, or less than `most` offsets, which is all that is wanted.

        At most one chunk for each partition.
        """

    def position(self, partition: int) -> int:
        """The offset where reading goes on: behind what was polled, and behind what is no message."""

    def retire(self, partition: int) -> None:
        """Read this partition no further."""

    def close(self) -> None:
        """Leave the broker."""


class Delivery(Protocol):
    """One message on its way."""

    @property
    def done(self) -> bool:
        """Whether it is known what became of it."""

    def offset(self, seconds: float) -> int:
        """Where it landed; waits so long for that."""


class Writer(Protocol):
    """Sends messages in order and exactly once.

    With the setting `transactional_id` what is sent between `begin` and `commit` counts as one; what an earlier
    process with that id left unfinished is aborted when the writer is made.
    """

    def begin(self) -> None:
        """Open a transaction."""

    def commit(self) -> None:
        """Let everything since `begin` count, once it has arrived."""

    def abort(self) -> None:
        """Let nothing since `begin` count."""

    def send(self, topic: str, *, partition: int, key: bytes | None, value: bytes | None) -> Delivery:
        """Hand over one message."""

    def flush(self, seconds: float) -> None:
        """Wait until the fate of everything handed over is known."""

    def close(self, *, abandon: bool) -> None:
        """Leave the broker; if `abandon`, without waiting for what is under way."""


class Admin(Protocol):
    """Looks at topics and makes them."""

    def cluster(self) -> str:
        """The cluster's id."""

    def topics(self) -> Mapping[str, int]:
        """The topics that it may see, and how many partitions each has."""

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic."""

    def ends(self, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:
        """By partition, the offset after the last message, also one of a transaction that isn't finished."""

    def close(self) -> None:
        """Leave the broker."""
