"""Dirty cells and repairs, as a contract asks for them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.codec import decode, encode_line
from producer.dataset import Dataset, load_dataset, parse_dataset
from producer.errors import ContractError

COLUMNS = """
    { name = "word", type = "string", clean = { missing = ["-", ""] } },
{ name = "size", type = "int", clean = { missing = ["-"], units = { K = 1024, KB = 1000, M = 4096 }, blanks = true } },
    { name = "rate", type = "float", clean = { missing = ["n/a"], units = { "%" = 0.01 }, text = "missing" } },
    { name = "NICE", type = "int", clean = { text = "missing" } },
    { name = "PRI", type = "int", clean = { missing = [""] } },
    { name = "y", type = "label" },
"""
REPAIR = 'repairs = [{ column = "NICE", plus_of = "PRI", add = -120, unless_both = 0 }]'
START = 'format = 1\nname = "dirty"\nlabel = { positive = ["1"], negative = ["0"] }\n'


def contract(columns: str = COLUMNS, more: str = REPAIR) -> Dataset:
    return parse_dataset(f"{START}{more}\ncolumns = [{columns}]", "dirty")


DIRTY = contract()


def read(line: str, dataset: Dataset = DIRTY) -> dict | str:
    """The record in a CSV line, or the reason why there is none."""
    decoded = decode([line.encode()], dataset, wire="csv")
    return decoded.dead[0][1] if decoded.dead else decoded.records.to_pylist()[0]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("7", 7),
        (" 1 024 ", 1024),
        ("2K", 2048),
        ("1.5 K", 1536),
        ("2KB", 2000),
        ("-1M", -4096),
        ("1e3", 1000),
        ("123456789012345678", 123456789012345678),
        ("-", None),
        (" - ", None),
    ],
)
def test_a_whole_number_is_read_through_its_dirt(cell: str, value: int | None) -> None:
    """Blanks, units and missing words mean what the contract says, and big whole numbers stay exact."""
    assert value == read(f"w,{cell},0,0,120,1")["size"]


@pytest.mark.parametrize(
    "cell", ["", "x", "1.5", "1.0001K", "7 G", "1e300", "9999999999999999999", "0x1F", "nan", "+1"]
)
def test_what_is_no_whole_number_is_refused_in_words(cell: str) -> None:
    """The reason names the column, the cell, and all that the contract would have taken."""
    expected = f"'size': {cell!r} is not a whole number, with a unit (K, KB, M), or '-' for missing"
    assert expected == read(f"w,{cell},0,0,120,1")


@pytest.mark.parametrize(("cell", "value"), [("50%", 0.5), ("inf", None), ("abc", None), ("", None), ("n/a", None)])
def test_text_in_a_column_of_numbers_can_be_missing(cell: str, value: float | None) -> None:
    """With text = "missing" no cell of the column costs its record."""
    assert value == read(f"w,1,{cell},0,120,1")["rate"]


def test_a_missing_word_is_null_and_others_keep_their_blanks() -> None:
    """Only the listed words are missing; a word is otherwise as it was written."""
    assert [None, None, " a "] == [read(f"{cell},1,0,0,120,1")["word"] for cell in (" - ", "", " a ")]


@pytest.mark.parametrize(
    ("nice", "pri", "repaired"),
    [
        ("0", "130", 10),
        ("0", "0", 0),
        ("5", "0", -120),
        ("x", "139", 19),
        ("7", "", 7),
        ("0", "", 0),
        ("20", "100", -20),
    ],
)
def test_a_repair_takes_the_column_that_knows_better(nice: str, pri: str, repaired: int) -> None:
    """NICE becomes PRI - 120 unless both are 0, and stays where PRI isn't known."""
    assert repaired == read(f"w,1,0,{nice},{pri},1")["NICE"]


CELLS = st.sampled_from(["1", "-", "2K", "x", "", "1 0", "3.5", "7%", "0", "120", "9KB", "-0.5M"])
LINES = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS, st.sampled_from("01")).map(",".join), max_size=12)


def plain_number(cell: str, units: dict[str, float]) -> float | None:
    found = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?)(K|KB|M|%)?", cell)
    if not found or (found[2] and found[2] not in units):
        return None
    return float(found[1]) * units.get(found[2], 1.0)


