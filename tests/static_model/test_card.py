"""A model's card: what comes from data stays text, and what isn't known is left out."""

from __future__ import annotations

import re
from typing import Any

import pytest

from producer.dataset import parse_dataset
from static_model.card import escape, model_card, table

FIGURES = {"accuracy": 0.9, "mcc": None}


@pytest.fixture
def facts() -> dict[str, Any]:
    """What a training gives, as small as it can be."""
    counts = {name: {"0": 10, "1": 5} for name in ("class_counts", "training_class_counts", "held_out_class_counts")}
    rows = {"duplicates_across_split": 1, "held_out_looked_at": 3, "held_out_deciding": 2, "refitted": True}
    return {
        "digest": "d" * 64,
        "algorithm": "random_forest",
        "training": {**counts, **rows, "fitted_class_counts": {"0": 10, "1": 5}, "rows_digest": "r" * 64},
        "settings": {"balance": "undersample", "duplicates": "across"},
        "selection": {
            "reason": "the only one",
            "rule": "the best",
            "mcc": {"random_forest": {"mean": 0.5, "low": None, "high": None}},
        },
        "threshold_rule": "0.5",
        "which_metric": "MCC should decide.",
        "comparison": {"random_forest": FIGURES},
        "comparison_with_duplicates": {"random_forest": FIGURES},
        "versions": {"python": "3.11"},
        "parity": "They agree.",
        "sources": {"training": {"files": [{"file": "a|b<script>.csv", "sha256": "0" * 64}], "dead": 2, "headers": 0}},
    }


@pytest.fixture
def dataset():
    text = """
    name = "<img src=x>"
    label = { positive = ["1"], negative = ["0"] }
    columns = [
        { name = "x_y", type = "float", note = "a *note* | here" },
        { name = "ts", type = "int", feature = false, note = "a leak" },
        { name = "y", type = "label" },
    ]
    """
    return parse_dataset(text, "t")


def test_whatever_comes_from_data_is_escaped(facts, dataset) -> None:
    """Names of files, columns and contracts can't become markup."""
    card = model_card(facts, dataset)
    assert not re.search(r"(?<!\\)<", card)
    assert r"a \*note\* \| here" in card
    assert r"a\|b\<script\>.csv" in card
    assert r"x\_y" in card


def test_the_card_says_what_was_fitted_and_what_was_left_out(facts, dataset) -> None:
    """Counts by part, duplicates, columns kept out with the reason, figures in the order of reports."""
    card = model_card(facts, dataset)
    assert "| after balancing | 10 | 5 |" in card
    assert "1 of 3 held-out rows looked at have an exact duplicate (in all columns)" in card
    assert "| ts | a leak |" in card
    assert "| accuracy | 0.9000 | 0.9000 |" in card
    assert "was fitted again on all rows" in card
    assert "The held-out rows were never fitted on." in model_card(
        {**facts, "training": {**facts["training"], "refitted": False}}, dataset
    )


def test_optional_tables_appear_only_when_they_were_made(facts, dataset) -> None:
    """No heading without a table."""
    assert "What each encoding" not in model_card(facts, dataset)
    rows = [{"encoding": "hash", "accuracy": 0.5}]
    assert "| hash | 0.5000 |" in model_card({**facts, "encodings": rows}, dataset)


def test_cells_are_on_one_line_and_undefined_is_empty() -> None:
    """A line break in a cell would end the table."""
    assert "| a | b |\n| --- | --- |\n| x y |  |" == table(("a", "b"), [("x\ny", None)])
    assert r"\`\[\]\(\)" == escape("`[]()")
