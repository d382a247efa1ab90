"""A topic that is still being filled: its windows as they become whole, until nothing has come for a while."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from producer.dataset import Dataset, Wire

from .source import TopicSource
from .windows import Assembler

if TYPE_CHECKING:
    from producer.topic import Chunk, TopicReader


class FollowedTopic(TopicSource):
    """A topic without fixed ends. A window comes when it is full, or when every partition is past it.

    The ends are fixed when nothing has arrived for `idle` seconds: then the short last window comes, too.

    Attributes:
        closed: told the ends, once they are fixed and before the last window is given out.
    """

    def __init__(
        self,
        reader: TopicReader,
        dataset: Dataset,
        *,
        size: int,
        wire: Wire,
        begins: Mapping[int, int],
        idle: float | None,
    ) -> None:
        """Wait for the first message, and look at it.

        Args:
            reader: stays open as long as the source is used; its topic may be empty.
            dataset: the contract of the model.
            size: records per window.
            wire: how the records travel.
            begins: the first offsets at an earlier start; now's where they aren't named.
            idle: seconds without a message after which the stream is taken to be over; never if None.

        Raises:
            ContractError: nothing arrived, or as `TopicSource`.
        """
        self._idle = idle
        self.closed: Callable[[dict[int, int]], None] = lambda ends: None
        super().__init__(reader, dataset, size=size, wire=wire, begins=begins)
        self.records = None
        self._until = dict.fromkeys(self.ends, sys.maxsize)

    def _open(self, start: Mapping[int, int]) -> Iterator[Chunk]:
        return self._reader.follow(start, idle=self._idle)

    def _settle(self, assembler: Assembler) -> None:
        from producer.unfinished import refuse_grown, say_unfinished  # a duel over a file needs no Kafka client

        refuse_grown(self._reader)
        assembler.ends = self.ends = dict(assembler.read)
        self.closed(self.ends)
        say_unfinished(self._reader)

    def _limit(self, chunk: Chunk) -> int:
        return len(self.ends) * max(int(chunk.offsets[-1]) + 1, *self.ends.values())
