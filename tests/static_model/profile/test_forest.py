"""What a forest says of the columns."""

from __future__ import annotations

import numpy as np
import pytest

from static_model.profile.counts import counted_numbers, counted_words, numbers_of, words_of
from static_model.profile.forest import ask_forest
from static_model.profile.numbers import measure_numbers
from static_model.profile.words import measure_words

pytestmark = pytest.mark.spark


def ask(load, columns, labels, **options):
    frame, dataset = load(columns, labels, **options)
    numbers, words = numbers_of(dataset), words_of(dataset)
    with counted_numbers(frame, dataset) as counts, counted_words(frame, dataset) as spellings:
        found = {**measure_numbers(counts, numbers), **measure_words(spellings, words)}
    return ask_forest(frame, dataset.features, found, seed=1, sample=500)


@pytest.fixture(scope="module")
def rows():
    """Rows where a number and a word tell the class, and others don't; words of unequal numbers, with gaps."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 800)
    told = random.normal(size=800) + 3 * labels
    words = np.where(random.random(800) < 0.9, labels, 1 - labels)
    columns = {
        "told": ("float", [None if random.random() < 0.05 else x for x in told.tolist()]),
        "noise": ("float", random.normal(size=800).tolist()),
        "word": ("string", [None if w and random.random() < 0.1 else f"w{w}" for w in words.tolist()]),
        "many": ("string", [f"m{x}" for x in random.integers(0, 70, 800).tolist()]),
    }
    return columns, labels


def test_what_tells_the_class_is_important(load, rows) -> None:
    """Informative columns of numbers and of words stand above noise, by importance and by permutation."""
    found = ask(load, *rows)
    assert pytest.approx(1.0) == sum(found.importance.values())
    assert min(found.importance["told"], found.importance["word"]) > 2 * max(
        found.importance["noise"], found.importance["many"]
    )
    losses = {name: loss for name, (loss, _) in found.permutation.items()}
    assert losses["told"] > 0.1
    assert min(losses["told"], losses["word"]) > max(losses["noise"], losses["many"])
    assert found.mcc > 0.8
    assert (640, 160) == (found.fitted, found.shuffled)


def test_order_and_files_change_nothing(load, rows) -> None:
    """The same rows backwards, in other files, give the same answer to the last bit."""
    columns, labels = rows
    first = ask(load, columns, labels)
    second = ask(load, columns, labels, order=list(range(799, -1, -1)), cuts=(100, 101, 600))
    assert first == second


def test_too_few_rows_of_a_class_are_no_forest(load) -> None:
    """With nine rows of a class there is nothing to hold out, and so there is no answer."""
    columns = {"a": ("float", [float(x) for x in range(60)]), "w": ("string", ["x", "y"] * 30)}
    assert ask(load, columns, [1] * 9 + [0] * 51) is None
