"""What was told so far, kept in order, so that every page gets all of it once, however often its connection breaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .following import Follower
from .values import Committed, Status

PAUSE = 0.1
"""Seconds between two looks."""
BATCH = 50
"""Windows in one message."""
MOST_LETTERS = 10_000
"""Dead letters held, the latest ones, and the last window's in any case: a stream may have millions."""
LAST_WORDS = 2.0
"""Seconds that pages have to hear how the run ended."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a page; `place` is where to go on after it.

    reset: forget everything; windows: what is new; status: how the run stands; end: the watch ends.
    """

    kind: Literal["reset", "windows", "status", "end"]
    place: str | None
    value: Status | tuple[Committed, ...] | None


class Feed:
    """Looks at a run again and again, and tells any number of pages."""

    def __init__(self, follower: Follower, *, clock: Callable[[], float] = time.time) -> None:
        """Take a first look at nothing yet: `go` does the looking."""
        self._follower, self._clock = follower, clock
        self._epoch = self._name()
        self._changed = asyncio.Event()
        self._closed = False
        self._forget()
        self.status = follower.status(now=clock())

    def _forget(self) -> None:
        self.log: list[Committed] = []
        self.let_go = 0
        """Dead letters that are no longer in the log: its oldest."""
        self._held = self._bare = 0

    def _name(self) -> str:
        return f"{self._clock():.3f}"

    async def go(self, *, leave: Callable[[], bool], finish: Callable[[], bool] = lambda: False) -> None:
        """Look until told to end.

        Args:
            leave: whether to end now.
            finish: whether to end as soon as the run no longer goes on and pages have heard of it.
        """
        deadline = float("inf")
        while not leave() and self._clock() < deadline:
            more = await self._look()
            if finish() and deadline == float("inf") and not more and self.status.state != "running":
                deadline = self._clock() + LAST_WORDS
            await asyncio.sleep(0 if more else PAUSE)
        self._closed = True
        self._publish()

    async def _look(self) -> bool:
        look = await asyncio.to_thread(lambda: self._follower.look(now=self._clock()))
        if look.anew:
            self._forget()
            self._epoch = self._name()
        self._add(look.committed)
        status = await asyncio.to_thread(lambda: self._follower.status(now=self._clock()))
        if look.anew or look.committed or status != self.status:
            self.status = status
            self._publish()
        return look.more

    def _add(self, committed: Sequence[Committed]) -> None:
        self.log += committed
        self._held += sum(len(found.dead_letters) for found in committed)
        while self._held > MOST_LETTERS and self._bare < len(self.log) - 1:
            found = self.log[self._bare]
            self.log[self._bare] = found.model_copy(update={"dead_letters": ()})
            self._held -= len(found.dead_letters)
            self.let_go += len(found.dead_letters)
            self._bare += 1

    def _publish(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def follow(self, place: str | None) -> AsyncIterator[Message]:
        """All messages after a place, and then the new ones as they come; without dead letters that were let go.

        Args:
            place: that of the last message which the page has seen; one from another run or watch begins anew.
        """
        epoch, _, at = (place or "").partition("-")
        # Python refuses to read thousands of digits.
        after, told = (int(at) if at.isascii() and at.isdecimal() and len(at) < 16 else 0), None
        if after > len(self.log):
            epoch = ""
        while True:
            if epoch != self._epoch:
                epoch, after, told = self._epoch, 0, None
                yield Message("reset", f"{epoch}-0", None)
            changed = self._changed
            if told is not self.status:
                told = self.status
                yield Message("status", None, told)
            elif new := tuple(self.log[after : after + BATCH]):
                after += len(new)
                yield Message("windows", f"{epoch}-{after}", new)
            elif self._closed:
                yield Message("end", None, None)
                return
            else:
                await changed.wait()
