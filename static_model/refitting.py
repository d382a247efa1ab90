"""Feature steps fitted anew: the words, and what stands for missing numbers, of other records than the first ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .steps import Index, Membership, Numeric, OneHot, Picked, Scaled, Step, plain

MAX_WORDS = 50
"""Words that are encoded one-hot; the rest of them are "unseen"."""
MAX_INDEXED = 200
"""Words that have an index of their own: more than one-hot, as they cost a category and no feature."""


def refit_steps(steps: Sequence[Step], records: pa.RecordBatch) -> tuple[Step, ...]:
    """The same kinds of steps, fitted on these records as training fits them on its own.

    On the rows that the steps were trained on (up to a million, beyond which Spark's medians are approximate) these
    are the same steps.

    - `Numeric`: what stands for a missing number becomes the median, whatever it was (a median of Spark's: the lower
      one of two); a column that is empty in all records keeps what it had.
    - `OneHot`, `Index`, `Membership`: the words become the most frequent ones, ties by their bytes; at most as many as
      in training, or as the step had. Sets of words stay as they are, and each word that is new gets one of its own.
    - `Hashed`, `NGrams` and plain numbers have nothing to fit.
    - `Coded`, `WordVectors` and scaling stay as they are: how they were fitted isn't saved. (Scaling matters to no
      family that is retrained: trees only compare, and linear models are fitted on standardised features.) Where scaled
      or picked features are those of words that have changed, all features of the new words come instead, unscaled.

    Trap: with other words the steps have another width, and an estimator fitted on the old ones no longer fits.

    Args:
        steps: a model's feature steps.
        records: a batch that has the steps' columns.

    >>> records = pa.record_batch({"size": [None, 4, 2, 8], "word": ["b", "a", "b", None]})
    >>> refit_steps([Numeric("size", fill=0.0), OneHot("word", ("c", "b"), 2)], records)
    (Numeric(column='size', fill=4.0, missing=None), OneHot(column='word', labels=('b', 'a'), width=2))
    """
    return tuple(_refitted(step, records) for step in steps)


def _refitted(step: Step, records: pa.RecordBatch) -> Step:
    match step:
        case Scaled(inner, operations):
            new = _refitted(inner, records)
            assert not isinstance(new, Scaled)
            return Scaled(new, operations) if new == inner or isinstance(plain(inner), Numeric) else new
        case Picked(inner, _):
            new = _refitted(inner, records)
            return step if new == inner else new
        case Numeric(column, fill, _) if fill is not None:
            return replace(step, fill=_median(records.column(column), step))
        case OneHot() | Index() | Membership():
            limit = max(MAX_WORDS if isinstance(step, OneHot) else MAX_INDEXED, len(step.labels))
            words = top_words(records.column(step.column), limit=limit, empty="" in step.labels)
            return _with_words(step, words) if words else step
    return step


def _median(values: pa.Array, step: Numeric) -> float | None:
    """The median of what isn't missing, as Spark's `Imputer` takes it; the step's own if all is."""
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    there = numbers[~np.isnan(numbers)]
    if step.missing is not None:
        there = there[there != step.missing]
    if not len(there):
        return step.fill
    middle = (len(there) - 1) // 2
    return float(np.partition(there, middle)[middle])


def top_words(words: pa.Array, *, limit: int, empty: bool = False) -> tuple[str, ...]:
    """The most frequent words, most frequent first, ties in the order of the words' bytes.

    Args:
        words: strings; what is missing is no word.
        limit: the most of them.
        empty: whether the empty text is a word; for Spark's training it is none.

    >>> top_words(pa.array(["b", "a", "c", "b", "", None]), limit=2)
    ('b', 'a')
    """
    counts = pc.value_counts(words.drop_null())
    found = zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    ranked = sorted((-count, word.encode(), word) for word, count in found if word or empty)
    return tuple(word for *_, word in ranked[:limit])


def _with_words(step: OneHot | Index | Membership, words: tuple[str, ...]) -> Step:
    match step:
        case OneHot(column, labels, width):  # as many features more or less than words as it had
            return OneHot(column, words, max(1, len(words) + width - len(labels)))
        case Index(column, _):
            return Index(column, words)
    return _grouped(step, words)


def _grouped(step: Membership, words: tuple[str, ...]) -> Membership:
    """The same sets of other words: to the old sets, a new word is what an unseen one was."""
    unseen = len(step.labels)
    place_of = {word: place for place, word in enumerate(step.labels)}
    old = [*(place_of.get(word, unseen) for word in words), unseen, unseen + 1]
    sets = [tuple(place for place, was in enumerate(old) if was in members) for members in map(set, step.sets)]
    alone = [(place,) for place, was in enumerate(old[: len(words)]) if was == unseen]
    now = {was: place for place, was in enumerate(old)}  # the last one counts: an unseen word's place is no new word's
    missing = None if step.missing is None else now.get(step.missing, len(words))
    return Membership(step.column, words, (*sets, *alone), missing)
