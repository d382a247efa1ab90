"""Columns that say the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from static_model.profile.pairs import correlate, linked
from static_model.training.rows import column

pytestmark = pytest.mark.spark


def sample_of(frame, dataset):
    return frame.select(*(column(c.name) for c in dataset.columns)).toArrow()


def test_correlations_are_those_of_pandas(load) -> None:
    """Pearson and Spearman of each two columns of numbers are pandas', gaps left out pair by pair."""
    random = np.random.default_rng(0)
    a = random.normal(size=300)
    b, c = a**3 + random.normal(size=300), random.integers(0, 5, 300).astype(float)
    b[:40] = np.nan
    values = [None if np.isnan(x) else x for x in b.tolist()]
    columns = {"a": ("float", a.tolist()), "b": ("float", values), "w": ("string", ["x"] * 300)}
    frame, dataset = load({**columns, "c": ("float", c.tolist())}, [0] * 300)
    found = correlate(sample_of(frame, dataset), dataset.columns)
    known = pd.DataFrame({"a": a, "b": b, "c": c})
    assert [("a", "b"), ("a", "c"), ("b", "c")] == [(pair.a, pair.b) for pair in found]
    for pair in found:
        assert pytest.approx(known[pair.a].corr(known[pair.b])) == pair.pearson
        assert pytest.approx(known[pair.a].corr(known[pair.b], method="spearman")) == pair.spearman


def test_copies_are_told_from_what_is_almost_one(load) -> None:
    """A column that is equal in every row is an exact copy; one rare difference, outside the sample, makes it none."""
    random = np.random.default_rng(1)
    a = random.integers(0, 1000, 500).tolist()
    almost = [*a[:-1], a[-1] + 1]
    columns = {"a": ("int", a), "copy": ("float", [float(x) for x in a]), "almost": ("int", almost)}
    frame, dataset = load({**columns, "other": ("int", random.integers(0, 9, 500).tolist())}, [0, 1] * 250)
    sample = sample_of(frame, dataset)
    sample = sample.filter(np.array(sample["a"]) == np.array(sample["almost"]))
    links = linked(frame, sample, correlate(sample, dataset.columns), dataset.features)
    measures = {(link.a, link.b): link.measure for link in links}
    assert {("a", "copy"), ("a", "almost"), ("copy", "almost")} == measures.keys()
    assert "an exact copy" == measures["a", "copy"]
    assert "an exact copy" not in (measures["a", "almost"], measures["copy", "almost"])


def test_words_that_rename_each_other_are_linked(load) -> None:
    """Words in one-to-one correspondence are linked by Cramér's V, words at random aren't."""
    random = np.random.default_rng(2)
    words = random.integers(0, 6, 400)
    columns = {
        "w": ("string", [f"w{x}" for x in words]),
        "renamed": ("string", [None if x == 0 else f"r{-x}" for x in words]),
        "noise": ("string", [f"n{x}" for x in random.integers(0, 6, 400)]),
    }
    frame, dataset = load(columns, [0, 1] * 200)
    links = linked(frame, sample_of(frame, dataset), [], dataset.features)
    assert [("w", "renamed", "Cramér's V")] == [(link.a, link.b, link.measure) for link in links]
    assert pytest.approx(1.0) == links[0].association
