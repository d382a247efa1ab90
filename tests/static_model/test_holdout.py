"""The split, the duplicates across it, and the words to encode."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.dataset import Column, Dataset, Label
from producer.errors import ContractError
from static_model.holdout import check_trainable, duplicates_across, stratified_split, top_words

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


@pytest.fixture
def records() -> pa.RecordBatch:
    """40 records of each class with one number."""
    y = pa.array([0, 1] * 40, pa.int8())
    return pa.RecordBatch.from_arrays([pa.array(np.arange(80.0)), y], names=["x", "y"])


def contract(name: str) -> Dataset:
    """A contract with that one feature."""
    columns = (Column(name=name, type="float"), Column(name="y", type="label"))
    return Dataset(name="d", label=Label(positive=("1",), negative=("0",)), columns=columns)


@pytest.mark.parametrize("name", ["prediction", "probability", "rawPrediction", "a.b", "a`b"])
def test_a_feature_whose_name_spark_cannot_use_is_refused_before_spark_starts(
    records: pa.RecordBatch, name: str
) -> None:
    """Spark's own column names, dots and backticks are refused in words."""
    with pytest.raises(ContractError, match=f"Spark can't use the column '{name}' as a feature, because of its name"):
        check_trainable(records, contract(name), seed=0, holdout=0.2)


def test_too_small_a_share_holds_nothing_out(records: pa.RecordBatch) -> None:
    """A held-out part without a class can't compare anything."""
    with pytest.raises(ContractError, match="leaves a class without any held-out record; hold out more"):
        check_trainable(records, contract("x"), seed=0, holdout=1e-9)


def test_too_few_records_of_a_class_are_refused(records: pa.RecordBatch) -> None:
    """At least 20 records of each class are needed."""
    with pytest.raises(ContractError, match="a model needs at least 20 of each"):
        check_trainable(records.slice(0, 20), contract("x"), seed=0, holdout=0.2)


def test_what_can_be_trained_on_is_let_through(records: pa.RecordBatch) -> None:
    """An ordinary set of records passes."""
    check_trainable(records, contract("x"), seed=0, holdout=0.2)
