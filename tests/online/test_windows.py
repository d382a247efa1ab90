"""Exact windows: whatever the partitions, chunks, doubles and dead letters, joined they give the input back."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from online.windows import NOWHERE, Assembler, Position, Window
from producer.dataset import Dataset

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The contract is a frozen value: one for all examples is enough."""

HEADER = b"a,b,word,y"
Message = tuple[int, int, bytes | None]
"""Offset, sequence number, bytes."""
Facts = tuple[object, ...]


@dataclass(frozen=True)
class Topic:
    """The messages of a topic by partition, and where each partition ends."""

    partitions: dict[int, list[Message]]
    ends: dict[int, int]

    @property
    def start(self) -> Position:
        """Before the first window."""
        return Position(NOWHERE, {p: messages[0][0] if messages else self.ends[p] for p, messages in self.items})

    @property
    def items(self) -> list[tuple[int, list[Message]]]:
        """Partition by partition."""
        return list(self.partitions.items())

    @property
    def values(self) -> dict[int, bytes | None]:
        """What there is, by sequence number."""
        return {seq: value for _, messages in self.items for _, seq, value in messages}

    @property
    def doubles(self) -> int:
        """How many messages repeat a number."""
        return sum(len(messages) for _, messages in self.items) - len(self.values)


def line(seq: int) -> bytes:
    """A good record that can be told from all others."""
    return f"{seq},{seq / 4},w{seq},{'attack' if seq % 3 else 'benign'}".encode()


def topic_of(values: dict[int, bytes | None], places: dict[int, int], partitions: int) -> Topic:
    """The messages in ascending order, each in its partition; offsets from 0 without gaps."""
    content: dict[int, list[Message]] = {p: [] for p in range(partitions)}
    for seq, value in sorted(values.items()):
        content[places[seq]].append((len(content[places[seq]]), seq, value))
    return Topic(content, {p: len(messages) for p, messages in content.items()})


@st.composite
def topics(draw: st.DrawFn) -> Topic:
    """Any split over partitions, with whatever may stand on a topic: dead letters, headers, gaps, doubles."""
    partitions = draw(st.integers(1, 4))
    kinds = draw(st.lists(st.sampled_from(["good"] * 6 + ["dead", "header", "tombstone", "missing"]), max_size=40))
    rng = draw(st.randoms(use_true_random=False))
    content = {"dead": b"bad", "header": HEADER, "tombstone": None}
    values = {seq: content.get(kind, line(seq)) for seq, kind in enumerate(kinds) if kind != "missing"}
    by_number = draw(st.booleans())
    rows: dict[int, list[int]] = {p: [] for p in range(partitions)}
    for seq in values:
        rows[seq % partitions if by_number else rng.randrange(partitions)].append(seq)
    for _ in range(draw(st.integers(0, 8)) if values else 0):
        insert_double(rows[rng.randrange(partitions)], rng.choice(list(values)), rng)
    return numbered(rows, values, rng)


def insert_double(row: list[int], seq: int, rng: random.Random) -> None:
    """Put a number into a partition once more, anywhere behind the lower numbers that stand there."""
    behind = max((at + 1 for at, other in enumerate(row) if other < seq), default=0)
    row.insert(rng.randint(behind, len(row)), seq)


def numbered(rows: dict[int, list[int]], values: dict[int, bytes | None], rng: random.Random) -> Topic:
    """Give the messages offsets: a partition begins anywhere, offsets may have gaps, the last one too."""
    partitions: dict[int, list[Message]] = {}
    ends: dict[int, int] = {}
    for p, row in rows.items():
        offsets = np.cumsum([rng.choice([0, 7]), *(rng.choice([1, 1, 3]) for _ in row)]).tolist()
        partitions[p] = list(zip(offsets, row, [values[seq] for seq in row], strict=False))
        ends[p] = offsets[-1]
    return Topic(partitions, ends)


