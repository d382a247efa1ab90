"""What a saved model is: a directory that outlives the process and the library that made it.

    model.json    contract, feature steps, estimator, threshold, hold-out counts, where it came from
    arrays/       the estimator's arrays (.npy, no objects)
    DIGEST        SHA-256 of each of these files, and of all of them

A directory `spark/` may stand beside them; it's no part of the digest and is never read here.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from producer.dataset import Dataset
from producer.errors import ModelError

from .estimator_parts import estimator_part
from .estimators import Boosted, Estimator, Forest, Linear, Numeric, OneHot, Step
from .manifest import Holdout, Manifest, manifest_bytes, parse_manifest, problems_in, refuse_newer
from .step_parts import step_part
from .storage import ARRAYS, DIGEST, array_bytes, check_digest, digest_text, read_array, read_digests, read_text, total
from .validity import check_estimator, check_steps

__all__ = [
    "Boosted",
    "Estimator",
    "Forest",
    "Linear",
    "Model",
    "Numeric",
    "OneHot",
    "Step",
    "load_model",
    "model_digest",
    "save_model",
    "saved_info",
]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A fitted model: everything that scoring and retraining need.

    Attributes:
        dataset: the contract of the records that it reads.
        steps: how a record becomes features.
        estimator: how features become a score.
        threshold: a record is predicted positive iff its score is above this (strictly).
        holdout_records: how many held-out records it was tried on; 0 where there were none.
        holdout_errors: how many of them it got wrong.
        info: where it came from (JSON values only): engine, versions, training rows, metrics, the threshold's rule.
    """

    dataset: Dataset
    steps: tuple[Step, ...]
    estimator: Estimator
    threshold: float
    holdout_records: int
    holdout_errors: int
    info: Mapping[str, Any]


MANIFEST = "model.json"


def save_model(model: Model, directory: Path) -> str:
    """Write a model as a new directory, which appears whole or not at all; parents are made as needed.

    Returns:
        The model's digest (`model_digest`).

    Raises:
        ModelError: the directory exists already, the model isn't valid, or it can't be written.
    """
    files = _files(model)
    digest = digest_text(files)
    if directory.exists():
        raise ModelError(f"{directory} exists already, and a model is never overwritten: name another directory")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as staging:
            staged = Path(staging) / "model"  # one level down, as the staging directory is closed to other users
            (staged / ARRAYS).mkdir(parents=True)
            for name, content in {**files, DIGEST: digest.encode()}.items():
                (staged / name).write_bytes(content)
            staged.rename(directory)
    except OSError as error:
        raise ModelError(f"the model can't be written to {directory}: {error.strerror or error}") from None
    return total(digest)


def model_digest(model: Model) -> str:
    """SHA-256 (hex) of what `save_model` would write: of the digests of `model.json` and the arrays, by name.

    Raises:
        ModelError: the model isn't valid.
    """
    return total(digest_text(_files(model)))


def load_model(directory: Path) -> Model:
    """Read a model and check all of it: nothing that a damaged or foreign file says is taken on trust.

    Raises:
        ModelError: no model is there; a file is missing, damaged (its digest differs) or of a newer format; or what
            it holds can't be a model. The message names the file or the array.
    """
    if not directory.is_dir():
        raise ModelError(f"there is no model directory {directory}; 'driftduel train' makes one")
    where = directory / MANIFEST
    content = read_text(where)
    refuse_newer(content, str(where))
    digests = read_digests(directory)
    check_digest(where, MANIFEST, digests)
    manifest = parse_manifest(content, str(where))
    arrays: dict[str, Any] = {}
    for name in manifest.estimator.arrays:
        path = directory / _array_file(name)
        check_digest(path, _array_file(name), digests)
        arrays[name] = read_array(path)
    model = _model(manifest, arrays)
    try:
        _check(model)
    except ModelError as error:
        raise ModelError(f"the model in {directory} can't be used: {error}") from None
    return model


def saved_info(directory: Path) -> Mapping[str, Any]:
    """Where a saved model came from (`Model.info`), once each of its files is found to be what was saved.

    What the other files mean isn't looked into.

    Raises:
        ModelError: a file is missing or isn't what was saved, or `model.json` isn't one; the message names it.
    """
    digests = read_digests(directory)
    for name in {MANIFEST: "", **digests}:
        check_digest(directory / name, name, digests)
    where = directory / MANIFEST
    try:
        return dict(json.loads(read_text(where))["info"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(f"{where} isn't a valid model description: it doesn't say where the model came from") from None


def _array_file(name: str) -> str:
    return f"{ARRAYS}/{name}.npy"


def _check(model: Model) -> None:
    check_steps(model.steps, model.dataset)
    check_estimator(model.estimator, model.steps)


def _files(model: Model) -> dict[str, bytes]:
    """Every file that the digest covers, by its name in the directory."""
    _check(model)
    manifest = _manifest(model)
    names = manifest.estimator.arrays
    arrays = {_array_file(name): array_bytes(getattr(model.estimator, name)) for name in names}
    return {MANIFEST: manifest_bytes(manifest), **arrays}


def _manifest(model: Model) -> Manifest:
    try:
        return Manifest(
            dataset=model.dataset,
            fingerprint=model.dataset.fingerprint,
            steps=tuple(step_part(step) for step in model.steps),
            estimator=estimator_part(model.estimator),
            threshold=model.threshold,
            holdout=Holdout(records=model.holdout_records, errors=model.holdout_errors),
            info=dict(model.info),
        )
    except ValidationError as error:
        raise ModelError(f"the model can't be saved: {problems_in(error)}") from None


def _model(manifest: Manifest, arrays: Mapping[str, Any]) -> Model:
    return Model(
        dataset=manifest.dataset,
        steps=tuple(step.value() for step in manifest.steps),
        estimator=manifest.estimator.value(arrays),
        threshold=manifest.threshold,
        holdout_records=manifest.holdout.records,
        holdout_errors=manifest.holdout.errors,
        info=manifest.info,
    )
