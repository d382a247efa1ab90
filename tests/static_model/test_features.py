"""Feature steps, and models that use every one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.utils import murmurhash3_32

from producer.dataset import Dataset, parse_dataset
from producer.errors import ModelError
from static_model.artifact import Boosted, Linear, Model, load_model, save_model
from static_model.features import featurise
from static_model.murmur import buckets, murmur3
from static_model.scorer import Scorer
from static_model.steps import Hashed, Index, Membership, NGrams, Numeric, OneHot

WORDS = pa.array(["a", None, "b", "zz", "a"])


def batch(**columns) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    text = 'format = 1\nname = "t"\nlabel = { positive = ["1"], negative = ["0"] }\ncolumns = ['
    columns = '{ name = "w", type = "string" }, { name = "x", type = "float" }, { name = "y", type = "label" }]'
    return parse_dataset(text + columns, "t")


@pytest.mark.parametrize(
    ("values", "fill", "expected"),
    [
        (pa.array([1, None, 3]), 2.9, [1.0, 2.0, 3.0]),
        (pa.array([1.0, None, float("nan")]), 2.9, [1.0, 2.9, 2.9]),
        (pa.array([1.0, None]), None, [1.0, np.nan]),
    ],
)
def test_a_missing_number_is_filled(values: pa.Array, fill: float | None, expected: list[float]) -> None:
    """A fill is cut to a whole number in a column of whole numbers, as Spark cuts it; without one NaN stays."""
    np.testing.assert_array_equal(np.array(expected)[:, None], featurise([Numeric("x", fill)], batch(x=values)))


def test_words_become_places_memberships_and_ones() -> None:
    """An unknown word and a missing one are the same to all of them."""
    steps = (Index("w", ("a", "b")), Membership("w", ("a", "b"), ((0,), (1, 2))), OneHot("w", ("a", "b"), 1))
    expected = [[0, 1, 0, 1], [2, 0, 1, 0], [1, 0, 1, 0], [2, 0, 1, 0], [0, 1, 0, 1]]
    np.testing.assert_array_equal(expected, featurise(steps, batch(w=WORDS)))


def test_hashed_words_are_counted_where_their_hash_says() -> None:
    """A missing word adds nothing; two columns share the features."""
    features = featurise([Hashed(("w", "v"), 8)], batch(w=WORDS, v=pa.array(["q"] * 5)))
    a, q = buckets(["w=a", "v=q"], 8)
    expected = np.zeros(8)
    np.add.at(expected, [a, q], 1.0)
    np.testing.assert_array_equal(expected, features[0])
    np.testing.assert_array_equal([2, 1, 2, 2, 2], features.sum(axis=1))


def test_character_n_grams_are_counted_in_lower_case() -> None:
    """A word shorter than n counts nothing, a repeated sequence twice."""
    features = featurise([NGrams("w", 2, 64)], batch(w=pa.array(["aBab", "x", "BA"])))
    ab, ba = buckets(["a b", "b a"], 64)
    assert {int(ab): 2.0, int(ba): 1.0} == {int(i): float(features[0, i]) for i in np.flatnonzero(features[0])}
    np.testing.assert_array_equal([3, 0, 1], features.sum(axis=1))


def test_hashes_are_murmur3() -> None:
    """As scikit-learn's, for every length of the tail, beyond ASCII, and whatever texts stand beside."""
    texts = ["", "a", "ab", "abc", "abcd", "é", "attack=yes", "x" * 101, "Ünï"]
    assert [murmurhash3_32(text, seed=42) for text in texts] == murmur3(texts).tolist()
    assert (buckets([str(n) for n in range(999)], 7) >= 0).all()


def test_a_model_of_every_step_comes_back(dataset: Dataset, tmp_path: Path) -> None:
    """Steps and boosted trees are the same after saving and loading, score and digest included."""
    steps = (
        Numeric("x", 1.5),
        OneHot("w", ("a", "b"), 2),
        Index("w", ("b",)),
        Membership("w", ("a",), ((1,),)),
        Hashed(("w",), 4),
        NGrams("w", 1, 4),
    )
    boosted = Boosted(
        feature=np.array([0, -1, -1, -1], np.int32),
        threshold=np.array([1.0, 0, 0, 0]),
        left=np.array([1, -1, -1, -1], np.int32),
        right=np.array([2, -1, -1, -1], np.int32),
        values=np.array([0.0, -1.0, 2.0, 0.25]),
        weights=np.array([1.0, 0.5]),
        roots=np.array([0, 3], np.int32),
        compares="float64",
        parameters={"trees": 2},
    )
    digest = save_model(Model(dataset, steps, boosted, 0.5, 0, 0, {}), tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    records = batch(x=pa.array([0.0, None, 1.0]), w=pa.array(["a", "b", None]))
    scores = Scorer(loaded.estimator).score(featurise(loaded.steps, records))
    expected = 1 / (1 + np.exp(-2 * (np.array([-1.0, 2.0, -1.0]) + 0.125)))
    np.testing.assert_array_equal(expected, scores)
    assert steps == loaded.steps
    assert digest == save_model(loaded, tmp_path / "again")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Numeric("x", float("inf")), "Numeric step of 'x' fills with what is no finite number"),
        (Membership("w", ("a",), ((2,),)), "Membership step of 'w' has a set with a place outside of 0 to 1"),
        (Hashed(("w",), 0), "Hashed step of 'w' must have sizes from 1"),
        (NGrams("w", 0, 4), "NGrams step of 'w' must have sizes from 1"),
        (NGrams("x", 1, 4), "reads the column 'x' as string, but the model's contract says float"),
        (Index("w", ("a", "a")), "Index step of 'w' names a label twice"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(dataset: Dataset, tmp_path: Path, step, message: str) -> None:
    """Before anything is written, and by the step's name."""
    linear = Linear(np.zeros(max(step.width, 0)), 0.0, {}, loss="hinge")
    with pytest.raises(ModelError, match=message):
        save_model(Model(dataset, (step,), linear, 0.5, 0, 0, {}), tmp_path / "model")
    assert not (tmp_path / "model").exists()
