"""Waiting for a broker that has fallen silent: for how long, and what is said meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from .client import Config, KafkaFailure, connect
from .errors import BrokerError, ContractError

PATIENCE = 120.0
"""Seconds without an answer after which a broker is given up, if nothing else is asked."""

LOOKS = (5.0, 60.0)
"""Seconds until the first look at a silent broker, and at most between two; they double each time."""

SOUGHT_SECONDS = 2.0
"""A broker learns a moment later what another one has made; so does one that starts anew of what it held before."""

ANSWER_MS = 2_000
"""How long a look at a silent broker waits for its answer."""

AGAIN_SECONDS = 1.0
"""Until the second look, where the first one found no topic."""

T = TypeVar("T")


def sought(look: Callable[[], T]) -> T:
    """The first answer that holds something, or the last one if none does for `SOUGHT_SECONDS`."""
    deadline = time.monotonic() + SOUGHT_SECONDS
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def say_on_stderr(text: str) -> None:
    """Print one line beside a progress bar."""
    sys.stderr.write(f"driftduel: {text}\n")


class Silence:
    """One topic that may fall silent. Told of each turn that brought something, and asked after each that didn't.

    Clients connect again by themselves, and say nothing of it; so the broker is looked at by another connection.

    Args:
        bootstrap: `HOST:PORT`, several separated by commas.
        topic: the topic's name.
        config: client settings.
        patience: seconds for which a broker may be silent.
        say: told what is waited for, now and then.
        clock: seconds.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        config: Config,
        patience: float,
        say: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._bootstrap, self._topic, self._config = bootstrap, topic, config
        self._patience, self._say, self._clock = patience, say, clock
        self._missing = self._told = False
        self._away: float | None = None
        self._since = clock()
        self._pause = LOOKS[0]
        self._look_at = self._since + self._pause

    def heard(self) -> None:
        """Something has arrived."""
        now = self._clock()
        if self._told:
            silent = now - (self._since if self._away is None else self._away)
            self._say(f"topic '{self._topic}' at {self._bootstrap} goes on, after {silent:.0f} seconds")
        self._missing = self._told = False
        self._away, self._since, self._pause = None, now, LOOKS[0]
        self._look_at = now + self._pause

    def endure(self, stands: Callable[[], str]) -> None:
        """Nothing has arrived, though more is there.

        Args:
            stands: says where reading stands.

        Raises:
            BrokerError: nothing has arrived for as long as the patience lasts.
            ContractError: the topic was deleted.
        """
        now = self._clock()
        if now - self._since > self._patience:
            raise BrokerError(
                f"nothing arrived from topic '{self._topic}' at {self._bootstrap} for {self._patience:g} seconds, "
                f"though its end isn't reached ({stands()}); check that the broker is running, and run the same "
                "command again"
            )
        if now >= self._look_at:
            self._tell(now, self._since, answers=self._answers())

    def is_over(self, idle: float | None, *, at_end: Callable[[], bool]) -> bool:
        """Nothing has arrived, as may be: whether that has lasted so long that the stream is taken to be over.

        Time in which the broker doesn't answer, or the client isn't connected again, says nothing about the stream,
        and isn't counted.

        Args:
            idle: seconds without any message after which it is; never if None.
            at_end: whether all that is there has been read.

        Raises:
            BrokerError: the broker hasn't answered for as long as the patience lasts.
            ContractError: the topic was deleted.
        """
        now = self._clock()
        due = idle is not None and now - self._since > idle
        if not due and now < self._look_at:
            return False
        if self._answers():
            if self._away is not None:
                self.heard()
                return False
            self._look_at = now + self._next_pause()
            if not due or self._missing:
                return False
            if at_end():
                return True
            self._since = now  # a client that is slow to connect again says nothing about the stream
            return False
        self._away = now if self._away is None else self._away
        if now - self._away > self._patience:
            raise BrokerError(
                f"the broker at {self._bootstrap} hasn't answered for {self._patience:g} seconds; check that it is "
                "running, and run the same command again"
            )
        self._since = now  # the count of idle seconds begins anew when it is back
        self._tell(now, self._away, answers=False)
        return False

    def _next_pause(self) -> float:
        self._pause = min(2 * self._pause, LOOKS[1])
        return AGAIN_SECONDS if self._missing else self._pause

    def _tell(self, now: float, since: float, *, answers: bool) -> None:
        self._told = True
        silent = "nothing has come from" if answers else "no broker answers for"
        self._say(
            f"{silent} topic '{self._topic}' at {self._bootstrap}, for {now - since:.0f} seconds; waiting "
            f"{max(0, since + self._patience - now):.0f} more (--patience)"
        )
        self._look_at = now + self._next_pause()

    def _answers(self) -> bool:
        """Whether the broker does; twice in a row without the topic means that it was deleted."""
        try:
            with closing(
                connect("admin", self._bootstrap, {**self._config, "bootstrap_timeout_ms": ANSWER_MS})
            ) as admin:
                there = sought(lambda: self._topic in admin.topics())
        except (BrokerError, KafkaFailure):  # also one that starts, and doesn't know its users yet
            return False
        if not there and self._missing:
            raise ContractError(
                f"topic '{self._topic}' is gone from {self._bootstrap}: it was deleted while it was read. What is in "
                "the run is whole; replay the stream onto a new topic, and evaluate that one into a new run"
            )
        self._missing = not there
        return True
