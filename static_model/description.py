"""What a model says of its training, as JSON values: only what follows from rows, settings and versions.

Nothing here names a file, a place or a time, so that the same rows give the same digest however they were cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from .assessment import assess
from .thresholds import which_metric
from .training.heldout import HeldOut
from .training.selection import RULE
from .training.settings import MARGINS, as_json

if TYPE_CHECKING:
    from .training.trained import Trained

Figures = dict[str, dict[str, float | None]]


def describe(trained: Trained) -> dict[str, Any]:
    """The model's `info`, but for engine, versions and parameters."""
    kept, held = trained.kept[0], trained.held_out
    deciding = figures(trained, held.decides)
    return {
        "algorithm": kept,
        "settings": as_json(trained.settings),
        "training": training_part(trained),
        "metrics": deciding[kept],
        "comparison": deciding,
        "comparison_with_duplicates": figures(trained, np.ones(len(held.labels), np.bool_)),
        "selection": selection_part(trained),
        "grid": [{**asdict(tried), "parameters": dict(tried.parameters)} for tried in trained.tried],
        "threshold_rule": trained.thresholds[kept][1],
        "thresholds": {name: threshold for name, (threshold, _) in trained.thresholds.items()},
        "top_features": dict(trained.top_features),
        "which_metric": which_metric(
            deciding_counts(held),
            prevalence=trained.settings.prevalence,
            costs=(trained.settings.cost_fp, trained.settings.cost_fn),
        ),
    }


def deciding_counts(held: HeldOut) -> tuple[int, int]:
    """Rows of class 0 and class 1 among those that decide."""
    labels = held.labels[held.decides]
    return len(labels) - int(labels.sum()), int(labels.sum())


def figures(trained: Trained, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Figures:
    """The metrics of every algorithm on these of the held-out rows."""
    settings, held = trained.settings, trained.held_out
    return {
        name: assess(
            held.labels[rows],
            scores[rows],
            threshold=trained.thresholds[name][0],
            prevalence=settings.prevalence,
            cost_fp=settings.cost_fp,
            cost_fn=settings.cost_fn,
            probabilistic=name not in MARGINS,
        )
        for name, scores in held.scores.items()
    }


def training_part(trained: Trained) -> dict[str, Any]:
    """The rows: how many there were, in which parts, and their digest."""
    counts, held, settings = trained.counts, trained.held_out, trained.settings
    return {
        "rows_digest": trained.rows_digest,
        "records": sum(counts.all),
        "class_counts": _by_class(counts.all),
        "training_class_counts": _by_class(counts.training),
        "fitted_class_counts": _by_class(counts.fitted),
        "held_out_class_counts": _by_class(counts.held_out),
        "held_out_looked_at": len(held.labels),
        "duplicates_across_split": held.duplicates,
        "same_features_across_split": trained.same_features,
        "held_out_deciding": int(held.decides.sum()),
        "refitted": trained.refitted,
        "seed": settings.seed,
        "partitions": settings.partitions,
        "holdout": settings.holdout,
    }


def selection_part(trained: Trained) -> dict[str, Any]:
    """The rule, the reason and the figures of the choice."""
    chosen = trained.selection
    return {
        "rule": RULE,
        "reason": chosen.reason,
        "mcc": {name: asdict(spread) for name, spread in chosen.spreads.items()},
        "test": asdict(chosen.test) if chosen.test else None,
    }


def _by_class(counts: tuple[int, int]) -> Mapping[str, int]:
    return {"0": counts[0], "1": counts[1]}
