"""Columns of words, held against counting in Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from static_model.profile import words as words_module
from static_model.profile.counts import counted_words, words_of
from static_model.profile.words import Words, measure_words

pytestmark = pytest.mark.spark


def measure(load, columns, labels) -> dict[str, Words]:
    frame, dataset = load(columns, labels)
    with counted_words(frame, dataset) as counts:
        return measure_words(counts, words_of(dataset))


def test_words_are_counted_by_class(load) -> None:
    """The most frequent word comes first, equals in the order of their bytes; missing and empty are no word alike."""
    values = ["b", "a", "b", "", None, "a", "ä", " "]
    labels = [0, 1, 1, 0, 1, 1, 0, 0]
    found = measure(load, {"w": ("string", values)}, labels)["w"]
    assert (("a", 0, 2), ("b", 1, 1), ("", 1, 0), (" ", 1, 0), ("ä", 1, 0)) == found.top
    assert ((0, 1), (4, 3), 5, 2) == (found.nulls, found.rows, found.distinct, found.empty)


def test_numbers_among_the_words_are_found(load) -> None:
    """What float() reads as a finite number counts as one; `nan`, `infinity`, versions and dashes don't."""
    numbers = ["1", " 2.5 ", "-3e5", ".5", "5.", "+7"]
    others = ["nan", "infinity", "1.2.3", "-", "", "0x1f", "1,5", "e5"]
    found = measure(load, {"w": ("string", numbers + others)}, [0] * 14)["w"]
    assert len(numbers) == found.numeric


def test_rare_words_are_counted_together(load) -> None:
    """Beyond the most frequent ones, all other words share a bin; nothing is lost, and the missing have theirs."""
    random = np.random.default_rng(0)
    values = [f"w{int(x)}" for x in random.zipf(1.5, 3000)] + [None] * 7
    labels = random.integers(0, 2, 3007)
    found = measure(load, {"w": ("string", values)}, labels)["w"]
    counts = Counter(value for value in values if value is not None)
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))[: words_module.TOP]
    assert expected == [(word, zero + one) for word, zero, one in found.top]
    assert len(counts) == found.distinct
    assert [sum(counts.values()) - sum(n for _, n in expected), 7] == found.binned[-2:].sum(axis=1).tolist()
    assert np.bincount(labels).tolist() == found.binned.sum(axis=0).tolist()


def test_a_column_without_any_word_is_measured(load) -> None:
    """A column of nulls has no word, and keeps its nulls by class."""
    found = measure(load, {"w": ("string", [None, None])}, [0, 1])["w"]
    assert (0, (1, 1), ()) == (found.distinct, found.nulls, found.top)
