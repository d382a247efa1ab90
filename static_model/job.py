"""The whole training job: a file in, a model directory out, with progress on stderr."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from producer.codec import Decoded
from producer.dataset import Dataset
from producer.errors import ContractError
from producer.files import read_records
from producer.progress import progress

from .holdout import check_trainable
from .saving import Saved, check_place, save_trained

if TYPE_CHECKING:
    from .training import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What a training job did: the saved model, and the file's rows that were no records."""

    saved: Saved
    skipped: int
    headers: int


def train_file(
    path: Path,
    dataset: Dataset,
    directory: Path,
    *,
    settings: Settings,
    skip_bad_rows: bool = False,
    force: bool = False,
) -> Job:
    """Train on a file and write the model directory. Spark is started, and stopped at the end.

    Args:
        path: a CSV file of the contract, plain or gzip.
        dataset: the contract; its features are used.
        directory: the new model directory.
        settings: how to train.
        skip_bad_rows: leave out rows that are no records, and count them; else they are an error.
        force: replace a model that is there.

    Raises:
        UsageError: the file can't be read, or something is in the directory's place.
        ContractError: rows are no records, the header is another one, or a class has too few records.
        BrokerError: there is no Java for Spark.
        ModelError: Spark doesn't start, or the saved model doesn't agree with Spark's.
    """
    check_place(directory, force=force)
    with progress("Reading the records", None) as advance:
        decoded = read_records(path, dataset)
        advance(decoded.records.num_rows)
    _check_rows(decoded, path, skip_bad_rows=skip_bad_rows)
    saved = _fit_and_save(decoded, dataset, directory, settings, _source(path, decoded), force=force)
    return Job(saved, skipped=len(decoded.dead), headers=len(decoded.headers))


def _check_rows(decoded: Decoded, path: Path, *, skip_bad_rows: bool) -> None:
    if not decoded.dead or skip_bad_rows:
        return
    (index, reason), count = decoded.dead[0], len(decoded.dead)
    rows = "1 row that is no record" if count == 1 else f"{count:,} rows that are no records; the first is"
    raise ContractError(
        f"{path} has {rows} in line {index + 2:,}: {reason}. Correct the file or the contract, or leave such rows "
        "out with --skip-bad-rows"
    )


def _source(path: Path, decoded: Decoded) -> dict[str, Any]:
    """What the model says of its training file: its name without the folder, which is nobody else's business."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "sha256": digest, "dead": len(decoded.dead), "headers": len(decoded.headers)}


def _fit_and_save(
    decoded: Decoded, dataset: Dataset, directory: Path, settings: Settings, source: dict[str, Any], *, force: bool
) -> Saved:
    from .session import spark_session
    from .training import train

    check_trainable(decoded.records, dataset, seed=settings.seed, holdout=settings.holdout)
    with progress("Training with Spark", len(settings.algorithms) + 2) as advance, spark_session() as spark:
        advance(1)
        trained = train(decoded.records, dataset, settings=settings, spark=spark, advance=advance)
        saved = save_trained(trained, directory, source=source, force=force)
        advance(1)
    return saved
