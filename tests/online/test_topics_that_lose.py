"""Topics that lose messages, on a real broker: compacted, cut at the start by retention, or emptied."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import confluent_kafka
import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from contents import content_from_any_source
from foreign import MakeTopic, found, record, windows_of, write

from online.cli import evaluate
from online.duel import DuelOutcome
from producer.client import Config
from producer.dataset import Dataset
from producer.errors import ContractError
from producer.replay import identify, replay
from producer.stamp import make_stamp
from producer.topic import TopicReader

pytestmark = pytest.mark.kafka

PARTITIONS = 3


@pytest.fixture
def compacted(admin: AdminClient, make_topic: MakeTopic) -> str:
    """A topic that the broker compacts at once, but for the last segment: a message some time later closes that."""
    node = ConfigResource(ConfigResource.Type.BROKER, "1")
    backoff = ConfigEntry("log.cleaner.backoff.ms", "200", incremental_operation=AlterConfigOpType.SET)
    node.add_incremental_config(backoff)
    admin.incremental_alter_configs([node])[node].result(30)
    eager = {"min_cleanable_dirty_ratio": "0.001", "segment_ms": "100", "delete_retention_ms": "0"}
    return make_topic(cleanup_policy="compact", max_compaction_lag_ms="100", **eager)


def test_what_compaction_left_counts(bootstrap: str, config: Config, compacted: str, tiny: Dataset) -> None:
    """Offsets without a message take no number: the records that are left follow one another."""
    topic = compacted
    write(bootstrap, topic, [(b"key-%d" % (number % 5), record(number)) for number in range(50)])
    deadline = time.monotonic() + 30
    while sum(len(window.seqs) for window in windows_of(bootstrap, topic, tiny, config)) > 10:
        assert time.monotonic() < deadline, "nothing was compacted"
        time.sleep(0.3)
        write(bootstrap, topic, [(b"key-0", record(99))])  # which closes the segment before it
    numbers, values = found(windows_of(bootstrap, topic, tiny, config))
    assert (numbers, [a for a in values if a not in (45, 99)]) == ([*range(len(numbers))], [46, 47, 48, 49])


def test_numbers_that_compaction_took_are_named(
    bootstrap: str, config: Config, compacted: str, tiny: Dataset, duel
) -> None:
    """Of a stamped record that was deleted by its key nothing is left, and of one sent again only the late copy."""

    def stamped(*numbers: int, deleted: bool = False) -> list[tuple[bytes | None, bytes | None]]:
        keys = [make_stamp(fingerprint=tiny.fingerprint, stream=b"stream-1", seq=number) for number in numbers]
        return [(key, None if deleted else record(number)) for key, number in zip(keys, numbers, strict=True)]

    write(bootstrap, compacted, [*stamped(*range(50)), *stamped(5, 6, 7, deleted=True), *stamped(20)])
    following, deadline = iter(range(50, 1_000)), time.monotonic() + 60
    while [window.missing for window in windows_of(bootstrap, compacted, tiny, config)[:3]] != [(5, 6, 7), (), (20,)]:
        assert time.monotonic() < deadline, "nothing was compacted"
        time.sleep(0.3)
        write(bootstrap, compacted, stamped(next(following)))
    outcome = duel(compacted, config=config, window=10)
    assert (outcome.missing, outcome.books.missing) == (((5, 7), (20, 20)), 4)
    assert (outcome.books.scored, outcome.books.dead) == (next(following) - 4, 0)
    assert 1 <= outcome.books.doubles <= 4  # the late copy, and tombstones as long as they are there


def cut(admin: AdminClient, topic: str, before: dict[int, int]) -> None:
    """Delete all messages before these offsets, as retention does."""
    places = [confluent_kafka.TopicPartition(topic, partition, offset) for partition, offset in before.items()]
    for done in admin.delete_records(places).values():
        done.result(30)


@pytest.fixture
def stamped(bootstrap: str, tiny: Dataset, tiny_file, tiny_lines, tmp_path: Path) -> str:
    """1,200 records, replayed onto a topic of three partitions."""
    name = f"cut-{uuid.uuid4().hex}"
    path = tiny_file(tmp_path / "stream.csv", tiny_lines(1200, seed=3))
    stream = identify(path, tiny, wire="csv")
    replay(path, tiny, stream, bootstrap=bootstrap, topic=name, wire="csv", partitions=PARTITIONS)
    return name


@pytest.fixture
def duel(run_asked, tiny_model, bootstrap: str, tmp_path: Path) -> Callable[..., DuelOutcome]:
    """Runs a duel of the static arm, in windows of 100, into the run directory `run`."""
    model = tiny_model(tmp_path / "model")
    plain = {"model": model, "run": tmp_path / "run", "bootstrap": bootstrap, "window": 100, "arms": ["static"]}
    return lambda topic, **options: run_asked(topic=topic, **{**plain, **options})


def test_numbers_that_retention_took_are_named(
    bootstrap: str, config: Config, admin: AdminClient, stamped: str, duel, tmp_path: Path
) -> None:
    """A run on a topic that has lost its start counts and names every number that is gone."""
    cut(admin, stamped, {0: 70, 1: 50, 2: 72})
    outcome = duel(stamped, config=config)
    gone = sorted([*range(0, 210, 3), *range(1, 150, 3), *range(2, 216, 3)])
    named = [number for first, last in outcome.missing for number in range(first, last + 1)]
    assert (named, outcome.books.missing, outcome.books.scored) == (gone, len(gone), 1200 - len(gone))
    assert (outcome.cut, outcome.windows) == ({"0": 70, "1": 50, "2": 72}, 12)
    words = ("--model", tmp_path / "model", "--run", tmp_path / "run", "--topic", stamped, "--window", 100)
    shown = CliRunner().invoke(evaluate, [*map(str, words), "--bootstrap", bootstrap, "--arm", "static"])
    assert "missing numbers: 0 to 150, 152 to 153, 155 to 156, 158" in shown.output, shown.output
    assert ", and 3 more ranges (--json has them all); the topic had lost its start (retention)" in shown.output
    assert "began at offset 70 in partition 0, at offset 50 in partition 1" in shown.output


def test_what_retention_took_from_a_run_under_way_is_named(
    admin: AdminClient, config: Config, stamped: str, duel, tmp_path: Path
) -> None:
    """A run that can't go on where it stopped says which numbers are gone, one by one; what it had is whole."""
    assert duel(stamped, config=config, max_windows=3).windows == 3
    cut(admin, stamped, {0: 102, 1: 120, 2: 20})
    numbers = "300 to 301, 303 to 304, 307, 310, 313, 316, 319, .*, 349, 352, 355, 358"
    offsets = "offsets 100 to 101 of partition 0, offsets 100 to 119 of partition 1 were deleted since it was started"
    with pytest.raises(ContractError, match=rf"'{stamped}' no longer holds .*, its numbers {numbers}: {offsets}"):
        duel(stamped, config=config)
    before = content_from_any_source(tmp_path / "run")
    cut(admin, stamped, {0: 400, 1: 350, 2: 400})
    with pytest.raises(ContractError, match=r"its numbers 300 to 1,050, 1,052 to 1,053, .*, and 30 more ranges: offs"):
        duel(stamped, config=config)
    cut(admin, stamped, {1: 400})
    with pytest.raises(ContractError, match=rf"topic '{stamped}' at .* is empty now: all its messages were deleted"):
        duel(stamped, config=config)
    assert content_from_any_source(tmp_path / "run") == before
    segments = [name for name in before if name.startswith("segments/")]
    assert segments == ["segments/000000.arrow", "segments/000001.arrow", "segments/000002.arrow"]


