"""What is held out, and what the training part alone may decide. Pure functions of records and a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from producer.dataset import Dataset
from producer.errors import ContractError

MIN_CLASS_ROWS = 20
SPARKS_OWN = frozenset({"prediction", "probability", "rawPrediction"})
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


def check_trainable(records: pa.RecordBatch, dataset: Dataset, *, seed: int, holdout: float) -> None:
    """Whether a model can be fitted at all; asked before Spark is started, too.

    Raises:
        ContractError: Spark can't use a feature's name, or a class has too few records to train on or to hold out.
    """
    for name in (column.name for column in dataset.features):
        if {".", "`"} & set(name) or name in SPARKS_OWN:
            why = "Spark writes a column of its own under it" if name in SPARKS_OWN else "it has a dot or a backtick"
            raise ContractError(
                f"Spark can't use the column '{name}' as a feature, because of its name: {why}; "
                "rename it in the file and the contract, or set feature = false"
            )
    labels = records.column(dataset.label_name).to_numpy()
    _check_classes(class_counts(labels), dataset)
    _, held_rows = stratified_split(labels, seed=seed, holdout=holdout)
    if min(class_counts(labels[held_rows])) == 0:
        raise ContractError(
            f"a held-out share of {holdout:g} leaves a class without any held-out record; hold out more, "
            "or take a file with more records"
        )


def class_counts(labels: npt.NDArray[np.int8]) -> tuple[int, int]:
    """How many records of class 0 and of class 1 there are."""
    positive = int(labels.sum())
    return len(labels) - positive, positive


def _check_classes(counts: tuple[int, int], dataset: Dataset) -> None:
    if min(counts) < MIN_CLASS_ROWS:
        raise ContractError(
            f"the training records have {counts[0]:,} of class 0 ({', '.join(dataset.label.negative)}) and "
            f"{counts[1]:,} of class 1 ({', '.join(dataset.label.positive)}) in '{dataset.label_name}'; "
            f"a model needs at least {MIN_CLASS_ROWS} of each: take a file with more records, or check the "
            "label values in the contract"
        )
