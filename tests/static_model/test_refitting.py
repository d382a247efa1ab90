"""Feature steps fitted anew: what changes, what stays, and what stays in force of what was learned."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.dataset import Dataset, parse_dataset
from static_model.features import featurise
from static_model.refitting import refit_steps
from static_model.step_validity import problem_of
from static_model.steps import (
    Coded,
    Hashed,
    Index,
    Membership,
    NGrams,
    Numeric,
    OneHot,
    Picked,
    Scaled,
    Step,
    WordVectors,
)


def refit(step: Step, **columns: object) -> Step:
    """One step, fitted on columns."""
    (found,) = refit_steps([step], pa.record_batch(columns))
    return found


def test_what_fills_is_the_lower_median_of_what_is_there() -> None:
    """Missing numbers don't count, nor does the number that stands for one; the step's column stays."""
    values = pa.array([5.0, None, float("nan"), 1.0, 9.0, 2.0])
    assert Numeric("n", fill=2.0) == refit(Numeric("n", fill=7.0), n=values)
    assert Numeric("n", fill=5.0, missing=1.0) == refit(Numeric("n", fill=7.0, missing=1.0), n=values)
    assert Numeric("n", fill=3.0) == refit(Numeric("n", fill=0.0), n=pa.array([3, None, 4], pa.int64()))


def test_a_step_that_finds_nothing_to_fit_on_keeps_what_it_had() -> None:
    """A column that is empty in all records makes neither a median nor words."""
    assert Numeric("n", fill=7.0) == refit(Numeric("n", fill=7.0), n=pa.array([None, None], pa.float64()))
    words = OneHot("w", ("a",), 1)
    assert words == refit(words, w=pa.array([None, ""], pa.string()))


@pytest.mark.parametrize(("unseen", "width"), [(-1, 1), (0, 2), (1, 3), (2, 4)])
def test_one_hot_has_features_for_the_new_words(unseen: int, width: int) -> None:
    """The most frequent first, ties by their bytes; a feature for unseen words remains if there was one."""
    step = OneHot("w", ("a", "b", "c"), 3 + unseen)
    assert OneHot("w", ("c", "Z"), width) == refit(step, w=["c", "Z", "c", "", None])
    assert OneHot("w", ("Z", "c"), 2) == refit(OneHot("w", ("a",), 1), w=["c", "Z"])


def test_the_empty_text_is_a_word_where_it_was_one() -> None:
    """Spark's training knows none; a stranger's model may."""
    assert Index("w", ("x",)) == refit(Index("w", ("a",)), w=["", "", "x"])
    assert Index("w", ("", "x")) == refit(Index("w", ("a", "")), w=["", "", "x"])


def test_no_more_words_than_training_allows() -> None:
    """50 one-hot, 200 with an index; a model that came with more keeps as many."""
    words = [f"{i:03d}" for i in range(300)]
    assert tuple(words[:50]) == refit(OneHot("w", ("a",), 1), w=words).labels  # type: ignore[union-attr]
    assert tuple(words[:200]) == refit(Index("w", ("a",)), w=words).labels  # type: ignore[union-attr]
    many = OneHot("w", tuple(f"old{i}" for i in range(60)), 60)
    assert tuple(words[:60]) == refit(many, w=words).labels  # type: ignore[union-attr]


def test_sets_keep_their_words_and_each_new_word_gets_a_set_of_its_own() -> None:
    """Whatever the words' places were and are."""
    step = Membership("w", ("a", "b", "c"), ((0, 2), (1, 3)))
    found = refit(step, w=["new", "new", "c", "a"])
    assert Membership("w", ("new", "a", "c"), ((1, 2), (0, 3), (0,))) == found


@pytest.mark.parametrize(("was", "now"), [(None, None), (0, 1), (1, 2), (2, 2), (3, 3)])
def test_a_missing_word_is_what_it_was(was: int | None, now: int | None) -> None:
    """A word's place (0 is "a", 1 is "b", which is gone), the unseen words' place, or one of its own."""
    found = refit(Membership("w", ("a", "b"), ((0, 3),), missing=was), w=["new", "new", "a"])
    assert Membership("w", ("new", "a"), ((1, 3), (0,)), missing=now) == found


WORDS = st.sampled_from(["a", "b", "c", "d", "e", ""])


@given(st.lists(WORDS | st.none(), min_size=1), st.sets(st.integers(0, 4)), st.none() | st.integers(0, 4))
def test_words_that_stay_score_in_the_old_sets_as_before(words: list[str | None], one: set[int], missing: int | None):
    """Known, unseen or missing: a text's place in an old set changes only if its word is no longer known."""
    members = tuple(sorted(place for place in one if missing is not None or place < 4))
    step = Membership("w", ("a", "b", "c"), (members,), missing)
    batch = pa.record_batch({"w": pa.array(words, pa.string())})
    (new,) = refit_steps([step], batch)
    assert not problem_of(new)
    assert isinstance(new, Membership)
    kept = [word not in ("a", "b", "c") or word in new.labels for word in words]
    if missing is not None and missing < 3 and step.labels[missing] not in new.labels:
        kept = [fits and word is not None for fits, word in zip(kept, words, strict=True)]
    np.testing.assert_array_equal(featurise([step], batch)[kept, 0], featurise([new], batch)[kept, 0])


