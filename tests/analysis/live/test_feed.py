"""What pages are told, in order, however often their connection breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.live.feed import BATCH, Feed, Message
from analysis.live.following import Follower, Look
from analysis.live.values import Committed, DeadLetter


@pytest.fixture
def feed(make_run: Callable[..., Path]) -> Feed:
    """The feed of a finished run of 60 windows, which ends as soon as it has told them."""
    labels = [np.array([0, 1], dtype=np.int8)] * 60
    return Feed(Follower(make_run(labels, {"static": labels}, size=2)))


def told(feed: Feed, place: str | None = None) -> list[Message]:
    """All messages of a feed that ends by itself."""

    async def listen() -> list[Message]:
        going = asyncio.ensure_future(feed.go(leave=lambda: len(feed.log) == 60))
        found = [message async for message in feed.follow(place)]
        await going
        return found

    return asyncio.run(listen())


def windows(messages: list[Message]) -> list[int]:
    return [one.window for message in messages if message.kind == "windows" for one in message.value]


def test_a_page_hears_everything_in_order(feed: Feed) -> None:
    """First that it begins anew, then how the run stands, then all windows, and in the end that it ends."""
    messages = told(feed)
    assert ["reset", "status", "end"] == [messages[0].kind, messages[1].kind, messages[-1].kind]
    assert list(range(60)) == windows(messages)


def test_a_page_that_comes_back_misses_nothing_and_hears_nothing_twice(feed: Feed) -> None:
    """It says what it heard last, and hears the rest."""
    place = next(message.place for message in told(feed) if message.kind == "windows")
    heard = int(place.split("-")[1])
    assert list(range(heard, 60)) == windows(told(feed, place))
    assert "reset" not in [message.kind for message in told(feed, place)]


@pytest.mark.parametrize("place", ["1.000-3", "", "x", "-", "nonsense-²", "-1", "1.000-" + "9" * 5000])
def test_a_place_from_elsewhere_begins_anew(feed: Feed, place: str) -> None:
    """After the watch was started again, too, nothing is missed."""
    told(feed)
    messages = told(feed, place)
    assert ("reset", list(range(60))) == (messages[0].kind, windows(messages))


def test_a_place_beyond_the_end_begins_anew(feed: Feed) -> None:
    """A forged place is no way to miss windows."""
    epoch = told(feed)[0].place.split("-")[0]
    assert list(range(60)) == windows(told(feed, f"{epoch}-61"))


def test_the_latest_dead_letters_are_held(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is older than so many is let go, whole windows of it, but never the last window's."""

    def found(window: int, letters: int) -> Committed:
        one = DeadLetter(window=window, seq=0, reason="", text="", partition=None, offset=None)
        return Committed(window=window, rows=(), events=(), dead_letters=(one,) * letters)

    def held(*letters: int) -> tuple[list[int], int]:
        committed = tuple(found(window, count) for window, count in enumerate(letters))
        looks = [Look(anew=True, committed=(), more=True), Look(anew=False, committed=committed, more=False)]
        monkeypatch.setattr(Follower, "look", lambda *given, **options: looks.pop(0))
        asyncio.run(feed.go(leave=lambda: not looks))
        return [len(one.dead_letters) for one in feed.log], feed.let_go

    monkeypatch.setattr("analysis.live.feed.MOST_LETTERS", 10)
    assert ([4, 6, 0], 0) == held(4, 6, 0)
    assert ([0, 6, 1], 4) == held(4, 6, 1)
    assert ([0, 0, 11], 10) == held(4, 6, 11)
    assert ([0, 0, 0, 3, 7], 21) == held(4, 6, 11, 3, 7)


def test_messages_stay_small(feed: Feed) -> None:
    """A long run comes in several."""
    told(feed)
    assert [BATCH, 60 - BATCH] == [len(m.value) for m in told(feed) if m.kind == "windows"]
