"""Injections: what can be meant, how it is written, and when a record is new."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.dataset import parse_dataset
from producer.errors import UsageError
from producer.injection import Injection, draw_span
from producer.injection_columns import columns_of, cycle
from producer.injection_spec import checked_injection, parse_injection

DATASET = parse_dataset(
    """
    name = "mixed"
    label = { positive = ["1"], negative = ["0"] }
    columns = [
        { name = "id", type = "int", feature = false },
        { name = "a", type = "int" },
        { name = "b", type = "int" },
        { name = "c", type = "int", clean = { missing = ["-"] } },
        { name = "x", type = "float" },
        { name = "word", type = "string" },
        { name = "nice", type = "int" },
        { name = "y", type = "label" },
    ]
    repairs = [{ column = "nice", plus_of = "b", add = -120 }]
    """,
    "mixed",
)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("label-swap@40", "abrupt"),
        ("label-swap@40-50", "gradual"),
        ("scaling@40-50,shape=incremental,factor=3.0,feature=a,feature=b", "incremental"),
        ("missing@40-90,period=5,share=0.5", "recurring"),
        ("category@40,period=5,value=new", "recurring"),
    ],
)
def test_an_injection_is_read_and_written_alike(text: str, shape: str) -> None:
    """KIND@START[-END] and its keys; the shape follows from the end and the period unless it is said."""
    injection = parse_injection(text)
    assert (text, shape) == (str(injection), injection.shape)
    assert injection == Injection.model_validate(injection.model_dump())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scalling@5", r"no kind 'scalling' \(did you mean 'scaling'\?\); there are: prior, label-swap, perm"),
        ("scaling", "drift 'scaling' says no place; write START or START-END"),
        ("scaling@5-", "says no place"),
        ("scaling@-5", "says no place"),
        ("scaling@5,factor", "'factor' is no KEY=VALUE"),
        ("scaling@5,factr=2", r"no key 'factr' \(did you mean 'factor'\?\); there are: shape, period"),
        ("scaling@5,factor=2,factor=3", "'factor' is said twice"),
        ("scaling@5,factor=much", "factor: Input should be a valid number"),
        ("scaling@5,factor=1", "a factor of 1 changes nothing"),
        ("scaling@5,factor=inf", "a factor of inf changes nothing"),
        ("scaling@5-9,shape=gradul", r"no shape 'gradul' \(did you mean 'gradual'\?\); there are: abrupt"),
        ("scaling@9-5", "it ends at 5, before it starts at 9"),
        ("scaling@9,shape=gradual", "takes time; say where it is complete: scaling@9-END"),
        ("scaling@5-9,shape=abrupt", "an abrupt change has no end; it says 9"),
        ("scaling@5,shape=recurring", "a change that recurs needs a period"),
        ("scaling@5-9,shape=gradual,period=2", "a change that recurs needs a period, and no other has one"),
        ("missing@5-9,shape=incremental", "missing has nothing between old and new; incremental may be prior, label-"),
        ("missing@5,factor=2", "'factor' says nothing to missing; it is for scaling"),
        ("prior@5,feature=a", "'features' says nothing to prior; it is for permutation, scaling, missing, category"),
        ("prior@5,share=1", "a share of 1 leaves attacks only"),
        ("label-swap@5,share=0", "share: Input should be greater than 0"),
        ("category@5,value= ", "' ' is no word for a cell"),
    ],
)
def test_an_injection_that_cannot_be_meant(text: str, message: str) -> None:
    """One sentence says what is wrong, and names the nearest that is known."""
    with pytest.raises(UsageError, match=message) as failure:
        parse_injection(text)
    assert "\n" not in str(failure.value)


def test_fields_of_a_configuration_are_checked_by_name() -> None:
    """An unknown field of an injection names the nearest known one, as its word in the one-line form does."""
    with pytest.raises(UsageError, match=r"stream 2: no key 'featre' \(did you mean 'feature'\?\)"):
        checked_injection({"kind": "missing", "at": 5, "featre": ["a"]}, "stream 2")


@given(st.integers(0, 50), st.integers(1, 20), st.integers(0, 60), st.integers(51, 200))
def test_a_recurring_change_turns_where_the_truth_says(at: int, period: int, more: int, records: int) -> None:
    """Between two turns all records are of one kind; at a turn old becomes new, at the next new becomes old."""
    end = min(at + more, records) if more else None
    injection = Injection(kind="scaling", at=at, period=period, end=end)
    new = injection.chance(np.arange(records))
    expected = [(int(turn), int(turn)) for turn in np.flatnonzero(np.diff(new, prepend=0))]
    assert expected == list(injection.changes(records))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("scaling@0", ["a", "c", "x"]),
        ("scaling@0,feature=id,feature=a", ["id", "a"]),
        ("missing@0", ["a", "c", "x", "word"]),
        ("category@0", ["word"]),
        ("permutation@0,feature=a,feature=id,feature=c,feature=x", ["id", "a"]),
        ("label-swap@0", []),
    ],
)
def test_columns_are_those_that_the_kind_can_change(text: str, names: list[str]) -> None:
    """All suited features but those of repairs, or the named ones; only columns cleaned alike change places."""
    assert names == [column.name for column in columns_of(parse_injection(text), DATASET)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scaling@0,feature=wrd", r"no column 'wrd' in dataset 'mixed' \(did you mean 'word'\?\); it has: id, a"),
        ("scaling@0,feature=word", "'word' is a column of type string; scaling is for int or float"),
        ("scaling@0,feature=y", "'y' is the label; its kinds are label-swap and prior"),
        ("missing@0,feature=nice", "'nice' takes part in a repair of the contract"),
        ("permutation@0", "no columns two alike among the features of dataset 'mixed'"),
        ("permutation@0,feature=a", "no columns two alike among those named"),
    ],
)
def test_columns_that_cannot_be_changed_so(text: str, message: str) -> None:
    """The message names the column, what it is, and the nearest that there is."""
    with pytest.raises(UsageError, match=message):
        columns_of(parse_injection(text), DATASET)


@given(st.integers(0, 2**63 - 1))
def test_a_permutation_is_one_cycle(seed: int) -> None:
    """Every column of a group gets another one's cells, and following the sources passes through all of them."""
    columns = [c for c in DATASET.columns if c.type == "int" and not c.clean.needed]
    sources = cycle(columns, np.random.default_rng(seed).random(len(columns)))
    name, seen = "a", []
    for _ in columns:
        seen.append(name)
        name = sources[name]
    assert (name, sorted(seen)) == ("a", sorted(column.name for column in columns))


def test_places_are_drawn_by_seed_within_a_region() -> None:
    """A thousand seeds start evenly between half and 70 % of the stream, and each one always at the same record."""
    starts = [draw_span(10_000, seed=seed, width=100)[0] for seed in range(1000)]
    assert starts == [draw_span(10_000, seed=seed, width=100)[1] - 100 for seed in range(1000)]
    assert 5000 <= min(starts) < 5020
    assert 6980 < max(starts) < 7000
    assert 6000 == pytest.approx(np.mean(starts), abs=60)


@pytest.mark.parametrize("given_", [{"region": (0.7, 0.5)}, {"region": (0.5, 1.2)}, {"width": 32}, {"width": -1}])
def test_a_region_that_holds_no_such_change(given_: dict[str, object]) -> None:
    """A transition must fit behind every start that may be drawn."""
    draw_span(100, seed=1, width=31)
    with pytest.raises(UsageError, match=r"can start between .* of 100 records; choose another region or width"):
        draw_span(100, seed=1, **given_)  # type: ignore[arg-type]