LEFT: list[Step] = [
    Numeric("n"),
    Hashed(("w", "n"), 8),
    NGrams("w", 2, 8),
    WordVectors("w", NGrams("w", 1, 1).tokens, ("x",), ((1.0, 2.0),)),
    Coded("w", ("x",), (0.5,), 0.1, 0.2),
    Picked(NGrams("w", 2, 8), (3, 1)),
    Scaled(Numeric("n"), (("subtract", (1.0,)), ("fill", (0.0,)))),
]


@pytest.mark.parametrize("step", LEFT, ids=lambda step: type(step).__name__)
def test_a_step_that_has_nothing_to_fit_or_cant_be_fitted_stays(step: Step) -> None:
    """Hashing needs no fit; of vectors, codes and scaling nobody knows how they came about."""
    assert step == refit(step, w=["new", "words"], n=[3.0, 4.0])


def test_scaling_and_picks_stay_where_their_features_do() -> None:
    """A filled number is still scaled; of words that changed all features come, as they are."""
    half = (("multiply", (0.5,)),)
    assert Scaled(Numeric("n", 3.0), half) == refit(Scaled(Numeric("n", 0.0), half), n=[3.0, None])
    words = OneHot("w", ("a", "b"), 2)
    for step in (Scaled(words, (("multiply", (1.0, 2.0)),)), Picked(words, (1,)), Scaled(Picked(words, (1,)), half)):
        assert step == refit(step, w=["a", "b", "a"])
        assert OneHot("w", ("b", "c"), 2) == refit(step, w=["c", "b", "b"])


@pytest.mark.spark
@pytest.mark.parametrize(
    ("encoding", "algorithm", "words"),
    [
        ("one-hot", "decision_tree", OneHot),
        ("index", "decision_tree", Membership),
        ("index", "logistic_regression", Index),
    ],
)
def test_on_its_own_training_rows_a_model_gets_the_steps_that_spark_fitted(
    load, make_gaps, tmp_path, encoding: str, algorithm: str, words: type
) -> None:
    """Medians of whole and other numbers, words with ties, sets of words: all as in the saved pipeline."""
    from static_model.mllib import read_pipeline
    from static_model.training.fitting import prepared
    from static_model.training.rows import arrange
    from static_model.training.settings import Settings

    table, dataset = make_gaps
    frame = arrange(load(table, dataset), partitions=2)
    settings = Settings(seed=1, encode=encoding, max_iter=5)  # type: ignore[arg-type]
    with prepared(frame, dataset, settings) as ready:
        ready.pipeline(ready.fit(algorithm, {}, seed=1)).save(f"file://{tmp_path}/spark")  # type: ignore[arg-type]
    steps = read_pipeline(tmp_path / "spark").steps
    (records,) = table.combine_chunks().to_batches()
    assert steps == refit_steps(steps, records)
    assert [Numeric, Numeric, words] == [type(step) for step in steps]
    (others,) = table.slice(0, 40).combine_chunks().to_batches()
    changed = refit_steps(steps, others)
    assert [Numeric, Numeric, words] == [type(step) for step in changed]
    assert not any(before == after for before, after in zip(steps, changed, strict=True))


@pytest.fixture(scope="module")
def make_gaps() -> tuple[pa.Table, Dataset]:
    """Numbers with holes, and 300 words, many of them equally frequent, that say something about the class."""
    clean = '{ missing = ["-"] }'
    dataset = parse_dataset(
        f"""
        name = "gaps"
        label = {{ positive = ["1"], negative = ["0"] }}
        columns = [
            {{ name = "whole", type = "int", clean = {clean} }},
            {{ name = "float", type = "float", clean = {clean} }},
            {{ name = "word", type = "string" }},
            {{ name = "y", type = "label" }},
        ]
        """,
        "gaps",
    )
    random = np.random.default_rng(4)
    label = (np.arange(900) % 3 == 0).astype(np.int8)
    words = np.array([f"Wört{i}" for i in range(300)] + [""])[(random.random(900) ** 2 * 301).astype(int) - label]
    columns = {
        "whole": pa.array(random.integers(0, 2**40, 900) * 2 + label, mask=random.random(900) < 0.3),
        "float": pa.array(random.normal(size=900) + label, mask=random.random(900) < 0.3),
        "word": words,
        "y": label,
    }
    return pa.table(columns, schema=dataset.schema), dataset
