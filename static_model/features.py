"""Features of a batch of records, by a few vectorised steps in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .murmur import buckets
from .steps import (
    Coded,
    Hashed,
    Index,
    Membership,
    NGrams,
    Numeric,
    OneHot,
    Operation,
    Picked,
    Scaled,
    Step,
    WordVectors,
    features_width,
)
from .tokenizing import tokenizer

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]
_OPERATIONS: Mapping[Operation, Callable[..., object]] = {
    "subtract": np.subtract,
    "divide": np.divide,
    "multiply": np.multiply,
    "add": np.add,
    "at-least": np.maximum,
    "at-most": np.minimum,
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
                _operate(operation, np.array(values), out)
        case Picked():
            whole = np.zeros((records.num_rows, step.step.width))
            _write(step.step, records, whole)
            out[:] = whole[:, list(step.features)]
        case Numeric():
            out[:, 0] = _numbers(records.column(step.column), step)
        case OneHot():
            places = _places(records.column(step.column), step.labels)
            rows = np.flatnonzero(places < step.width)
            out[rows, places[rows]] = 1.0
        case Index():
            out[:, 0] = _places(records.column(step.column), step.labels)
        case Membership():
            np.take(_members(step), _places(records.column(step.column), step.labels, step.missing), axis=0, out=out)
        case Coded():
            numbers = np.array([*step.numbers, step.other, step.missing])
            out[:, 0] = numbers[_places(records.column(step.column), step.labels, len(step.labels) + 1)]
        case Hashed():
            _write_hashed(step, records, out)
        case NGrams():
            terms = _Terms(records.column(step.column), _grams(step))
            _count(out, terms.rows, buckets(terms.distinct, step.width)[terms.places])
            if step.binary:
                np.minimum(out, 1.0, out=out)
        case WordVectors():
            _write_means(step, records.column(step.column), out)


def _operate(operation: Operation, values: Floats, out: Floats) -> None:
    if operation == "fill":
        np.copyto(out, values, where=np.isnan(out))
        return
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond the largest number is infinite there, too
        if operation == "float32":
            out[:] = out.astype(np.float32)
        else:
            _OPERATIONS[operation](out, values, out=out)


def _numbers(values: pa.Array, step: Numeric) -> Floats:
    numbers: Floats = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if step.fill is None:
        return numbers
    if step.missing is None:
        gone = np.isnan(numbers)
    else:
        gone = ~values.is_valid().to_numpy(zero_copy_only=False) | (numbers == step.missing)
    return np.where(gone, np.trunc(step.fill) if pa.types.is_integer(values.type) else step.fill, numbers)


def _places(words: pa.Array, labels: Sequence[str], missing: int | None = None) -> Places:
    """Each word's place among the labels; one past the last for any other word, or (without `missing`) none."""
    places = pc.index_in(words, value_set=pa.array(labels, pa.string()))
    found: Places = places.fill_null(len(labels)).to_numpy(zero_copy_only=False).astype(np.int64)
    if missing is not None:
        found[words.is_null().to_numpy(zero_copy_only=False)] = missing
    return found


@lru_cache(maxsize=32)
def _members(step: Membership) -> Floats:
    """For each place, which sets it is in; float64[places, sets]."""
    member = np.zeros((len(step.labels) + 2, step.width))
    for feature, places_in in enumerate(step.sets):
        member[list(places_in), feature] = 1.0
    return member


def _write_hashed(step: Hashed, records: pa.RecordBatch, out: Floats) -> None:
    """Add numbers first, then words: where both fall into one feature the order rounds, and this is Spark 4's."""
    values = {name: records.column(name) for name in step.columns}
    words = [n for n in step.columns if pa.types.is_string(values[n].type) or n in step.categorical]
    for name in step.columns:
        if name not in words:
            (feature,) = buckets([name], step.width)
            rows = np.flatnonzero(values[name].is_valid().to_numpy(zero_copy_only=False))
            numbers = values[name].drop_null().cast(pa.float64(), safe=False)
            out[rows, feature] += numbers.to_numpy(zero_copy_only=False)
    for name in words:
        terms = _Terms(values[name].cast(pa.string()), partial(_named, name))
        _count(out, terms.rows, buckets(terms.distinct, step.width)[terms.places])


def _named(column: str, word: str) -> list[str]:
    """A word as Spark's `FeatureHasher` names it."""
    return [f"{column}={word}"]


def _grams(step: NGrams) -> Callable[[str], list[str]]:
    """A text's sequences of tokens as Spark's `NGram` joins them."""
    tokens_of = tokenizer(step.tokens)

    def grams(text: str) -> list[str]:
        tokens = tokens_of(text)
        return [" ".join(tokens[i : i + step.n]) for i in range(len(tokens) - step.n + 1)]

    return grams


class _Terms:
    """The terms of texts, in order; each distinct text is looked at once.

    Attributes:
        distinct: the distinct texts' terms, one text's after the other's.
        owners: for each of them, which distinct text it is a term of.
        sizes: how many terms each distinct text has.
        texts: for each row that has a text, which of the distinct ones it is.
        present: these rows.
    """

    def __init__(self, texts: pa.Array, terms_of: Callable[[str], list[str]]) -> None:
        encoded = texts.dictionary_encode()
        terms = [terms_of(text) for text in encoded.dictionary.to_pylist()]
        self.distinct = [term for each in terms for term in each]
        self.sizes = np.array([len(found) for found in terms], np.int64)
        self.owners = np.repeat(np.arange(len(terms)), self.sizes)
        self.texts = encoded.indices.drop_null().to_numpy(zero_copy_only=False)
        self.present = np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False))

    @property
    def rows(self) -> Places:
        """The row of every term of every row."""
        return np.repeat(self.present, self.sizes[self.texts])

    @property
    def places(self) -> Places:
        """The place among `distinct` of every term of every row."""
        counts = self.sizes[self.texts]
        starts = (np.cumsum(self.sizes) - self.sizes)[self.texts]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        found: Places = np.repeat(starts, counts) + within
        return found


def _count(out: Floats, rows: Places, features: Places) -> None:
    np.add.at(out, (rows, features), 1.0)


@lru_cache(maxsize=32)
def _vectors(step: WordVectors) -> tuple[dict[str, int], Floats]:
    return {word: place for place, word in enumerate(step.words)}, np.array(step.vectors, np.float64)


def _write_means(step: WordVectors, texts: pa.Array, out: Floats) -> None:
    """Each text's vectors are added in the text's order, then multiplied by one over its length, as Spark does."""
    place_of, vectors = _vectors(step)
    terms = _Terms(texts, tokenizer(step.tokens))
    places = np.array([place_of.get(term, -1) for term in terms.distinct], np.int64)
    known = places >= 0
    means = np.zeros((len(terms.sizes), step.width))
    np.add.at(means, terms.owners[known], vectors[places[known]])
    means *= (1.0 / np.maximum(terms.sizes, 1))[:, None]
    out[terms.present] = means[terms.texts]
