"""From a fitted Spark pipeline to a model directory that holds Spark's copy and the portable twin, which must agree."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from producer.errors import ModelError, UsageError

from .artifact import Model, save_model
from .estimators import Forest
from .mllib import read_pipeline
from .scorer import Scorer, featurise
from .selection import RULE, THRESHOLD

if TYPE_CHECKING:
    from .training import Trained

THRESHOLD_RULE = "0.5: the class with the higher probability; not tuned on any records"
TOLERANCE = 1e-12
"""How far a logistic regression's probabilities may differ: sums depend on their order. Forests may not differ."""


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A model directory that was written: the model in it, its digest, and what the parity check found."""

    model: Model
    digest: str
    parity: str


def check_place(directory: Path, *, force: bool) -> None:
    """Make sure, before the work, that a model may be written there.

    Raises:
        UsageError: something is there already (with `force` only if it's no model directory), or nothing can be.
    """
    if not directory.exists():
        _make_parent(directory)
        return
    if not (directory / "model.json").is_file():
        raise UsageError(f"{directory} exists already and is no model directory; name another one with --out")
    if not force:
        raise UsageError(f"{directory} holds a model already; name another directory, or replace it with --force")


def _make_parent(directory: Path) -> None:
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{directory} can't be made ({error.strerror}); name another one with --out") from None


def save_trained(trained: Trained, directory: Path, *, source: Mapping[str, Any], force: bool = False) -> Saved:
    """Write the model directory, once Spark and the twin agree on the held-out records.

    The directory appears whole or not at all. Its `spark/` is the `PipelineModel`, which the digest doesn't cover.

    Args:
        trained: its session must still be running.
        directory: the new model directory.
        source: JSON values about the training file, for the model's `info["training"]`.
        force: replace a model that is there.

    Raises:
        UsageError: as `check_place`.
        ModelError: Spark and the twin disagree, the pipeline can't be read, or the directory can't be written.
    """
    check_place(directory, force=force)
    # Spark gets a plain temporary path: it reads paths as URIs, and the user's may hold anything.
    with (
        tempfile.TemporaryDirectory(prefix="driftduel-") as plain,
        tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as staging,
    ):
        saved_by_spark, staged = Path(plain) / "spark", Path(staging) / "model"
        trained.pipeline.save(f"file://{saved_by_spark}")
        model = _model(trained, saved_by_spark, source)
        parity = check_parity(model, trained)
        digest = save_model(model, staged)
        shutil.move(saved_by_spark, staged / "spark")
        if directory.exists():
            directory.rename(Path(staging) / "replaced")
        staged.rename(directory)
    return Saved(model, digest, parity)


def check_parity(model: Model, trained: Trained) -> str:
    """Score the held-out records with the twin and compare with Spark.

    Returns:
        What was compared and found, in a sentence.

    Raises:
        ModelError: a prediction differs, or a probability by more than the estimator may.
    """
    scores = Scorer(model.estimator).score(featurise(model.steps, trained.held_out))
    exact = isinstance(model.estimator, Forest)
    differs = (scores > model.threshold) != (trained.predictions == 1)
    apart = np.abs(scores - trained.scores)
    wrong = differs | ~(apart <= (0.0 if exact else TOLERANCE))
    if wrong.any():
        raise ModelError(
            f"Spark and the saved model disagree on {wrong.sum():,} of {len(wrong):,} held-out records "
            f"({differs.sum():,} predictions differ; probabilities by up to {apart.max():.3g}). Nothing was saved; "
            "please report it with the training file and the options"
        )
    how = "bit for bit" if exact else f"within {TOLERANCE:.0e}"
    return f"Spark and the saved model agree on all {len(wrong):,} held-out records (probabilities {how})."


def _model(trained: Trained, saved_by_spark: Path, source: Mapping[str, Any]) -> Model:
    steps, estimator, _ = read_pipeline(saved_by_spark)
    labels = trained.held_out.column(trained.dataset.label_name).to_numpy()
    return Model(
        dataset=trained.dataset,
        steps=steps,
        estimator=estimator,
        threshold=THRESHOLD,
        holdout_records=len(labels),
        holdout_errors=int((labels != trained.predictions).sum()),
        info=_info(trained, source) | {"parameters": dict(estimator.parameters)},
    )


def _info(trained: Trained, source: Mapping[str, Any]) -> dict[str, Any]:
    settings, (negative, positive) = trained.settings, trained.class_counts
    return {
        "engine": "spark",
        "algorithm": trained.selection.algorithm,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("pyspark", "numpy", "pyarrow")},
        },
        "training": {
            **source,
            "records": negative + positive,
            "class_counts": {"0": negative, "1": positive},
            "seed": settings.seed,
            "partitions": settings.partitions,
            "holdout": settings.holdout,
            "duplicates_across_split": trained.duplicates,
        },
        "metrics": dict(trained.comparison[trained.selection.algorithm]),
        "comparison": {name: dict(metrics) for name, metrics in trained.comparison.items()},
        "selection": {"rule": RULE, "reason": trained.selection.reason},
        "threshold_rule": THRESHOLD_RULE,
    }
