"""Fits the static model with Spark: algorithms are chosen on the training part and tried on rows that it lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Dataset
from static_model.thresholds import choose_threshold

from . import rows
from .algorithms import FEATURES, size_of, with_threshold
from .fitting import HELD_OUT_ROWS, Prepared, fit_all, prepared, sampled, score_of, validate
from .heldout import HeldOut
from .importance import top_features
from .parts import DUPLICATE, KIND, kinds_in, parted
from .rows import LABEL
from .selection import Selection, Validated, select
from .settings import ALGORITHMS, MARGINS, Algorithm, Settings, partitions_for
from .trained import Cost, Counts, Trained
from .validation import Advance, Points, Tried, planned, repeat, search
from .variants import Variants, make_variants, planned_variants
from .vectors import shared_rows

PARITY_ROWS = 50_000
CLEAR = (1e-8, 1 - 1e-8)
"""The thresholds of a linear SVC's score: beyond, margins stand too close to tell them apart."""


def planned_fits(settings: Settings, dataset: Dataset, *, tested: bool) -> int:
    """How many fits `train` takes, for a bar."""
    refit = int(settings.refit and not tested)
    return planned(settings) + len(settings.algorithms) + refit + planned_variants(settings, dataset)


def train(
    frame: DataFrame,
    dataset: Dataset,
    *,
    settings: Settings,
    test: DataFrame | None = None,
    advance: Advance = lambda n: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Trained:
    """Choose an algorithm on the training part, try all of them on the held-out part, fit the chosen one for good.

    Nothing is fitted or chosen on held-out rows: not the words to encode, the medians, the grid's points, the
    algorithm or the threshold.

    Args:
        frame: rows of `rows.load_rows`.
        dataset: the contract; its features are used.
        settings: how to train.
        test: rows held out by the user; then none of `frame` are, and there is nothing to refit on.
        advance: called with 1 after each of `planned_fits` fits.
        clock: seconds, for what is reported of the fits.

    Raises:
        ContractError: a class has too few rows, a feature can't be used, or the rows can't be split as asked.
    """
    partitions = settings.partitions or partitions_for(frame.count())
    settings = replace(settings, partitions=partitions)
    with parted(frame, dataset, settings, test, partitions=partitions) as (everything, training, held):
        chosen = _choose(training, dataset, settings, advance)
        final = _try_all(training, held, dataset, settings, chosen, advance, clock)
        refitted = settings.refit and test is None
        if refitted:
            final = replace(final, **_refit(everything, dataset, settings, chosen, advance))
        all_rows, training_rows, held_rows = (rows.class_counts(part) for part in (everything, training, held))
        shared = shared_rows(held, training, [*dataset.features, dataset.label_column])
        records = rows.to_records(held, dataset, limit=PARITY_ROWS)
        scores, predictions = _scores_of(final.pipeline, records, dataset)
        return Trained(
            dataset=dataset,
            settings=settings,
            pipeline=final.pipeline,
            refitted=refitted,
            selection=chosen.selection,
            tried=chosen.tried,
            thresholds=chosen.thresholds,
            random_split=test is None and settings.split_by is None,
            held_out=final.held_out,
            records=records,
            scores=scores,
            predictions=predictions,
            counts=Counts(all_rows, training_rows, final.rows, held_rows),
            rows_digest=rows.digest_of(everything, dataset),
            top_features=final.top,
            known_kinds=kinds_in(training, dataset),
            variants=final.variants,
            costs=final.costs,
            same_features=shared,
        )


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the training part alone decides."""

    points: Points
    tried: Sequence[Tried]
    selection: Selection
    kept: Algorithm
    thresholds: Mapping[str, tuple[float, str]]

    @property
    def threshold(self) -> float:
        return self.thresholds[self.kept][0]


def _choose(training: DataFrame, dataset: Dataset, settings: Settings, advance: Advance) -> _Chosen:
    points, tried = search(training, dataset, settings, advance)
    validated = repeat(training, dataset, settings, points, advance)
    selection = select(validated, cost_order=ALGORITHMS, share=settings.holdout, seed=settings.seed)
    kept = next(name for name in ALGORITHMS if name == selection.algorithm)
    thresholds: dict[str, tuple[float, str]] = {}
    for name, found in validated.items():
        thresholds[name] = _threshold(name, found, settings)
    return _Chosen(points, tried, selection, kept, thresholds)


@dataclass(frozen=True, slots=True, eq=False)
class _Final:
    """The kept model, class counts of the rows it was fitted on, and how all of them did on the held-out part."""

    pipeline: PipelineModel
    rows: tuple[int, int]
    top: Mapping[str, float]
    held_out: HeldOut
    variants: Variants
    costs: Sequence[Cost]


def _try_all(
    training: DataFrame,
    held: DataFrame,
    dataset: Dataset,
    settings: Settings,
    chosen: _Chosen,
    advance: Advance,
    clock: Callable[[], float],
) -> _Final:
    """Fit every algorithm on the training part, and score the held-out part with each."""
    kept = chosen.kept
    with prepared(training, dataset, settings) as ready:
        found = _fit(ready, chosen.points, advance, clock)
        fitted = {name: model for name, (model, _) in found.items()}
        held_out = _score(ready, fitted, held, dataset)
        deciding = held if held_out.decides.all() else held.filter(~F.col(DUPLICATE))
        return _Final(
            pipeline=ready.pipeline(with_threshold(fitted[kept], chosen.threshold)),
            rows=rows.class_counts(ready.vectors),
            top=top_features(fitted[kept], ready),
            held_out=held_out,
            variants=make_variants(training, deciding, dataset, settings, (kept, chosen.points[kept]), advance),
            costs=[Cost(name, seconds, size_of(model)) for name, (model, seconds) in found.items()],
        )


def _refit(
    everything: DataFrame, dataset: Dataset, settings: Settings, chosen: _Chosen, advance: Advance
) -> dict[str, Any]:
    """The kept algorithm fitted on all rows: what changes by it."""
    with prepared(everything, dataset, settings) as ready:
        model = ready.fit(chosen.kept, chosen.points[chosen.kept], seed=settings.seed)
        advance(1)
        return {
            "pipeline": ready.pipeline(with_threshold(model, chosen.threshold)),
            "rows": rows.class_counts(ready.vectors),
            "top": top_features(model, ready),
        }


def _threshold(name: Algorithm, validated: Sequence[Validated], settings: Settings) -> tuple[float, str]:
    """The threshold by the rule asked for, from the validation rows of all repeats together."""
    labels, scores = (np.concatenate(parts) for parts in zip(*validated, strict=True))
    found, rule = choose_threshold(
        labels, scores, rule=settings.threshold_rule, cost_fp=settings.cost_fp, cost_fn=settings.cost_fn
    )
    return (float(np.clip(found, *CLEAR)) if name in MARGINS else found), rule


def _fit(
    ready: Prepared, points: Points, advance: Advance, clock: Callable[[], float]
) -> dict[Algorithm, tuple[Any, float]]:
    """The fitted algorithms, each with the seconds that it took."""

    def timed(name: Algorithm) -> tuple[Any, float]:
        start = clock()
        return ready.fit(name, points[name], seed=ready.settings.seed), clock() - start

    return dict(zip(points, fit_all([partial(timed, name) for name in points], advance), strict=True))


def _score(ready: Prepared, fitted: Mapping[Algorithm, Any], held: DataFrame, dataset: Dataset) -> HeldOut:
    count = held.count()
    chosen = sampled(held, HELD_OUT_ROWS, rows=count)
    kind = F.coalesce(rows.column(dataset.kind_name), F.lit("")) if dataset.kind_name else F.lit("")
    vectors = ready.encoder.transform(chosen.withColumn(KIND, kind)).select(FEATURES, LABEL, DUPLICATE, KIND).persist()
    known = vectors.select(DUPLICATE, KIND).toArrow()
    found = {name: validate(model, vectors) for name, model in fitted.items()}
    labels = next(iter(found.values()))[0]
    vectors.unpersist()
    return HeldOut(
        rows=count,
        labels=labels,
        duplicate=known[DUPLICATE].to_numpy(),
        kinds=known[KIND].to_pylist() if dataset.kind_name else (),
        scores={name: scores for name, (_, scores) in found.items()},
        leave_out_duplicates=ready.settings.duplicates != "keep",
    )


def _scores_of(pipeline: PipelineModel, records: pa.RecordBatch, dataset: Dataset) -> tuple[Any, Any]:
    """The pipeline's scores (float64) and predictions (int8) of records, in their order."""
    frame = SparkSession.active().createDataFrame(pa.Table.from_batches([records.select(_names(dataset))]))
    scored = pipeline.transform(frame).select(score_of(pipeline.stages[-1]).alias("score"), "prediction").toArrow()
    return scored["score"].to_numpy(), scored["prediction"].to_numpy().astype(np.int8)


def _names(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.features]
