"""The tables a user may ask for: what a column would buy, what each encoding is worth, and the kinds of attack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from producer.dataset import parse_dataset
from static_model.training.settings import ENCODINGS, Settings
from static_model.training.train import train
from static_model.training.variants import METRICS

pytestmark = pytest.mark.spark

FAST = Settings(
    seed=3, trees=8, max_depth=5, folds=0, repeats=1, algorithms=("random_forest",), refit=False, duplicates="keep"
)
LEAK = """
name = "leaks"
label = { positive = ["1"], negative = ["0"], kind = "kind" }
columns = [
    { name = "x", type = "float" },
    { name = "w", type = "string" },
    { name = "ts", type = "int", feature = false, note = "attacks came in bursts: a leak" },
    { name = "kind", type = "string", feature = false },
    { name = "y", type = "label" },
]
"""


@pytest.fixture(scope="module")
def variants(load):
    """A number that says a little, a word whose letters say more, and a time that says all."""
    random = np.random.default_rng(5)
    label = (random.random(800) < 0.4).astype(np.int8)
    words = [
        f"tun{n}.example" if y else f"mail{n}.example"
        for n, y in zip(random.integers(0, 10**6, 800), label, strict=True)
    ]
    columns = {
        "x": random.normal(size=800) + 0.5 * label,
        "w": words,
        "ts": 1_600_000_000 + 1000 * label.astype(int) + random.integers(0, 900, 800),
        "kind": np.where(label == 0, "normal", np.where(random.random(800) < 0.5, "flood", "scan")),
        "y": label,
    }
    dataset = parse_dataset(LEAK, "leaks")
    settings = replace(FAST, with_without=("ts", "w"), compare_encodings=True, kinds=True)
    return train(load(pa.table(columns, schema=dataset.schema), dataset), dataset, settings=settings).variants


def test_a_leak_shows_in_its_with_and_without_rows(variants) -> None:
    """With the time everything is found, without it less; the contract's note says why."""
    rows = {(row["column"], row["used"]): row for row in variants.with_without}
    assert [("ts", "without"), ("ts", "with"), ("w", "without"), ("w", "with")] == list(rows)
    assert rows["ts", "with"]["accuracy"] == 1.0
    assert rows["ts", "without"]["accuracy"] < 0.9
    assert [rows["w", "with"][m] for m in METRICS] == [rows["ts", "without"][m] for m in METRICS]
    assert "attacks came in bursts: a leak" == rows["ts", "with"]["note"]


def test_each_encoding_has_a_row_and_n_grams_see_into_words(variants) -> None:
    """Words that never repeat are unseen to one-hot and index; their letters tell them apart."""
    rows = {row["encoding"]: row for row in variants.encodings}
    assert ["none", *ENCODINGS] == list(rows)
    assert rows["ngrams"]["accuracy"] > 0.97
    assert rows["one-hot"]["accuracy"] < 0.9
    assert rows["index"]["accuracy"] < 0.9


def test_kinds_that_nothing_tells_apart_are_confused_with_each_other_only(variants) -> None:
    """The frequent kind comes first; actual and predicted kinds are those of the held-out rows."""
    kinds = variants.kinds
    assert "normal" == kinds.names[0]
    assert {"normal", "flood", "scan"} == set(kinds.names)
    assert 160 == len(kinds.actual) == len(kinds.predicted)
    assert ("random_forest", True) == (kinds.algorithm, set(kinds.predicted) <= set(kinds.names))


def test_n_grams_of_words_that_may_be_missing_are_told_and_not_guessed(load) -> None:
    """The row of that encoding is empty and says why."""
    text = LEAK.replace('{ name = "w", type = "string" }', '{ name = "w", type = "string", clean = {missing = ["-"]} }')
    dataset = parse_dataset(text, "leaks")
    random = np.random.default_rng(5)
    label = (random.random(400) < 0.4).astype(np.int8)
    words = [None if n % 7 == 0 else f"w{n % 5 + 5 * y}" for n, y in enumerate(label.tolist())]
    columns = {"x": random.normal(size=400), "w": words, "ts": np.arange(400), "kind": ["k"] * 400, "y": label}
    frame = load(pa.table(columns, schema=dataset.schema), dataset)
    rows = train(frame, dataset, settings=replace(FAST, compare_encodings=True)).variants.encodings
    (ngrams,) = [row for row in rows if row["encoding"] == "ngrams"]
    assert ngrams["accuracy"] is None
    assert "words may be missing in the column 'w', and n-grams of a missing word are undefined" in ngrams["note"]
