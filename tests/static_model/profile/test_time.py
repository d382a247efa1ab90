"""Columns that tell the time."""

from __future__ import annotations

import numpy as np
import pytest

from static_model.profile.counts import counted_numbers, counted_words, numbers_of, words_of
from static_model.profile.numbers import measure_numbers
from static_model.profile.time import SPANS, measure_times

pytestmark = pytest.mark.spark


def measure(load, columns, labels):
    frame, dataset = load(columns, labels)
    numbers, words = numbers_of(dataset), words_of(dataset)
    with counted_numbers(frame, dataset) as counts, counted_words(frame, dataset) as spellings:
        return measure_times(counts, spellings, numbers | words, measure_numbers(counts, numbers))


def test_each_way_to_write_the_time_is_read(load) -> None:
    """Epoch numbers by their name and size, and clocks and dates by their looks, with the seconds they stand for."""
    seconds = np.arange(0, 3600, 36)
    dates = [f"2026-03-01T00:{s // 60:02d}:{s % 60:02d}Z" for s in seconds.tolist()]
    columns = {
        "ts": ("int", (1_600_000_000 + seconds).tolist()),
        "event_time": ("float", (1.6e12 + seconds * 1000).tolist()),
        "m": ("string", [f"{s // 60:02d}:{s % 60:02d}.5" for s in seconds.tolist()]),
        "h": ("string", [f"09:{s // 60:02d}:{s % 60:02d}" for s in seconds.tolist()]),
        "d": ("string", dates),
    }
    found = measure(load, columns, [0, 1] * 50)
    starts = {name: times.starts[0] for name, times in found.items()}
    assert {"ts": 1.6e9, "event_time": 1.6e9, "m": 0.5, "h": 32400.0, "d": 1772323200.0} == starts
    assert "epoch seconds" == found["ts"].form
    assert "epoch milliseconds, shown as epoch seconds" == found["event_time"].form
    for times in found.values():
        assert (SPANS, 2) == times.counts.shape
        assert [50, 50] == times.counts.sum(axis=0).tolist()


def test_rows_of_each_class_stand_in_their_span(load) -> None:
    """Class 1 that comes late is counted in the late spans, and the last instant belongs to the last span."""
    columns = {"ts": ("int", [1_600_000_000 + s for s in (0, 1, 60, 99, 100)]), "w": ("string", ["x"] * 5)}
    counts = measure(load, columns, [0, 0, 0, 1, 1])["ts"].counts
    assert [[1, 0], [1, 0]] == counts[:2].tolist()
    assert [1, 0] == counts[60].tolist()
    assert [0, 2] == counts[99].tolist()


def test_other_columns_are_no_time(load) -> None:
    """Small numbers under a name like `time`, large ones under another, ratios and plain words tell no time."""
    columns = {
        "time": ("int", [1, 2, 3, 4]),
        "bytes": ("int", [1_600_000_000 + x for x in range(4)]),
        "ratio": ("string", ["1:2", "1:3", "2:1", "5:9"]),
        "word": ("string", ["a", "b", "12:30:00", "c"]),
    }
    assert {} == measure(load, columns, [0, 1, 0, 1])
