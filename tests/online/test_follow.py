"""A duel on a topic that is still being filled, on a real broker."""

from __future__ import annotations

import _thread
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from contents import content_from_any_source

from online.duel import DuelOutcome
from online.run import read_manifest
from producer.client import Config
from producer.dataset import Dataset
from producer.errors import ContractError, UsageError
from producer.replay import identify, replay
from producer.topic import ensure_topic

pytestmark = pytest.mark.kafka

RECORDS, SIZE, PARTITIONS, IDLE = 450, 100, 3, 1.5
Call = Callable[..., DuelOutcome]


@pytest.fixture
def topic(bootstrap: str) -> str:
    """An empty topic of three partitions."""
    name = f"follow-{uuid.uuid4().hex}"
    ensure_topic(bootstrap, name, partitions=PARTITIONS)
    return name


@pytest.fixture
def fill(bootstrap: str, topic: str, tiny: Dataset, tiny_file, tiny_lines, tmp_path: Path) -> Callable[..., None]:
    """Replays 450 records onto the topic; told how many, it stops there as if it were interrupted."""
    path = tiny_file(tmp_path / "stream.csv", tiny_lines(RECORDS, seed=3))
    stream = identify(path, tiny, wire="csv")

    def call(until: int | None = None, rate: float | None = None) -> None:
        waits = iter(range(RECORDS))

        def sleep(_: float) -> None:
            if next(waits) == until:
                raise KeyboardInterrupt

        pace = {"rate": rate} if until is None else {"rate": 1e-6, "sleep": sleep, "clock": lambda: -1.0}
        try:
            replay(path, tiny, stream, bootstrap=bootstrap, topic=topic, wire="csv", **pace)
        except KeyboardInterrupt:
            assert until is not None

    return call


@pytest.fixture
def duel(run_asked, tiny_model, bootstrap: str, topic: str, tmp_path: Path) -> Call:
    """Follows the topic, in windows of 100, into the named run directory."""
    model = tiny_model(tmp_path / "model")

    def call(run: str, **options) -> DuelOutcome:
        plain = {"model": model, "topic": topic, "bootstrap": bootstrap, "window": SIZE}
        following = {"follow": True, "idle_timeout": IDLE, "run": tmp_path / run}
        return run_asked(**{**plain, **following, **options})

    return call


@contextmanager
def interrupting(total: int | None) -> Iterator[Callable[[int], None]]:
    """Progress that has Ctrl-C pressed half a second after the second window."""
    assert total is None
    windows = iter(range(RECORDS))

    def advance(_: int) -> None:
        if next(windows) == 1:
            threading.Timer(0.5, _thread.interrupt_main).start()

    yield advance


def test_what_comes_while_it_runs_is_read_until_nothing_comes(duel: Call, fill, config: Config, tmp_path: Path) -> None:
    """From an empty topic on: the run closes when nothing has come for a while, and equals one over the full topic."""
    filling = threading.Timer(0.1, lambda: fill(rate=400))
    filling.start()
    outcome = duel("followed", idle_timeout=2, config=config)
    filling.join()
    assert (outcome.windows, outcome.finished, outcome.books.scored) == (5, True, RECORDS)
    plain = duel("plain", follow=False, idle_timeout=None, config=config)
    assert (plain.books, plain.arms) == (outcome.books, outcome.arms)
    assert content_from_any_source(tmp_path / "followed") == content_from_any_source(tmp_path / "plain")
    assert duel("followed", bootstrap=None) == outcome


def test_interrupted_a_partial_window_is_left_out_and_comes_later(duel: Call, fill, tmp_path: Path) -> None:
    """Ctrl-C while a window is being filled: only whole windows are in the run, and the same command reads on."""
    fill(until=250)
    with pytest.raises(KeyboardInterrupt):
        duel("run", idle_timeout=None, bar=interrupting)
    assert len(list((tmp_path / "run/segments").glob("*.arrow"))) == 2
    assert "ends" not in read_manifest(tmp_path / "run")
    fill()
    outcome = duel("run")
    assert (outcome.windows, outcome.finished, outcome.books.scored, outcome.missing) == (5, True, RECORDS, ())


def test_it_closes_at_the_windows_asked_for(duel: Call, fill) -> None:
    """With --max-windows a followed run doesn't wait for more, and is finished."""
    fill(until=250)
    outcome = duel("run", max_windows=2, idle_timeout=None)
    assert (outcome.windows, outcome.finished) == (2, True)


def test_what_cannot_be_followed_is_said(duel: Call, fill, tmp_path: Path) -> None:
    """A topic onto which nothing comes, a run with a fixed end, a file, or a timeout without --follow."""
    with pytest.raises(ContractError, match="is empty; fill it first"):
        duel("silent", idle_timeout=0.3)
    fill()
    duel("fixed", follow=False, idle_timeout=None, max_windows=1)
    for options, message in (
        ({}, "was fixed at its first start; leave out --follow"),
        ({"follow": False}, "--idle-timeout is for a topic that is still being filled"),
        ({"topic": None, "file": tmp_path / "stream.csv", "idle_timeout": None}, "--follow is for a topic; a file"),
        ({"labels_topic": "labels", "label_horizon": 9}, "a label that is yet to come can't be told from"),
    ):
        with pytest.raises(UsageError, match=message):
            duel("fixed", **options)