def assemble(
    topic: Topic, dataset: Dataset, *, size: int, seed: int = 0, after: Position | None = None
) -> Iterator[tuple[Window, Position]]:
    """All windows after a position, with chunks and partitions interleaved at random."""
    rng = random.Random(seed)
    position = after or topic.start
    assembler = Assembler(size, dataset, "csv", topic.ends, position)
    left = {p: [m for m in messages if m[0] >= position.next[p]] for p, messages in topic.items}
    patience = rng.choice([1, 3, 50])
    while any(left.values()):
        p = rng.choice([p for p, messages in left.items() if messages])
        count = rng.randint(1, patience)
        chunk, left[p] = left[p][:count], left[p][count:]
        yield from feed(assembler, p, chunk)
    yield from assembler.finish()


@st.composite
def disordered(draw: st.DrawFn) -> Topic:
    """Numbers in any order, as compaction leaves them, which keeps the last of several messages with one key."""
    partitions = draw(st.integers(1, 3))
    seqs = draw(st.lists(st.integers(0, 40), max_size=40))
    rows = {p: [seq for seq in seqs if seq % partitions == p] for p in range(partitions)}
    return numbered(rows, {seq: line(seq) for seq in seqs}, draw(st.randoms(use_true_random=False)))


@shared
@given(disordered(), st.integers(1, 12), st.integers(0, 99))
def test_what_comes_too_late_is_missing_however_it_arrives(tiny: Dataset, topic: Topic, size: int, seed: int) -> None:
    """Where a partition goes back behind a window that it had passed, that is so for any chunks, and after a resume."""
    whole = list(assemble(topic, tiny, size=size, seed=seed))
    again = list(assemble(topic, tiny, size=size, seed=seed + 1))
    assert [facts(window) for window, _ in whole] == [facts(window) for window, _ in again]
    ends = [found[-1][1].doubles for found in (whole, again) if found]
    held = sum(len(window.seqs) for window, _ in whole)
    assert set(ends) <= {sum(len(messages) for _, messages in topic.items) - held}
    for place, (_, position) in enumerate(whole[:-1]):
        rest = list(assemble(topic, tiny, size=size, seed=seed + 2, after=position))
        assert [facts(window) for window, _ in whole[place + 1 :]] == [facts(window) for window, _ in rest]
        assert rest[-1][1].doubles == ends[0]


def feed(assembler: Assembler, partition: int, messages: Sequence[Message]) -> Iterator[tuple[Window, Position]]:
    """One chunk."""
    offsets, seqs, values = (list(part) for part in zip(*messages, strict=True))
    return assembler.feed(partition, np.array(seqs, np.int64), np.array(offsets, np.int64), values)


def facts(window: Window) -> Facts:
    """Everything a window holds, as plain values."""
    head = (window.index, window.first_seq, window.last_seq, window.complete, window.seqs.tolist())
    dead = [(letter.seq, letter.raw) for letter in window.dead]
    return (*head, window.records.column("a").to_pylist(), dead, window.set_aside, window.missing)


def expected(topic: Topic, size: int) -> list[Facts]:
    """What the windows must hold, computed the slow way."""
    values = topic.values
    numbers = range(max(values) + 1) if values else range(0)
    windows = [numbers[first : first + size] for first in range(0, len(numbers), size)]
    return [_expected(index, list(window), values, size) for index, window in enumerate(windows)]


def _expected(index: int, numbers: list[int], values: dict[int, bytes | None], size: int) -> Facts:
    good = [seq for seq in numbers if values.get(seq) == line(seq)]
    dead = [(seq, values[seq] or b"") for seq in numbers if seq in values and values[seq] in (b"bad", None)]
    headers = tuple(seq for seq in numbers if values.get(seq) == HEADER)
    missing = tuple(seq for seq in numbers if seq not in values)
    return (index, numbers[0], numbers[-1], len(numbers) == size, good, good, dead, headers, missing)


