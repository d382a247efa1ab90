"""What the training part alone says: which point of each grid, and how well each algorithm does on repeated splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from pyspark.sql import DataFrame

from producer.dataset import Dataset

from .algorithms import FEATURES, Parameters, grid
from .fitting import VALIDATION_ROWS, Prepared, fit_all, prepared, sampled, stratified, validate, without_seen
from .rows import LABEL, class_counts, folds, random_split
from .selection import Validated, mcc
from .settings import Algorithm, Settings

GRID_ROWS = 20_000
"""The most rows that a grid is tried on: a choice between neighbours needs no more, and there are many fits."""

Advance: TypeAlias = Callable[[int], None]
Points: TypeAlias = Mapping[Algorithm, Parameters]


@dataclass(frozen=True, slots=True)
class Tried:
    """A point of a grid: the mean MCC over the folds, None where there were no folds."""

    algorithm: str
    parameters: Parameters
    mcc: float | None
    chosen: bool


def planned(settings: Settings) -> int:
    """How many fits choosing takes."""
    points = sum(len(grid(name, settings)) for name in settings.algorithms) if settings.folds > 1 else 0
    return max(settings.folds, 0) * points + settings.repeats * len(settings.algorithms)


def search(training: DataFrame, dataset: Dataset, settings: Settings, advance: Advance) -> tuple[Points, list[Tried]]:
    """The best point of each algorithm's grid, by the mean MCC over stratified folds of the training part.

    Of a large training part the folds share about `GRID_ROWS` rows, chosen by hash. Without folds it is the first
    point of each grid.
    """
    counts = class_counts(training)
    grids: dict[Algorithm, Sequence[Parameters]] = {name: grid(name, settings) for name in settings.algorithms}
    points = [(name, place) for name in grids for place in range(len(grids[name]))]
    if settings.folds < 2:
        return {name: found[0] for name, found in grids.items()}, [Tried(n, grids[n][0], None, True) for n in grids]
    values = []
    some = stratified(training, GRID_ROWS, counts=counts)
    for fitted, validation in folds(some, k=settings.folds, seed=settings.seed_of("folds")):
        with _parts(fitted, validation, dataset, settings) as (ready, unseen):
            jobs = [partial(_try, ready, unseen, name, grids[name][place], settings.seed) for name, place in points]
            values.append([mcc(*found) for found in fit_all(jobs, advance)])
    means = dict(zip(points, np.mean(values, axis=0).tolist(), strict=True))
    best = {name: max(range(len(found)), key=lambda place: means[name, place]) for name, found in grids.items()}
    tried = [Tried(name, grids[name][place], means[name, place], place == best[name]) for name, place in points]
    return {name: grids[name][place] for name, place in best.items()}, tried


def repeat(
    training: DataFrame, dataset: Dataset, settings: Settings, points: Points, advance: Advance
) -> dict[Algorithm, list[Validated]]:
    """Labels and scores of the validation rows of repeated stratified splits of the training part.

    The share that is validated on is the share held out. Each split has a seed of its own, for the split and the fits.
    """
    found: dict[Algorithm, list[Validated]] = {name: [] for name in points}
    for number in range(settings.repeats):
        seed = settings.seed_of(f"repeat {number}")
        fitted, validation = random_split(training, share=settings.holdout, seed=seed)
        with _parts(fitted, validation, dataset, settings) as (ready, unseen):
            jobs = [partial(_try, ready, unseen, name, point, seed) for name, point in points.items()]
            for name, validated in zip(points, fit_all(jobs, advance), strict=True):
                found[name].append(validated)
    return found


@contextmanager
def _parts(
    fitted: DataFrame, validation: DataFrame, dataset: Dataset, settings: Settings
) -> Iterator[tuple[Prepared, DataFrame]]:
    """A fold's training part made ready, and its validation rows encoded by that."""
    if settings.duplicates == "across":
        validation = without_seen(validation, fitted)
    with prepared(fitted, dataset, settings) as ready, encoded(ready, validation, VALIDATION_ROWS) as unseen:
        yield ready, unseen


@contextmanager
def encoded(ready: Prepared, rows: DataFrame, limit: int, *, also: Sequence[str] = ()) -> Iterator[DataFrame]:
    """Rows as vectors, encoded by what was fitted on others; kept in memory for as long as the block lasts.

    At most `limit` rows, chosen by hash. The columns `also` go along with the vectors.
    """
    chosen = sampled(rows, limit, rows=rows.count())
    vectors = ready.encoder.transform(chosen).select(FEATURES, LABEL, *also).persist()
    try:
        yield vectors
    finally:
        vectors.unpersist()


def _try(ready: Prepared, unseen: DataFrame, name: Algorithm, point: Parameters, seed: int) -> Validated:
    model: Any = ready.fit(name, point, seed=seed)
    return validate(model, unseen)
