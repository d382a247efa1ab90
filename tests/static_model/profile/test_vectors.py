"""Whole rows: doubles, contradictions, and the best accuracy that is possible."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from static_model.training.vectors import ceilings, repeated_rows, vectors_of

pytestmark = pytest.mark.spark


def test_the_ceiling_is_the_larger_class_of_each_vector(load) -> None:
    """Vectors, contradictions and ceiling are those of counting with pandas."""
    random = np.random.default_rng(0)
    a, b = random.integers(0, 6, 500), random.integers(0, 4, 500)
    labels = (random.random(500) < a / 6).astype(int)
    words = [f"w{x}" for x in b]
    frame, dataset = load({"a": ("int", a.tolist()), "b": ("string", words)}, labels)
    found = vectors_of(frame, dataset.features)
    groups = pd.DataFrame({"a": a, "b": b, "y": labels}).groupby(["a", "b"])["y"].agg(["count", "sum"])
    zeros = groups["count"] - groups["sum"]
    both = (zeros > 0) & (groups["sum"] > 0)
    assert len(groups) == found.distinct
    assert (int(both.sum()), int(groups["count"][both].sum())) == (found.conflicting, found.conflicting_rows)
    assert np.maximum(zeros, groups["sum"]).sum() / 500 == found.ceiling
    assert len(groups) + both.sum() == found.labelled


def test_missing_values_are_equal_to_each_other_and_to_nothing_else(load) -> None:
    """Two nulls are one vector; a null isn't the empty word, nor does it matter which column has it."""
    columns = {"a": ("string", [None, None, "", "x", None]), "b": ("string", ["x", "x", "x", None, "y"])}
    frame, dataset = load(columns, [0, 1, 0, 0, 0])
    found = vectors_of(frame, dataset.features)
    assert (4, 1, 2) == (found.distinct, found.conflicting, found.conflicting_rows)


def test_doubles_are_counted_without_the_first(load) -> None:
    """Of three equal rows two are doubles; a row that differs in a column that is no feature, or the label, is none."""
    columns = {"a": ("int", [1, 1, 1, 1, 1]), "t": ("int", [7, 7, 7, 8, 7])}
    frame, dataset = load(columns, [0, 0, 0, 0, 1], left_out=["t"])
    assert 2 == repeated_rows(frame)
    assert (1, 2) == (vectors_of(frame, dataset.features).distinct, vectors_of(frame, dataset.features).labelled)


def test_each_column_that_is_left_out_has_its_ceiling(load) -> None:
    """The features come first, and then what each other column would add to them; the label is none of them."""
    columns = {"a": ("int", [1, 1, 2, 2]), "id": ("int", [1, 2, 3, 4]), "same": ("int", [0, 0, 0, 0])}
    frame, dataset = load(columns, [0, 1, 0, 1], left_out=["id", "same"])
    found = {name: vectors.ceiling for name, vectors in ceilings(frame, dataset).items()}
    assert {"the 1 features of the contract": 0.5, "with id": 1.0, "with same": 0.5} == found
