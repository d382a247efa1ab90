"""Other people's models: a Spark or scikit-learn (skops) pipeline or an ONNX classifier becomes a model directory.

Nothing of it is run: what it computes is read as data, checked, and scored by the project's own scorer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from producer.dataset import Dataset
from producer.errors import ModelError, UsageError
from static_model.artifact import Model, load_model, save_model
from static_model.saving import check_place
from static_model.steps import Step, columns_of

from .files import copy_directory
from .learner import with_learner
from .part import Foreign, Kind, damaged

UNKNOWN = "unknown: the model was imported"
"""What an imported model says of its training rows."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A model directory that was written from somebody else's model: what was read, the model, its digest and bytes."""

    foreign: Foreign
    model: Model
    digest: str
    size: int


def import_model(
    place: Path,
    dataset: Dataset,
    directory: Path,
    *,
    learner: str | None,
    threshold: float | None,
    force: bool = False,
) -> Imported:
    """Write a model directory from somebody else's model.

    The training rows aren't known, nor how it did on rows that it hadn't seen: there is no hold-out.

    Args:
        place: the directory of a Spark `PipelineModel`, a `*.skops` or an `*.onnx` file.
        dataset: the contract of the records that it reads; it may read its features only.
        directory: the new model directory.
        learner: what a retraining fits, as for `parse_learner`; None for the model's own family, if that is known.
        threshold: of the score, instead of the model's own.
        force: replace a model that is there.

    Raises:
        UsageError: there is nothing at `place`, something at `directory`, or a learner must be named.
        ModelError: it can't be read, a part of it isn't supported, or it doesn't fit the contract.
        ContractError: the contract lets a value be missing that a Spark pipeline can't do without.
    """
    check_place(directory, force=force)
    kind = kind_of(place)
    try:
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as staging:
            staged, spark = Path(staging) / "model", Path(staging) / "spark"
            foreign = _read(kind, place, dataset, spark)
            model = _model(foreign, place.name, dataset, learner=learner, threshold=threshold)
            digest = save_model(model, staged)
            load_model(staged)  # all that a later command will ask of it holds
            if spark.exists():
                spark.rename(staged / "spark")
            size = sum(path.stat().st_size for path in staged.rglob("*") if path.is_file())
            _put(staged, directory, Path(staging) / "replaced")
    except OSError as error:
        raise ModelError(
            f"the model can't be written to {directory}: {error.strerror or error}. Nothing was saved"
        ) from None
    return Imported(foreign, model, digest, size)


def kind_of(place: Path) -> Kind:
    """Who made the model at this place, by its look.

    Raises:
        UsageError: nothing is there, or nothing that can be imported.
    """
    if (place / "metadata").is_dir():
        return "spark"
    if not place.exists():
        raise UsageError(f"there is no {place}; name a Spark pipeline's directory, a .skops or an .onnx file")
    if place.is_file() and place.suffix in (".skops", ".onnx"):
        return "scikit-learn" if place.suffix == ".skops" else "onnx"
    raise UsageError(
        f"{place} is no model that can be imported: neither a directory that PipelineModel.save wrote (it has a folder "
        "metadata/), nor a .skops or .onnx file"
    )


def _read(kind: Kind, place: Path, dataset: Dataset, spark: Path) -> Foreign:
    """What the model computes. A Spark pipeline is copied to `spark` first: what is read is what is kept."""
    if kind == "spark":
        try:
            copy_directory(place, spark)
            return _spark(spark, place, dataset)
        except Exception as error:
            what = f"there is no readable Spark pipeline in {place}"
            raise damaged(what, error, "save it again with PipelineModel.save") from error
    return _READERS[kind](place, dataset)


def _spark(copy: Path, place: Path, dataset: Dataset) -> Foreign:
    from static_model.mllib import check_required, read_pipeline
    from static_model.mllib.stage import stages_in

    try:
        found = read_pipeline(copy)
    except ModelError as error:
        raise ModelError(str(error).replace(str(copy), str(place))) from None
    check_required(found, dataset)
    parts = tuple(stage.name for stage in stages_in(copy))
    return Foreign("spark", parts, found.steps, found.estimator, found.threshold, found.notes)


def _skops(place: Path, dataset: Dataset) -> Foreign:
    _need("skops")
    from .skops_reader import read_skops

    return read_skops(place, dataset)


def _onnx(place: Path, dataset: Dataset) -> Foreign:
    _need("onnx")
    from .onnx_reader import read_onnx

    return read_onnx(place, dataset)


def _need(package: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise UsageError(f"to read such a file the package {package} is needed: pip install 'driftduel[import]'")


def _model(foreign: Foreign, name: str, dataset: Dataset, *, learner: str | None, threshold: float | None) -> Model:
    _check_columns(foreign.steps, dataset)
    estimator = with_learner(foreign.estimator, learner)
    rule = "the imported model's own" if threshold is None else "named when the model was imported"
    info = {"engine": foreign.kind, "imported": name, "parts": list(foreign.parts), "training": UNKNOWN}
    return Model(
        dataset=dataset,
        steps=foreign.steps,
        estimator=estimator,
        threshold=foreign.threshold if threshold is None else threshold,
        holdout_records=0,
        holdout_errors=0,
        info={**info, "notes": list(foreign.notes), "parameters": dict(estimator.parameters), "threshold_rule": rule},
    )


def _check_columns(steps: tuple[Step, ...], dataset: Dataset) -> None:
    """A column that the contract keeps out of models is used only if the user says so."""
    allowed = {column.name for column in dataset.features}
    for name in (name for step in steps for name in columns_of(step)):
        if name in dataset.names and name not in allowed and name != dataset.label_name:
            raise ModelError(
                f"the model reads '{name}', which the contract '{dataset.name}' keeps out of models; "
                f"if that is meant, say --feature {name}"
            )


def _put(staged: Path, directory: Path, aside: Path) -> None:
    """Give the new directory its name; an older one steps aside, and comes back if that fails."""
    if directory.exists():
        directory.rename(aside)
    try:
        staged.rename(directory)
    except OSError:
        if aside.exists():
            aside.rename(directory)
        raise


_READERS: Mapping[Kind, Callable[[Path, Dataset], Foreign]] = {"scikit-learn": _skops, "onnx": _onnx}