@shared
@given(topic=topics(), size=st.integers(1, 9), seed=st.integers(0, 5))
def test_windows_joined_give_the_input_back(tiny: Dataset, topic: Topic, size: int, seed: int) -> None:
    """For any size, partitions and interleaving, each window holds exactly its numbers, sorted by what they are."""
    found = list(assemble(topic, tiny, size=size, seed=seed))
    assert expected(topic, size) == [facts(window) for window, _ in found]
    for window, _ in found:
        parts = (window.seqs, window.dead, window.set_aside, window.missing)
        assert sum(len(part) for part in parts) == window.last_seq - window.first_seq + 1


@shared
@given(topic=topics(), size=st.integers(1, 9), seed=st.integers(0, 5))
def test_doubles_are_counted_apart(tiny: Dataset, topic: Topic, size: int, seed: int) -> None:
    """In the end every message whose number had been seen is counted once, and reading is at the ends."""
    positions = [position for _, position in assemble(topic, tiny, size=size, seed=seed)]
    doubles = [position.doubles for position in positions]
    assert sorted(doubles) == doubles
    if positions:
        assert (topic.doubles, topic.ends) == (doubles[-1], positions[-1].next)


@shared
@given(topic=topics(), size=st.integers(1, 9), seed=st.integers(0, 5))
def test_dead_letters_say_where_they_stood(tiny: Dataset, topic: Topic, size: int, seed: int) -> None:
    """A window's position has partition and offset of each of its dead letters, in their order."""
    at = {(p, offset): (seq, value or b"") for p, messages in topic.items for offset, seq, value in messages}
    for window, position in assemble(topic, tiny, size=size, seed=seed):
        assert [(letter.seq, letter.raw) for letter in window.dead] == [at[place] for place in position.dead]


@shared
@given(topic=topics(), size=st.integers(1, 9), seed=st.integers(0, 5), data=st.data())
def test_taken_up_after_any_window_the_rest_is_the_same(
    tiny: Dataset, topic: Topic, size: int, seed: int, data: st.DataObject
) -> None:
    """Read on from a position, with other chunks: the same windows follow, and the same doubles in the end."""
    whole = list(assemble(topic, tiny, size=size, seed=seed))
    cut = data.draw(st.integers(0, max(0, len(whole) - 1)))
    if whole:
        rest = list(assemble(topic, tiny, size=size, seed=seed + 6, after=whole[cut][1]))
        assert [facts(window) for window, _ in whole[cut + 1 :]] == [facts(window) for window, _ in rest]
        assert topic.doubles == (rest or whole)[-1][1].doubles


@shared
@given(topic=topics(), size=st.integers(1, 9))
def test_taken_up_after_every_window(tiny: Dataset, topic: Topic, size: int) -> None:
    """Stopped after each window and started anew, with other chunks each time, nothing is lost or counted twice."""
    found: list[Facts] = []
    position = topic.start
    while step := next(assemble(topic, tiny, size=size, seed=len(found), after=position), None):
        assert position.doubles <= step[1].doubles <= topic.doubles
        window, position = step
        found.append(facts(window))
    assert expected(topic, size) == found
    assert not found or topic.doubles == position.doubles


@pytest.mark.parametrize(
    ("records", "lengths"),
    [(999, [999]), (1000, [1000]), (1001, [1000, 1]), (2000, [1000, 1000]), (2500, [1000, 1000, 500])],
)
@pytest.mark.parametrize("partitions", [1, 3])
def test_windows_of_a_thousand(tiny: Dataset, records: int, lengths: list[int], partitions: int) -> None:
    """1,000 records, not 1,001; the last may be short; an exact multiple is followed by no empty window."""
    topic = topic_of({s: line(s) for s in range(records)}, {s: s % partitions for s in range(records)}, partitions)
    windows = [window for window, _ in assemble(topic, tiny, size=1000)]
    assert lengths == [len(window.seqs) for window in windows]
    assert [length == 1000 for length in lengths] == [window.complete for window in windows]
    assert list(range(records)) == np.concatenate([window.seqs for window in windows]).tolist()