def plain(line: str) -> dict | None:
    """The record by plain Python, one cell at a time."""
    word, size, rate, nice, pri, label = line.split(",")
    number = plain_number(size.replace(" ", ""), {"K": 1024, "KB": 1000, "M": 4096})
    other = plain_number(pri, {})
    if (size != "-" and (number is None or number % 1)) or (pri != "" and (other is None or other % 1)):
        return None
    niceness = plain_number(nice, {})
    niceness = None if niceness is None or niceness % 1 else niceness
    if other is not None and not (niceness == other == 0):
        niceness = other - 120
    values = {"size": None if size == "-" else number, "rate": plain_number(rate, {"%": 0.01})}
    return {"word": word if word not in ("-", "") else None, **values, "NICE": niceness, "PRI": other, "y": int(label)}


@given(LINES)
def test_cleaning_equals_plain_python_in_any_cut(lines: list[str]) -> None:
    """Vectorised cleaning gives what a loop over cells gives, for all messages at once and for each alone."""
    expected = [record for record in map(plain, lines) if record is not None]
    together = decode([line.encode() for line in lines], DIRTY, wire="csv")
    alone = [record for line in lines if isinstance(record := read(line), dict)]
    assert expected == together.records.to_pylist() == alone
    assert len(lines) == len(expected) + len(together.dead)


def test_json_null_is_missing_where_something_may_be() -> None:
    """On the wire json a null is a missing value, and still no record where nothing may be missing."""
    message = b'{"word":null,"size":null,"rate":null,"NICE":1,"PRI":null,"y":%s}'
    decoded = decode([message % b'"1"', message % b"null"], DIRTY, wire="json")
    assert [{"word": None, "size": None, "rate": None, "NICE": 1, "PRI": None, "y": 1}] == decoded.records.to_pylist()
    assert ((1, "'y': None is neither a number nor a string"),) == decoded.dead


@pytest.mark.parametrize("wire", ["csv", "json-csv", "json"])
def test_dirty_cells_travel_on_every_wire(wire) -> None:
    """What a file's line means, its message means too."""
    line = b'"a,b", 1 0,7%,x,,0'
    sent = encode_line(line, DIRTY, wire=wire)
    assert decode([line], DIRTY, wire="csv").records.equals(decode([sent], DIRTY, wire=wire).records)


MIXED = """
    { name = "a", type = "int" }, { name = "b", type = "float" }, { name = "c", type = "int" },
    { name = "y", type = "label" },
"""
MIXED_REPAIRS = """repairs = [
    { column = "a", plus_of = "b", add = 0.5, unless_both = 0 },
    { column = "b", plus_of = "c", add = 1.7e308 },
]"""


@pytest.mark.parametrize(
    ("line", "repair"),
    [
        ("0,1.0,0,1", "'a' can't hold its repair, 'b' +0.5"),
        ("0,9007199254740991.5,0,1", "'a' can't hold its repair, 'b' +0.5"),
        ("0,1.7e308,0,1", "'a' can't hold its repair, 'b' +0.5"),
        ("0,0.5,9007199254740993,1", "'b' can't hold its repair, 'c' +1.7e+308"),
    ],
)
def test_a_repair_that_its_column_cannot_hold_is_a_dead_letter(line: str, repair: str) -> None:
    """A sum that isn't whole, or not exact as a float64, costs its own row, with the repair in the reason."""
    decoded = decode([b"1,1.5,7,1", line.encode(), b"0,0,7,0"], contract(MIXED, MIXED_REPAIRS), wire="csv")
    assert [2, 0] == decoded.records.column("a").to_pylist()
    assert ((1, f"{repair}: b'{line}'"),) == decoded.dead


NUMBER = st.sampled_from(["0", "-0", "0.5", "1e999", "-1e308", "1.7e308", "nan", "inf", "9223372036854775807"]) | (
    st.integers(-(2**64), 2**64).map(str) | st.floats().map(repr)
)


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER), max_size=6))
def test_repairs_of_any_numbers_depend_on_their_own_row_alone(rows: list[tuple[str, str, str]]) -> None:
    """Whatever numbers stand side by side, each row comes to what it comes to alone."""
    dataset = contract(MIXED, MIXED_REPAIRS)
    lines = [",".join([*row, "1"]).encode() for row in rows]
    decoded = decode(lines, dataset, wire="csv")
    alone = [decode([line], dataset, wire="csv") for line in lines]
    assert [row for one in alone for row in one.records.to_pylist()] == decoded.records.to_pylist()
    assert [why for one in alone for _, why in one.dead] == [why for _, why in decoded.dead]
    assert np.isfinite(decoded.records["b"].to_numpy()).all()


