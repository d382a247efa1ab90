"""Tables as files: nothing in them is run by a spreadsheet, or by LaTeX."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.latex import booktabs, escaped, interval
from analysis.tidy import plain_cell, to_csv

ARM = {"arm": "a", "kind": "arm"}


@pytest.mark.parametrize("word", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"])
def test_a_word_that_begins_like_a_formula_gets_a_quote(word: str) -> None:
    """A spreadsheet shows it, and runs nothing."""
    row = next(csv.DictReader(io.StringIO(to_csv([{**ARM, "arm": word}], ("arm", "kind")), newline="")))
    assert f"'{word}" == row["arm"]


@pytest.mark.parametrize("word", ["\t=1", "\r=1", "x\r=1", "x\n=1", "x\x85=1"])
def test_no_word_begins_a_row_or_a_cell_of_its_own(word: str) -> None:
    """What isn't printable stands as a question mark."""
    assert word.replace(word[word.index("=") - 1], "?") == plain_cell(word)


def test_numbers_stay_as_they_are() -> None:
    """A negative number is no formula; what is undefined is empty."""
    assert "low,high\n-1.5,\n" == to_csv([{"low": -1.5, "high": None}], ("low", "high"))


@given(st.text())
def test_no_cell_begins_like_a_formula(word: str) -> None:
    """Whatever the word."""
    cell = str(plain_cell(word))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert len([*cell.splitlines(), ""]) <= 2


@given(st.text())
def test_no_letter_of_a_word_is_a_command(word: str) -> None:
    """What is left after all that stands for a letter is harmless."""
    found = escaped(word)
    for known in (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}", r"\textless{}", r"\textgreater{}"):
        found = found.replace(known, "")
    for known in (r"\textbar{}", "{[}", "{]}", "{*}", r"\_", r"\&", r"\%", r"\#", r"\$", r"\{", r"\}"):
        found = found.replace(known, "")
    assert not set(found) & set("\\{}_&%#$~^<>|[]*")
    assert found.isprintable()


def test_a_row_that_begins_with_a_bracket_is_no_argument() -> None:
    """LaTeX takes `[` after a line break for a length."""
    table = booktabs(["arm"], [[[escaped("x")], [escaped("[2cm]")], [escaped("*")]]])
    assert ["x \\\\", "{[}2cm{]} \\\\", "{*} \\\\"] == table.splitlines()[5:8]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [((1.0, None, None), "1.00"), ((-1.0, -2.0, 0.5), "$-1.00$ [$-2.00$, 0.50]"), ((None, None, None), "--")],
)
def test_an_interval_stands_where_there_is_one(numbers: tuple, expected: str) -> None:
    """A minus is a minus, and what is undefined a dash."""
    assert expected == interval(*numbers)
