"""Transactions of others that stay unfinished, and others that write onto a predictions topic: a real broker."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from online import duel
from online.duel import DuelOutcome
from online.ledger import Entry
from producer.client import Config
from producer.errors import ContractError
from producer.topic import TopicReader, ensure_topic

pytestmark = pytest.mark.kafka

Evaluate = Callable[..., DuelOutcome]


@contextmanager
def unfinished(bootstrap: str, topic: str) -> Iterator[None]:
    """Somebody else's transaction with one message, aborted at the end of the block."""
    stranger = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "transactional.id": uuid.uuid4().hex})
    stranger.init_transactions(30)
    stranger.begin_transaction()
    stranger.produce(topic, value=b"stranger", partition=0)
    assert stranger.flush(30) == 0
    yield
    stranger.abort_transaction(30)


def put(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Values into partition 0, without keys."""
    writer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
    for value in values:
        writer.produce(topic, value=value, partition=0)
    assert writer.flush(30) == 0


def keys(bootstrap: str, topic: str, config: Config) -> list[bytes | None]:
    """The keys of all messages that count."""
    with TopicReader(bootstrap, topic, config=config, allow_empty=True) as reader:
        return [key for chunk in reader.chunks(reader.beginning, reader.end) for key in chunk.keys]


@pytest.fixture
def topic(bootstrap: str) -> str:
    """A new topic with one partition."""
    name = f"unfinished-{uuid.uuid4().hex}"
    ensure_topic(bootstrap, name, partitions=1)
    return name


@pytest.fixture
def evaluate(
    bootstrap: str, config: Config, tiny_model, tiny_lines, tiny_file, tmp_path: Path, run_asked: Any
) -> Evaluate:
    """A static duel over a file of 600 records, its predictions onto a topic."""
    model = tiny_model(tmp_path / "model")
    file = tiny_file(tmp_path / "s.csv", tiny_lines(600, seed=3))

    def call(**options: Any) -> DuelOutcome:
        plain = {"model": model, "window": 100, "arms": ("static",), "bootstrap": bootstrap, "config": config}
        stream = {} if "topic" in options else {"file": file}
        return run_asked(**{"run": tmp_path / "run", **plain, **stream, **options})

    return call


def test_records_behind_an_unfinished_transaction_are_named(
    bootstrap: str, topic: str, evaluate: Evaluate, tiny_lines, capsys: pytest.CaptureFixture[str]
) -> None:
    """They can't be read: the run ends before them, and says which offsets aren't part of it."""
    lines = tiny_lines(300, seed=3)
    put(bootstrap, topic, lines[:100])
    with unfinished(bootstrap, topic):
        put(bootstrap, topic, lines[100:])
        outcome = evaluate(topic=topic)
    assert outcome.books.scored == 100
    said = "holds a transaction that isn't finished: offsets 100 to 300 of partition 0 can't be read"
    assert said in capsys.readouterr().err


def test_partitions_that_a_followed_topic_is_given_are_not_passed_over(
    bootstrap: str, topic: str, evaluate: Evaluate, tiny_lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes into partitions that came later isn't read: the run isn't closed as if it had been the whole stream."""
    put(bootstrap, topic, tiny_lines(300, seed=3))
    opened = duel.open_publisher

    @contextmanager
    def growing(*given: Any) -> Iterator[Callable[[Entry], None]]:
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_partitions([NewPartitions(topic, 3)])[topic].result(30)
        with opened(*given) as publish:
            yield publish

    monkeypatch.setattr(duel, "open_publisher", growing)
    with pytest.raises(ContractError, match=r"was given 3 partitions while it was followed, and has been read in 1: "):
        evaluate(topic=topic, follow=True, idle_timeout=1.0)


def test_predictions_behind_an_unfinished_transaction_are_not_doubled(
    bootstrap: str, config: Config, topic: str, evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is taken up again can't see its own, refuses, and finds them once the transaction has ended."""
    evaluate(predictions_topic=topic, max_windows=2)
    with unfinished(bootstrap, topic), pytest.raises(ContractError, match=r"isn't finished, so that nobody can tell"):
        evaluate(predictions_topic=topic)
    evaluate(predictions_topic=topic)
    assert {1: 600} == dict(Counter(Counter(keys(bootstrap, topic, config)).values()))


@pytest.mark.parametrize("finished", [True, False])
def test_who_comes_between_the_predictions_of_a_run_is_noticed(
    bootstrap: str,
    config: Config,
    topic: str,
    evaluate: Evaluate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    finished: bool,
) -> None:
    """What comes behind it is aborted, and the command says so; what was aborted by others in between is nothing."""
    opened = duel.open_publisher

    @contextmanager
    def disturbed(*given: Any) -> Iterator[Callable[[Entry], None]]:
        with opened(*given) as publish:

            def call(entry: Entry) -> None:
                if entry.window.index == 2:
                    with unfinished(bootstrap, topic):
                        pass
                    if finished:
                        put(bootstrap, topic, [b"stranger"])
                publish(entry)

            yield call

    monkeypatch.setattr(duel, "open_publisher", disturbed)
    if finished:
        with pytest.raises(ContractError, match=r"something else writes onto topic '.*' .*, too"):
            evaluate(predictions_topic=topic)
        assert (200, [None]) == (len(found := keys(bootstrap, topic, config)) - 1, found[200:])
    else:
        evaluate(predictions_topic=topic)
        assert len(set(keys(bootstrap, topic, config))) == 600


def test_two_runs_onto_one_predictions_topic_are_not_mixed(
    bootstrap: str, config: Config, topic: str, evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find it empty; the one that comes second refuses, and the first one's predictions are whole."""
    opened = duel.open_publisher

    @contextmanager
    def overtaken(*given: Any) -> Iterator[Callable[[Entry], None]]:
        with opened(*given) as publish:
            monkeypatch.setattr(duel, "open_publisher", opened)
            evaluate(predictions_topic=topic, run=tmp_path / "first", seed=1)
            yield publish

    monkeypatch.setattr(duel, "open_publisher", overtaken)
    with pytest.raises(ContractError, match=r"something else writes onto topic '.*' .*, too"):
        evaluate(predictions_topic=topic, run=tmp_path / "second")
    found = keys(bootstrap, topic, config)
    assert (600, 1) == (len(found), len({key[8:16] for key in found if key}))
