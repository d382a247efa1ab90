"""Single features become steps again, and the steps and operations that strangers' models need."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from producer.errors import ModelError
from static_model.artifact import Linear, Model, load_model, save_model
from static_model.features import featurise
from static_model.foreign.columns import Feature, Number, Word, member, named_features, steps_of
from static_model.steps import Coded, Membership, Numeric, OneHot, Scaled
from static_model.validity import check_steps

WORD = Word("word")
LABELS = ("a", "b", "c")


def one(place: int, **options) -> Feature:
    return member(WORD, LABELS, [place], **{"missing": None, "nullable": False, **options})


def test_neighbours_share_a_step_and_others_do_not() -> None:
    """One-hot features of a column, with the same operations, are one step; a stranger between them parts them."""
    number = Feature(Number("gap"), nullable=False)
    scaled = [one(place).then("divide", place + 1) for place in (2, 0)]
    steps = steps_of((one(1), number, number.then("add", 1), *scaled), ModelError)
    ordered = OneHot("word", ("c", "a", "b"), 2)
    expected = (
        OneHot("word", ("b", "a", "c"), 1),
        Numeric("gap"),
        Scaled(Numeric("gap"), (("add", (1.0,)),)),
        Scaled(ordered, (("divide", (3.0, 1.0)),)),
    )
    assert expected == steps


def test_features_that_one_hot_cannot_say_are_memberships() -> None:
    """Several words, unknown words or missing ones in a feature: a set of places says it."""
    both = member(WORD, LABELS, [3, 0], missing=None, nullable=True)
    assert (Membership("word", LABELS, ((1,), (0, 3))),) == steps_of((one(1), both), ModelError)
    missing = member(WORD, LABELS, [4], missing=4, nullable=True)
    assert (Membership("word", LABELS, ((4,),), 4),) == steps_of((missing,), ModelError)
    never = member(WORD, LABELS, [0, 4], missing=4, nullable=False)
    assert (OneHot("word", LABELS, 1),) == steps_of((never,), ModelError)
    filled = member(Word("word", "b"), LABELS, [0], missing=None, nullable=True)
    assert (Membership("word", LABELS, ((0,),), 1),) == steps_of((filled,), ModelError)


def test_too_large_a_table_of_memberships_is_refused() -> None:
    """It would be looked up in a table of words times features."""
    labels = tuple(map(str, range(5000)))
    many = tuple(member(WORD, labels, [place, 5000], missing=None, nullable=True) for place in range(5000))
    with pytest.raises(ModelError, match=r"makes 5,000 features of 5,000 words of 'word'; that is too many"):
        steps_of(many, ModelError)


def test_columns_that_may_not_be_read_say_why(contract) -> None:
    """The label, a column that is no feature, and one that the contract doesn't have."""
    problems = [feature.problem for feature in named_features(["y", "note", "other", "gap"], contract)]
    assert "it reads 'y', which is the label" == problems[0]
    assert "it reads 'note', which is no feature of the contract; allow it with --feature note" == problems[1]
    assert problems[2].startswith("it reads 'other', which the contract 'hard' doesn't have; it has: gap, seconds")
    assert "" == problems[3]


BATCH = pa.RecordBatch.from_pydict(
    {"gap": pa.array([0.1, None, 1e300, -2.0]), "word": pa.array(["b", None, "new", "a"])}
)


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ((("fill", (2.5,)),), [0.1, 2.5, 1e300, -2.0]),
        ((("float32", ()),), [float(np.float32(0.1)), np.nan, np.inf, -2.0]),
        ((("at-least", (0.0,)), ("at-most", (1.0,))), [0.1, np.nan, 1.0, 0.0]),
        ((("at-most", (0.0,)), ("at-least", (0.0,)), ("fill", (1.0,))), [0.0, 1.0, 0.0, 0.0]),
        ((("multiply", (1e300,)),), [1e299, np.nan, np.inf, -2e300]),
    ],
)
def test_operations_are_done_in_order(operations, expected: list[float]) -> None:
    """Missing numbers stay missing until they are filled; what is too large is infinite, without a warning."""
    made = featurise([Scaled(Numeric("gap"), operations)], BATCH)
    np.testing.assert_array_equal(np.array(expected)[:, None], made)


def test_words_become_numbers_and_missing_words_have_a_place_of_their_own() -> None:
    """`Coded` has a number for other words and one for missing ones; a membership may tell the two apart."""
    coded = Coded("word", ("a", "b"), (7.0, 8.0), -1.0, -2.0)
    members = Membership("word", ("a", "b"), ((2,), (3,), (0, 3)), 3)
    np.testing.assert_array_equal([[8.0], [-2.0], [-1.0], [7.0]], featurise([coded], BATCH))
    np.testing.assert_array_equal([[0, 0, 0], [0, 1, 1], [1, 0, 0], [0, 0, 1]], featurise([members], BATCH))


def test_the_new_steps_survive_saving(contract, tmp_path) -> None:
    """Every step and operation is the same after a round trip through the model directory."""
    steps = (
        Coded("word", ("a", "b"), (7.0, 8.0), -1.0, -2.0),
        Membership("tool", ("a",), ((0,), (1, 2)), 2),
        Scaled(Numeric("gap"), (("fill", (0.5,)), ("float32", ()), ("at-least", (0.0,)), ("at-most", (1.0,)))),
    )
    model = Model(contract, steps, Linear(np.ones(4), 0.0, {}), 0.5, 0, 0, {})
    save_model(model, tmp_path / "model")
    assert steps == load_model(tmp_path / "model").steps


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Coded("word", ("a", "b"), (7.0,), -1.0, -2.0), "must have a finite number for each label"),
        (Coded("word", ("a",), (7.0,), np.nan, -2.0), "must have a finite number for each label"),
        (Membership("word", ("a",), ((2,),)), "has a set with a place outside of 0 to 1"),
        (Membership("word", ("a",), ((0,),), 3), "has a set with a place outside of 0 to 2"),
        (Scaled(Numeric("gap"), (("float32", (1.0,)),)), "must float32"),
        (Scaled(Numeric("gap"), (("fill", ()),)), "must fill 1 finite numbers"),
    ],
)
def test_a_step_that_cannot_be_is_refused(contract, step, message: str) -> None:
    """A saved model is checked before anything is computed with it."""
    with pytest.raises(ModelError, match=message):
        check_steps((step,), contract)
