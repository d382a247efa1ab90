"""A profile of a data set: what is in its columns, and what they say about the label. Aggregates are made by Spark.

Python gets small tables only. The same rows and seed give the same tables, however the rows were cut or ordered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import pyarrow as pa
from pyspark.sql import DataFrame

from producer.dataset import Column, Dataset
from static_model.training.rows import class_counts, column
from static_model.training.vectors import ceilings, repeated_rows

from .building import tables_of
from .counts import counted_numbers, counted_words, numbers_of, words_of
from .findings import Findings, varies
from .forest import ForestSays, ask_forest, drawn
from .numbers import Numbers, measure_numbers
from .pairs import Link, Pair, correlate, linked
from .time import Times, measure_times
from .words import Words, measure_words

STEPS = 5
"""How often `profile` reports progress."""
SAMPLE = 20_000


def profile(
    frame: DataFrame,
    dataset: Dataset,
    *,
    seed: int,
    sample: int = SAMPLE,
    advance: Callable[[int], None] = lambda n: None,
) -> dict[str, pa.Table]:
    """Look at every column, at the rows as a whole, and at what the features say about the label.

    Args:
        frame: rows of `rows.load_rows`, one at least.
        dataset: their contract.
        seed: of the samples, the split, the forest and the shuffles.
        sample: rows for correlations between columns and, held out, for the permutation importance. All else is
            counted on all rows, but for the forest; the table `overview` says what rests on how many rows.
        advance: called with 1 after each of `STEPS` steps.

    Returns:
        The tables of `tables.SCHEMAS`, by name.
    """
    with ExitStack() as stack:
        if not frame.is_cached:
            stack.callback(frame.persist().unpersist)
        numbers, words, times = _values(frame, dataset, advance)
        repeats, vectors = repeated_rows(frame), ceilings(frame, dataset)
        advance(1)
        features = [c for c in dataset.features if varies(numbers.get(c.name) or words[c.name])]
        sampled, pairs, links = _pairs(frame, dataset, features, seed=seed, sample=sample)
        advance(1)
        forest = _forest(frame, features, numbers, words, seed=seed, sample=sample)
        advance(1)
        return tables_of(
            Findings(
                dataset=dataset,
                classes=class_counts(frame),
                numbers=numbers,
                words=words,
                times=times,
                repeats=repeats,
                vectors=vectors,
                pairs=pairs,
                links=links,
                forest=forest,
                sampled=sampled,
                seed=seed,
            )
        )


def _values(
    frame: DataFrame, dataset: Dataset, advance: Callable[[int], None]
) -> tuple[dict[str, Numbers], dict[str, Words], dict[str, Times]]:
    """Every column alone, in two steps: one for the numbers, one for the words and the times."""
    with ExitStack() as stack:
        kinds = numbers_of(dataset), words_of(dataset)
        counts = stack.enter_context(counted_numbers(frame, dataset)) if kinds[0] else None
        numbers = {} if counts is None else measure_numbers(counts, kinds[0])
        advance(1)
        spellings = stack.enter_context(counted_words(frame, dataset)) if kinds[1] else None
        words = {} if spellings is None else measure_words(spellings, kinds[1])
        times = measure_times(counts, spellings, kinds[0] | kinds[1], numbers)
        advance(1)
    return numbers, words, times


def _pairs(
    frame: DataFrame, dataset: Dataset, features: list[Column], *, seed: int, sample: int
) -> tuple[int, list[Pair], list[Link]]:
    """How many rows were sampled, the correlations in them, and the features that say the same."""
    rows = drawn(frame, limit=sample, seed=seed, purpose="profile")
    table = rows.select(*(column(c.name) for c in dataset.columns)).toArrow()
    pairs = correlate(table, dataset.columns)
    return table.num_rows, pairs, linked(frame, table, pairs, features)


def _forest(
    frame: DataFrame,
    features: list[Column],
    numbers: Mapping[str, Numbers],
    words: Mapping[str, Words],
    *,
    seed: int,
    sample: int,
) -> ForestSays | None:
    """What a forest says of the features that have any value."""
    found: dict[str, Numbers | Words] = {**numbers, **words}
    return ask_forest(frame, [c for c in features if found[c.name].distinct], found, seed=seed, sample=sample)