def test_a_priority_beyond_a_floats_reach_costs_one_row() -> None:
    """One huge number in a preset with a repair leaves the other rows as they are."""
    dataset = load_dataset("linux-process")
    cells = ["0"] * len(dataset.columns)
    huge = [*cells]
    huge[dataset.names.index("PRI")] = "9007199254740993"
    decoded = decode([",".join(row).encode() for row in (cells, huge)], dataset, wire="csv")
    assert 1 == decoded.records.num_rows
    assert [1] == [place for place, _ in decoded.dead]
    assert decoded.dead[0][1].startswith("'NICE' can't hold its repair, 'PRI' -120: ")


def test_only_nullable_columns_may_hold_nulls() -> None:
    """The schema says which columns may miss a value."""
    assert ["word", "size", "rate", "NICE", "PRI"] == [field.name for field in DIRTY.schema if field.nullable]


def test_cleaning_is_part_of_what_a_record_is() -> None:
    """Another cleaning or repair is another fingerprint; a contract without any keeps the one it always had."""
    clean = '{ name = "a", type = "int" }, { name = "y", type = "label" }'
    dirty = '{ name = "a", type = "int", clean = { missing = ["-"] } }, { name = "y", type = "label" }'
    repaired = 'repairs = [{ column = "a", plus_of = "a", add = 1 }]'
    prints = [contract(clean, "").fingerprint, contract(dirty, "").fingerprint, contract(clean, repaired).fingerprint]
    assert "b6b569a033357b4e060301c4d4264d9f8ec7c43888133b623747eb61f14101ac" == load_dataset("dns-exfil").fingerprint
    assert 3 == len(set(prints))


@pytest.mark.parametrize(
    ("columns", "more", "problem"),
    [
        ('{ name = "a", type = "string", clean = { blanks = true } }', "", "'a' is a string: units, blanks and text"),
        (
            '{ name = "a", type = "int", clean = { units = { " " = 2 } } }',
            "",
            "'a' has an empty suffix among its units",
        ),
        ('{ name = "a", type = "int" }', 'repairs = [{ column = "b", plus_of = "a", add = 1 }]', "a repair names 'b'"),
        ('{ name = "a", type = "int", clean = { lost = [] } }', "", "Extra inputs are not permitted"),
    ],
)
def test_cleaning_that_makes_no_sense_is_refused(columns: str, more: str, problem: str) -> None:
    """The contract's author hears which column it is."""
    with pytest.raises(ContractError, match=re.escape(problem)):
        contract(columns + ', { name = "y", type = "label" }', more)


def test_the_kind_must_be_a_column_that_is_no_feature() -> None:
    """The kind of attack is the label in other words."""
    text = START.replace('["0"] }', '["0"], kind = "a" }') + 'columns = [{ name = "a", type = "string" }, '
    with pytest.raises(
        ContractError, match=r"label\.kind names 'a', which must be a column of type string with feature"
    ):
        parse_dataset(text + '{ name = "b", type = "int" }, { name = "y", type = "label" }]', "kind")


def test_unlabelled_records_have_neither_label_nor_kind() -> None:
    """What is known before the label is everything but the label and the kind."""
    text = START.replace('["0"] }', '["0"], kind = "k" }') + 'columns = [{ name = "a", type = "int" }, '
    dataset = parse_dataset(
        text + '{ name = "k", type = "string", feature = false }, { name = "y", type = "label" }]', "k"
    )
    bare = dataset.unlabelled()
    assert (("a",), False, None, "k") == (bare.names, bare.labelled, bare.kind_name, dataset.kind_name)
    assert [{"a": 7}] == decode([b"7", b"a", b"x"], bare, wire="csv").records.to_pylist()
    with pytest.raises(ContractError, match="the records of dataset 'dirty' have no label here"):
        _ = bare.label_name


def test_nothing_is_cleaned_unasked() -> None:
    """A column without `clean` keeps refusing what it always refused."""
    plain_contract = contract('{ name = "a", type = "float" }, { name = "y", type = "label" }', "")
    assert "'a': '1K' is not a finite number" == read("1K,1", plain_contract)
    assert np.isfinite(read("1e3,1", plain_contract)["a"])