def test_a_run_that_had_committed_nothing_does_not_begin_later(
    admin: AdminClient, config: Config, stamped: str, duel, tmp_path: Path
) -> None:
    """Killed before its first window, a run doesn't silently begin where the topic begins by now."""
    duel(stamped, config=config, max_windows=1)
    for path in [*(tmp_path / "run/segments").iterdir(), tmp_path / "run/positions.jsonl"]:
        path.unlink()
    cut(admin, stamped, dict.fromkeys(range(PARTITIONS), 20))
    with pytest.raises(ContractError, match=r"its numbers 0 to 59: offsets 0 to 19 of partition 0, "):
        duel(stamped, config=config)


def test_a_topic_without_numbers_that_lost_its_start_says_so(
    bootstrap: str, config: Config, admin: AdminClient, make_topic: MakeTopic, duel
) -> None:
    """Where a place is a number, the first message that is left has number 0, and the outcome says where it stood."""
    topic = make_topic()
    write(bootstrap, topic, [(None, record(number)) for number in range(250)])
    cut(admin, topic, {0: 40})
    outcome = duel(topic, config=config)
    assert (outcome.books.numbers, outcome.books.scored, outcome.missing, outcome.cut) == (210, 210, (), {"0": 40})


def test_a_topic_that_lost_everything_says_so(
    bootstrap: str, config: Config, admin: AdminClient, make_topic: MakeTopic
) -> None:
    """Emptied is something else than never filled."""
    topic = make_topic()
    write(bootstrap, topic, [(None, record(0))])
    cut(admin, topic, {0: 1})
    with pytest.raises(ContractError, match=rf"'{topic}' at {bootstrap} is empty now: all its messages were deleted"):
        TopicReader(bootstrap, topic, config=config)
