"""Labels apart from their records, by themselves: when a window's turn comes, and which of its labels it has then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online.labels import Labels
from online.late_labels import LateLabels
from online.outcome import LabelBooks
from online.windows import Window
from producer.errors import RunError
from producer.label_table import LabelTable, settle

SIZE = 4


def window(index: int, seqs: Sequence[int] | None = None, *, complete: bool = True) -> Window:
    """A window of four numbers, all of them records unless they are named."""
    first = index * SIZE
    there = np.array(range(first, first + SIZE) if seqs is None else seqs, dtype=np.int64)
    records = pa.RecordBatch.from_pydict({"a": pa.array(there), "y": pa.array([9] * len(there), pa.int8())})
    return Window(index, first, first + SIZE - 1, complete, there, records)


def late(table: LabelTable, horizon: int = 100) -> LateLabels:
    """Labels that are waited for so many records."""
    return LateLabels(table=table, horizon=horizon, size=SIZE)


def labels(sent: Sequence[tuple[int, int]]) -> LabelTable:
    """Labels from (record, after): that of an even record is 1."""
    seqs, after = (np.array([row[place] for row in sent], dtype=np.int64) for place in (0, 1))
    return settle(seqs, (1 - seqs % 2).astype(np.int8), after, dead=())


def turns(asked: Labels, windows: Sequence[Window]) -> list[list[int]]:
    """What is due at the end of each window."""
    return [list(asked.due(window)) for window in windows]


def test_a_window_is_due_when_its_last_label_is_revealed() -> None:
    """The window that holds the record after which the last label is known; both ends of a window count."""
    at_once = [(seq, seq) for seq in range(12)]
    for after, when in ((3, 0), (4, 1), (7, 1), (8, 2), (11, 2)):
        table = labels([(1, after), *(row for row in at_once if row[0] != 1)])
        found = turns(late(table), [window(k) for k in range(3)])
        assert [k for k, due in enumerate(found) if 0 in due] == [when], after


def test_windows_reach_the_arms_in_order() -> None:
    """Those behind a late one wait for it, and come together with it."""
    table = labels([(0, 9), *((seq, seq) for seq in range(1, 16))])
    assert turns(late(table), [window(k) for k in range(4)]) == [[], [], [0, 1, 2], [3]]


def test_a_label_that_never_comes_is_waited_for_until_the_horizon() -> None:
    """Not one window less, though the table knows at once that it never comes; then the window has what there is."""
    table = labels([(seq, seq) for seq in range(20) if seq != 1])
    windows = [window(k) for k in range(5)]
    for horizon, when in ((0, 0), (1, 1), (4, 1), (5, 2), (8, 2)):
        asked = late(table, horizon)
        assert [k for k, due in enumerate(turns(asked, windows)) if 0 in due] == [when], horizon
        assert asked.known(windows[0], windows[0].records.column("y")).tolist() == [True, False, True, True]


def test_a_label_after_the_horizon_is_for_the_report_only() -> None:
    """The column has it, the arms never see it; one revealed at the end of the very window of its turn they see."""
    windows = [window(k) for k in range(4)]
    for after, known in ((7, True), (8, False)):
        asked = late(labels([(1, after), *((seq, seq) for seq in range(16) if seq not in (1, 2))]), horizon=3)
        turns(asked, windows)
        assert asked.label(windows[0], "y").records.column("y").to_pylist() == [1, 0, None, 0]
        assert asked.known(windows[0], windows[0].records.column("y")).tolist() == [True, known, False, True]
        assert (asked.books().too_late, asked.books().never) == (not known, 1)


def test_the_lag_is_that_of_the_window_that_waited_longest() -> None:
    """Of those whose turn has come; and it is uneven if another waited less."""
    table = labels([(0, 9), *((seq, seq) for seq in range(1, 15)), (15, 99)])
    asked = late(table)
    assert [(list(asked.due(window(k))), asked.lag, asked.uneven) for k in range(4)] == [
        ([], 0, False),
        ([], 0, False),
        ([0, 1, 2], 2, True),
        ([], 2, True),
    ]


def test_only_records_are_waited_for() -> None:
    """A dead letter, a header and a missing number have no label; nor is one of theirs anything but counted."""
    asked = late(labels([(0, 0), (3, 3), (2, 50)]))
    gappy = window(0, [0, 3])
    assert turns(asked, [gappy]) == [[0]]
    assert asked.books() == LabelBooks(messages=3, labels=2, elsewhere=1, doubles=0, unreadable=0, never=0, too_late=0)
    assert turns(late(labels([(99, 99)])), [window(0, []), window(1, [])]) == [[0], [1]]


def test_no_decision_follows_the_short_last_window() -> None:
    """Its labels are there and counted, but nothing is due."""
    asked = late(labels([(0, 5), *((seq, seq) for seq in range(1, 8))]))
    last = replace(window(1, [4, 5]), last_seq=5, complete=False)
    assert turns(asked, [window(0), last]) == [[], []]
    assert asked.revealed(last) == -1
    assert asked.books().labels == 6


def test_records_without_a_label_are_null() -> None:
    """The records' own label is gone, whatever it was; the other columns stay."""
    found = late(labels([(5, 5), (6, 7)])).label(window(1), "y").records
    assert found.column("y").to_pylist() == [None, 0, 1, None]
    assert found.column("a").to_pylist() == [4, 5, 6, 7]


