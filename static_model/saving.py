"""From a fitted Spark pipeline to a model directory that holds Spark's copy and the portable twin, which must agree."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from producer.errors import ModelError, UsageError

from .artifact import Model, save_model
from .description import describe
from .metrics import Counts, count
from .mllib import read_pipeline
from .parity import TOLERANCE, apart, tolerance_of
from .scorer import Scorer, featurise
from .tables import assessed, write_tables

if TYPE_CHECKING:
    from .training.trained import Trained


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A model directory that was written.

    Attributes:
        model: the model in it.
        digest: its digest.
        parity: what the parity check found.
        size: bytes of the whole directory.
        confusion: the kept algorithm's counts on the held-out rows that decide.
    """

    model: Model
    digest: str
    parity: str
    size: int
    confusion: Counts


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


def save_trained(
    trained: Trained,
    directory: Path,
    *,
    sources: Mapping[str, Any],
    force: bool = False,
    illustrate: Callable[[Path], object] = lambda assessment: None,
) -> Saved:
    """Write the model directory, once Spark and the twin agree on the held-out records.

    The directory appears whole or not at all, and until then an older model stays. The digest covers neither `spark/`,
    the `PipelineModel`, nor `assessment/` and `MODEL_CARD.md`, which name the input files.

    Args:
        trained: its session must still be running.
        directory: the new model directory.
        sources: JSON values about the training files, for `assessment/sources.json`.
        force: replace a model that is there.
        illustrate: called with the folder of tables, `assessment/`, before the directory gets its name.

    Raises:
        UsageError: as `check_place`.
        ModelError: Spark and the twin disagree, the pipeline can't be read, or the directory can't be written.
    """
    check_place(directory, force=force)
    try:
        # Spark gets a plain temporary path: it reads paths as URIs, and the user's may hold anything.
        with (
            tempfile.TemporaryDirectory(prefix="driftduel-") as plain,
            tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as staging,
        ):
            saved_by_spark, staged = Path(plain) / "spark", Path(staging) / "model"
            _save_pipeline(trained.pipeline, saved_by_spark)
            model = _model(trained, saved_by_spark)
            parity = check_parity(model, trained)
            digest = save_model(model, staged)
            shutil.move(saved_by_spark, staged / "spark")
            illustrate(write_tables(staged, trained, {**model.info, "parity": parity, "digest": digest}, sources))
            size = sum(path.stat().st_size for path in staged.rglob("*") if path.is_file())
            _put(staged, directory, Path(staging) / "replaced")
    except OSError as error:
        raise _unwritten(directory, error.strerror or str(error)) from None
    kept = assessed(trained)[trained.kept[0]]
    return Saved(model, digest, parity, size, count(kept.labels, kept.scores > kept.threshold))


def _unwritten(directory: Path, reason: str) -> ModelError:
    return ModelError(f"the model can't be written to {directory}: {reason}. Nothing was saved; what was there stays")


def _save_pipeline(pipeline: Any, place: Path) -> None:
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]

    try:
        pipeline.save(f"file://{place}")
    except Py4JJavaError as error:
        text = str(error)
        full = "No space left on device" in text or "File too large" in text
        if not full:
            raise
        raise OSError(None, f"no space is left in {place.parent.parent}") from None


def _put(staged: Path, directory: Path, aside: Path) -> None:
    """Give the new directory its name; an older one steps aside, and comes back if that fails."""
    if not directory.exists():
        staged.rename(directory)
        return
    directory.rename(aside)
    try:
        staged.rename(directory)
    except OSError:
        aside.rename(directory)
        raise


def check_parity(model: Model, trained: Trained) -> str:
    """Score held-out records with the twin and compare with Spark.

    Returns:
        What was compared and found, in a sentence.

    Raises:
        ModelError: a prediction differs, or a score by more than the estimator may.
    """
    features = featurise(model.steps, trained.records)
    scores, tolerance = Scorer(model.estimator).score(features), tolerance_of(model.estimator, features)
    differs = (scores > model.threshold) != (trained.predictions == 1)
    if model.threshold != 0.5:  # Spark compares ratios of the score then, which may round
        differs &= np.abs(scores - model.threshold) > np.maximum(tolerance, TOLERANCE)
    wrong = differs | apart(scores, trained.scores, tolerance)
    furthest = float(np.abs(scores - trained.scores).max(initial=0.0))
    if wrong.any():
        raise ModelError(
            f"Spark and the saved model disagree on {wrong.sum():,} of {len(wrong):,} held-out records "
            f"({differs.sum():,} predictions differ; scores by up to {furthest:.3g}). Nothing was saved; "
            "please report it with the training file and the options"
        )
    how = f"within {max(furthest, TOLERANCE):.2g}" if tolerance.any() else "bit for bit"
    which = "all " if len(wrong) == trained.held_out.rows else ""
    return f"Spark and the saved model agree on {which}{len(wrong):,} held-out records (scores {how})."


def _model(trained: Trained, saved_by_spark: Path) -> Model:
    found = read_pipeline(saved_by_spark)
    # A drift detector begins with these, so they must be rows like any other of the files, and new to the model.
    fresh = trained.random_split and not trained.refitted
    records, errors = trained.held_out.errors(*trained.kept) if fresh else (0, 0)
    versions = {"python": platform.python_version()} | {n: version(n) for n in ("pyspark", "numpy", "pyarrow")}
    parameters = dict(found.estimator.parameters)
    return Model(
        dataset=trained.dataset,
        steps=found.steps,
        estimator=found.estimator,
        threshold=trained.threshold,
        holdout_records=records,
        holdout_errors=errors,
        info={"engine": "spark", "versions": versions, **describe(trained), "parameters": parameters},
    )
