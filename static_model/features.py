"""Features of a batch of records, by a few vectorised steps in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .murmur import buckets
from .steps import Hashed, Index, Membership, NGrams, Numeric, OneHot, Operation, Scaled, Step, features_width

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]
_OPERATIONS: Mapping[Operation, Callable[..., object]] = {
    "subtract": np.subtract,
    "divide": np.divide,
    "multiply": np.multiply,
    "add": np.add,
}


def featurise(steps: Sequence[Step], records: pa.RecordBatch) -> Floats:
    """The features of a batch.

    Args:
        steps: a model's feature steps.
        records: a batch that has the steps' columns; other columns, the label among them, are not looked at.

    Returns:
        float64[records, features], C-contiguous; the steps' features side by side, in order. Whole numbers beyond
        2**53 are rounded to the nearest float64, as Spark rounds them.
    """
    features = np.zeros((records.num_rows, features_width(steps)))
    at = 0
    for step in steps:
        _write(step, records, features[:, at : at + step.width])
        at += step.width
    return features


def _write(step: Step, records: pa.RecordBatch, out: Floats) -> None:
    """Write one step's features into its block, which holds zeros."""
    match step:
        case Scaled():
            _write(step.step, records, out)
            for operation, values in step.operations:
                _OPERATIONS[operation](out, np.array(values), out=out)
        case Numeric():
            out[:, 0] = _numbers(records.column(step.column), step.fill)
        case OneHot():
            places = _places(records.column(step.column), step.labels)
            rows = np.flatnonzero(places < step.width)
            out[rows, places[rows]] = 1.0
        case Index():
            out[:, 0] = _places(records.column(step.column), step.labels)
        case Membership():
            member = np.zeros((len(step.labels) + 1, step.width))
            for feature, places_in in enumerate(step.sets):
                member[list(places_in), feature] = 1.0
            out[:] = member[_places(records.column(step.column), step.labels)]
        case Hashed():
            for name in step.columns:
                _count(out, *_hashed(records.column(name), partial(_named, name), step.width))
        case NGrams():
            _count(out, *_hashed(records.column(step.column), partial(_grams, step.n), step.width))


def _numbers(values: pa.Array, fill: float | None) -> Floats:
    numbers: Floats = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    whole = pa.types.is_integer(values.type)
    if fill is None:
        return numbers
    return np.where(np.isnan(numbers), np.trunc(fill) if whole else fill, numbers)


def _places(words: pa.Array, labels: Sequence[str]) -> Places:
    """Each word's place among the labels; one past the last for any other word, or none."""
    places = pc.index_in(words, value_set=pa.array(labels, pa.string()))
    found: Places = places.fill_null(len(labels)).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _named(column: str, word: str) -> list[str]:
    """A word as Spark's `FeatureHasher` names it."""
    return [f"{column}={word}"]


def _grams(n: int, word: str) -> list[str]:
    """The character n-grams of a word as Spark's `NGram` joins them; line ends are no characters for its tokenizer."""
    characters = [c for c in word.lower() if c not in "\n\r\u0085\u2028\u2029"]
    return [" ".join(characters[i : i + n]) for i in range(len(characters) - n + 1)]


def _hashed(words: pa.Array, terms_of: Callable[[str], list[str]], width: int) -> tuple[Places, Places]:
    """Row and feature of every hashed term; each distinct word is hashed once."""
    encoded = words.dictionary_encode()
    terms = [terms_of(word) for word in encoded.dictionary.to_pylist()]
    sizes = np.array([len(found) for found in terms], np.int64)
    found = buckets([term for each in terms for term in each], width)
    starts = np.cumsum(sizes) - sizes
    codes = encoded.indices.drop_null().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(words.is_valid().to_numpy(zero_copy_only=False))
    counts = sizes[codes]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(rows, counts), found[np.repeat(starts[codes], counts) + within]


def _count(out: Floats, rows: Places, features: Places) -> None:
    np.add.at(out, (rows, features), 1.0)