def test_a_window_of_which_nothing_arrived(tiny: Dataset) -> None:
    """A window in the middle without any message keeps its index and names every number as missing."""
    seqs = [0, 1, 2, 9, 10, 11]
    topic = topic_of({s: line(s) for s in seqs}, dict.fromkeys(seqs, 0), 1)
    windows = [window for window, _ in assemble(topic, tiny, size=3)]
    assert [(0, ()), (1, (3, 4, 5)), (2, (6, 7, 8)), (3, ())] == [(w.index, w.missing) for w in windows]
    assert tiny.schema == windows[1].records.schema


def test_a_window_comes_as_soon_as_the_next_one_begins(tiny: Dataset) -> None:
    """Nobody waits for the end of the stream, not even with several partitions; the last window waits for it."""
    topic = topic_of({s: line(s) for s in range(9)}, {s: s % 2 for s in range(9)}, 2)
    assembler = Assembler(3, tiny, "csv", topic.ends, topic.start)
    assert list(feed(assembler, 0, topic.partitions[0])) == []
    assert [0, 1] == [window.index for window, _ in feed(assembler, 1, topic.partitions[1])]
    assert [2] == [window.index for window, _ in assembler.finish()]


def test_a_missing_number_is_waited_for_until_every_partition_is_past_it(tiny: Dataset) -> None:
    """A partition that lags behind may still bring the number; one at its end can't."""
    partitions = {0: [(0, 0, line(0)), (1, 2, line(2)), (2, 4, line(4))], 1: [(0, 3, line(3)), (1, 5, line(5))], 2: []}
    topic = Topic(partitions, {0: 3, 1: 2, 2: 0})
    assembler = Assembler(3, tiny, "csv", topic.ends, topic.start)
    assert list(feed(assembler, 0, partitions[0])) == []
    ((window, _),) = feed(assembler, 1, partitions[1][:1])
    assert ([0, 2], (1,)) == (window.seqs.tolist(), window.missing)


def test_a_full_window_waits_for_no_other_partition(tiny: Dataset) -> None:
    """With all its numbers there and the next window begun, a window comes however far another partition lags."""
    topic = topic_of({s: line(s) for s in range(5)}, {0: 0, 1: 0, 2: 0, 3: 0, 4: 1}, 2)
    assembler = Assembler(3, tiny, "csv", topic.ends, topic.start)
    assert [window.index for window, _ in feed(assembler, 0, topic.partitions[0])] == [0]


def test_doubles_behind_the_last_window_are_counted(tiny: Dataset) -> None:
    """Messages repeated after the last window was full are doubles of that run, and open no window."""
    seqs = [0, 1, 2, 3, 3, 0, 1]
    topic = Topic({0: [(offset, seq, line(seq)) for offset, seq in enumerate(seqs)]}, {0: 7})
    found = list(assemble(topic, tiny, size=2))
    assert [0, 1] == [window.index for window, _ in found]
    assert 3 == found[-1][1].doubles


def test_of_several_messages_with_one_number_the_first_counts(tiny: Dataset) -> None:
    """A double with other content changes nothing."""
    topic = Topic({0: [(0, 0, line(0)), (1, 0, line(7)), (2, 0, b"bad"), (3, 1, line(1))]}, {0: 4})
    ((window, position),) = assemble(topic, tiny, size=5)
    assert ([0, 1], (), 2) == (window.records.column("a").to_pylist(), window.dead, position.doubles)


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_stream_without_a_message_has_no_window(tiny: Dataset, partitions: int) -> None:
    """Empty partitions alone give nothing."""
    assert list(assemble(topic_of({}, {}, partitions), tiny, size=3)) == []