def test_windows_out_of_order_are_refused() -> None:
    """When a window's turn comes depends on those before it: one that was left out would change it in silence."""
    asked = late(labels([(0, 0)]))
    asked.due(window(0))
    with pytest.raises(RunError, match=r"the labels of window 2 are asked for before those of window 1, on which"):
        asked.due(window(2))


def test_labels_are_immediate_if_none_is_later_than_its_record() -> None:
    """One that is late is enough."""
    assert late(labels([(0, 0), (1, 0)])).immediate
    assert not late(labels([(0, 0), (1, 2)])).immediate


@given(st.integers(0, 13), st.integers(0, 9))
def test_an_even_delay_is_a_label_delay(delay: int, more: int) -> None:
    """Where all labels are late by the same number, everything is as with that delay, whatever the horizon beyond."""
    windows = [window(k) for k in range(8)]
    asked, plain = late(labels([(seq, seq + delay) for seq in range(32)]), delay + more), Labels(delay=delay, size=SIZE)
    assert turns(asked, windows) == turns(plain, windows)
    assert [asked.revealed(w) for w in windows] == [plain.revealed(w) for w in windows]
    assert asked.immediate == plain.immediate
    assert (asked.lag, asked.uneven) == (plain.lag, plain.uneven)
    assert all(asked.known(w, w.records.column("y")).all() for w in windows)


@given(
    st.lists(st.tuples(st.integers(0, 31), st.integers(0, 60)), max_size=60),
    st.integers(0, 20),
    st.integers(0, 8),
)
def test_each_window_has_one_turn_and_no_label_from_the_future(
    sent: list[tuple[int, int]], horizon: int, until: int
) -> None:
    """Turns are in order, within the horizon; and what is revealed later than a window's end doesn't change it."""
    windows, end = [window(k) for k in range(8)], until * SIZE
    asked = late(labels(sent), horizon)
    found = turns(asked, windows)
    order = [w for due in found for w in due]
    assert order == list(range(len(order)))
    for k, due in enumerate(found):
        for w in due:
            assert w <= k <= (w * SIZE + SIZE - 1 + horizon) // SIZE
            table = asked.table
            there, places = table.find(windows[w].seqs)
            known = asked.known(windows[w], windows[w].records.column("y"))
            assert known[there].tolist() == (table.after[places] < (k + 1) * SIZE).tolist()
    other = late(labels([(seq, after) for seq, after in sent if max(seq, after) < end]), horizon)
    if len({seq for seq, _ in sent}) == len(sent):
        assert turns(other, windows[:until]) == found[:until]
