"""What is held out, and what the training part alone may decide. Pure functions of records and a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]


def stratified_split(labels: npt.NDArray[np.int8], *, seed: int, holdout: float) -> tuple[Rows, Rows]:
    """Split rows in two, with the same share of each class in both.

    Args:
        labels: int8[n], the classes.
        seed: which of the many such splits.
        holdout: the share of each class that is held out, rounded to whole rows.

    Returns:
        The rows to train on and the rows held out: ascending, disjoint, together all of them.

    >>> train, held = stratified_split(np.array([0, 0, 0, 0, 1, 1], np.int8), seed=0, holdout=0.5)
    >>> len(train), len(held)
    (3, 3)
    """
    generator = np.random.default_rng(seed)
    out = np.zeros(len(labels), bool)
    for value in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == value))
        out[rows[: round(holdout * len(rows))]] = True
    return np.flatnonzero(~out), np.flatnonzero(out)


def duplicates_across(records: pa.RecordBatch, columns: list[str], held: Rows) -> int:
    """How many of the held-out records have an exact double among the others, in the given columns."""
    out = np.zeros(records.num_rows, np.int64)
    out[held] = 1
    table = pa.Table.from_batches([records]).select(columns).append_column("(held out)", pa.array(out))
    grouped = table.group_by(columns).aggregate([("(held out)", "sum"), ("(held out)", "count")])
    held_out, all_of_it = grouped["(held out)_sum"].to_numpy(), grouped["(held out)_count"].to_numpy()
    return int(held_out[held_out < all_of_it].sum())


def top_words(words: pa.Array, *, limit: int) -> tuple[str, ...]:
    """The most frequent words, most frequent first, ties in the order of the words.

    The empty word is none: Spark can't name a feature after it, so it is encoded like an unknown word.

    >>> top_words(pa.array(["b", "a", "", "c", "c"]), limit=2)
    ('c', 'a')
    """
    counts = pc.value_counts(words).to_pylist()
    ranked = sorted((-entry["counts"], entry["values"]) for entry in counts if entry["values"])
    return tuple(word for _, word in ranked[:limit])
