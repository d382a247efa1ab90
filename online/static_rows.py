"""The rows that the starting model was trained on, for arms that train on them, too."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from producer.dataset import Dataset
from producer.errors import UsageError
from producer.files import read_records
from static_model.artifact import Model, Step
from static_model.scorer import featurise

from .arms import Arm
from .interfaces import Features
from .selection import draws, smallest


@dataclass(slots=True, eq=False)
class StaticRows:
    """All records of the training files, as they stand there; nothing is removed or rebalanced as `train` may do.

    Attributes:
        records: the rows under the contract's schema.
        labels: int8[n].
        digest: SHA-256 (hex) of the files' bytes, in order.
    """

    records: pa.RecordBatch
    labels: npt.NDArray[np.int8]
    digest: str
    steps: Sequence[Step]
    _features: Features | None = field(init=False, default=None)

    @property
    def features(self) -> Features:
        """float64[n, d], computed by the starting model's steps when first asked for."""
        if self._features is None:
            self._features = featurise(self.steps, self.records)
        return self._features

    def sample(self, count: int, *, seed: int) -> npt.NDArray[np.intp]:
        """The places of a seeded sample of so many rows, ascending; of all rows if there aren't more."""
        return smallest(draws(np.arange(len(self.labels)), seed=seed), count)


def static_rows_for(arms: Iterable[Arm], files: Sequence[Path], *, model: Model, directory: Path) -> StaticRows | None:
    """The rows that the starting model was trained on, if one of the arms learns from them.

    Args:
        arms: all arms of the run.
        files: what `--training` names.
        model: the starting model ...
        directory: ... and where it is.

    Raises:
        UsageError: an arm needs them, and no file is named; or as `read_static_rows`.
        ContractError: as `read_static_rows`.
    """
    needy = next((arm.name for arm in arms if arm.needs_static_rows), None)
    if needy is None:
        return None
    if not files:
        raise UsageError(
            f"the arm '{needy}' learns from the rows that the starting model was trained on, which are missing here: "
            "name their file with --training"
        )
    return read_static_rows(files, model.dataset, model.steps, model=directory)


def read_static_rows(files: Sequence[Path], dataset: Dataset, steps: Sequence[Step], *, model: Path) -> StaticRows:
    """Read the training files, and check that they are the model's, where the model directory says which these were.

    Args:
        files: what the starting model was trained on.
        dataset: its contract.
        steps: its feature steps.
        model: its directory; `assessment/sources.json` there holds the digests of its files.

    Raises:
        UsageError: the model was trained on other files, or on more.
        ContractError: a file is damaged or of another contract.
    """
    digests = [_digest(path) for path in files]
    known = _known(model / "assessment" / "sources.json")
    for path, digest in zip(files, digests, strict=True):
        if known and digest not in known:
            raise UsageError(
                f"--training {path}: the model in {model} was trained on other files ({', '.join(known.values())}). "
                "Name those, as they were then"
            )
    if missing := [name for digest, name in known.items() if digest not in digests]:
        raise UsageError(f"--training names a part of what {model} was trained on; name {', '.join(missing)}, too")
    decoded = read_records(files, dataset)
    labels = decoded.records.column(dataset.label_name).to_numpy()
    return StaticRows(decoded.records, labels, hashlib.sha256("".join(digests).encode()).hexdigest(), steps)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"--training {path} can't be read: {error.strerror}; name a file that is there") from None


def _known(sources: Path) -> dict[str, str]:
    try:
        files = json.loads(sources.read_text("utf-8"))["training"]["files"]
        return {str(file["sha256"]): str(file["file"]) for file in files}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # a model of another origin doesn't say
