"""What is on a topic and isn't read: behind a transaction that stays unfinished, or in partitions made later."""

from __future__ import annotations

from contextlib import closing

from .client import connect, speaking
from .errors import ContractError
from .patience import say_on_stderr, sought
from .topic import TopicReader


def unfinished(reader: TopicReader) -> dict[int, tuple[int, int]]:
    """By partition, the first and the last offset that can't be read, as a transaction there stays unfinished.

    A moment is waited, as others' transactions come and go.

    Raises:
        BrokerError: the broker fails.
    """
    with closing(connect("admin", reader.bootstrap, reader.config)) as admin:

        def look() -> dict[int, tuple[int, int]]:
            with speaking(reader.bootstrap, topic=reader.topic):
                # In this order, or a message that arrives between both looks would count.
                ends, settled = admin.ends(reader.topic, list(reader.end)), reader.settled()
            return {p: (first, ends[p] - 1) for p, first in sorted(settled.items()) if first < ends[p]}

        return {} if sought(lambda: not look()) else look()


def say_unfinished(reader: TopicReader) -> None:
    """Say on stderr what isn't read of a topic, as it stands behind an unfinished transaction."""
    if places := unfinished(reader):
        say_on_stderr(
            f"topic '{reader.topic}' at {reader.bootstrap} holds a transaction that isn't finished: {_said(places)} "
            "can't be read until it is committed or aborted, and aren't part of this"
        )


def refuse_unfinished(reader: TopicReader, advice: str) -> None:
    """Refuse a topic of which nobody can tell what it holds.

    Raises:
        ContractError: a transaction of somebody's stays unfinished.
    """
    if places := unfinished(reader):
        raise ContractError(
            f"topic '{reader.topic}' at {reader.bootstrap} holds a transaction of something else that isn't finished, "
            f"so that nobody can tell what is there: {_said(places)}. Wait until it has ended, or {advice}"
        )


def refuse_grown(reader: TopicReader) -> None:
    """Refuse a topic that was given more partitions while it was read: what went there wasn't.

    Raises:
        ContractError: it has more than when the reader was opened.
    """
    with (
        closing(connect("admin", reader.bootstrap, reader.config)) as admin,
        speaking(reader.bootstrap, topic=reader.topic),
    ):
        now = admin.topics().get(reader.topic, 0)
    if now > len(reader.end):
        raise ContractError(
            f"topic '{reader.topic}' at {reader.bootstrap} was given {now} partitions while it was followed, and has "
            f"been read in {len(reader.end)}: what went into the others isn't in the run. Replay the stream onto a new "
            "topic, and evaluate that one into a new run"
        )


def _said(places: dict[int, tuple[int, int]]) -> str:
    return ", ".join(f"offsets {first:,} to {last:,} of partition {p}" for p, (first, last) in places.items())
