"""The split, the duplicates across it, and the words to encode."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from static_model.holdout import duplicates_across, stratified_split, top_words

classes = st.lists(st.integers(0, 1), min_size=1, max_size=200).map(lambda values: np.array(values, np.int8))


@given(classes, st.integers(0, 5), st.sampled_from([0.1, 0.2, 0.5]))
def test_a_split_covers_all_rows_once_and_holds_out_the_exact_share_of_each_class(labels, seed, holdout):
    """Both parts are ascending and disjoint, cover all rows, and each class is held out to its rounded share."""
    train, held = stratified_split(labels, seed=seed, holdout=holdout)
    assert sorted([*train, *held]) == list(range(len(labels)))
    assert list(train) == sorted(train)
    assert list(held) == sorted(held)
    for value in (0, 1):
        assert round(holdout * int((labels == value).sum())) == int((labels[held] == value).sum())


def test_a_split_repeats_for_its_seed_and_differs_for_another():
    """The held-out rows are a function of labels and seed."""
    labels = np.tile(np.array([0, 1], np.int8), 100)
    assert stratified_split(labels, seed=1, holdout=0.2)[1].tolist() == (
        stratified_split(labels, seed=1, holdout=0.2)[1].tolist()
    )
    assert stratified_split(labels, seed=1, holdout=0.2)[1].tolist() != (
        stratified_split(labels, seed=2, holdout=0.2)[1].tolist()
    )


def test_held_out_doubles_of_training_records_are_counted_in_the_named_columns_only():
    """A double within the held-out part alone is none; columns that are not named don't tell records apart."""
    records = pa.RecordBatch.from_pydict({"a": [1, 1, 1, 2, 2, 3], "word": list("xxxyyz"), "time": list("123456")})
    held = np.array([1, 2, 3, 4])
    assert duplicates_across(records, ["a", "word"], held) == 2
    assert duplicates_across(records, ["a", "word", "time"], held) == 0


def test_the_top_words_are_the_most_frequent_with_ties_by_word_and_without_the_empty_one():
    """Frequency decides, then the word; the empty word is never among them."""
    words = pa.array(["b", "a", "c", "c", "", "", "", "nan"])
    assert top_words(words, limit=3) == ("c", "a", "b")
    assert top_words(words, limit=50) == ("c", "a", "b", "nan")
