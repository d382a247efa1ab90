"""From the user's files to a profile, with progress on stderr. Spark is started, and stopped at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from producer.dataset import Dataset
from producer.progress import progress
from static_model.remote import is_uri
from static_model.session import spark_session
from static_model.staging import Staged, stage_places
from static_model.training.rows import load_rows

from .profile import SAMPLE, STEPS, profile


@dataclass(frozen=True, slots=True, eq=False)
class Profiled:
    """The tables of a profile, and the files that they are of."""

    tables: dict[str, pa.Table]
    staged: Staged


def profile_files(
    places: Sequence[str], dataset: Dataset, *, seed: int, sample: int = SAMPLE, skip_bad_rows: bool = False
) -> Profiled:
    """Profile all records of some files together.

    Args:
        places: files as `producer.files.read_blocks` takes them, or Hadoop URIs.
        dataset: the contract.
        seed: of everything random.
        sample: as in `profile`.
        skip_bad_rows: leave out rows that are no records, and count them; else the first one is an error.

    Raises:
        UsageError: a file can't be read.
        ContractError: rows are no records, or none is left.
        BrokerError: there is no Java for Spark.
        ModelError: Spark doesn't start, or fails.
    """
    remote = any(is_uri(place) for place in places)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="driftduel-rows-")))
        # Files of this machine are read before Spark is started, which takes seconds; Hadoop's need its Java.
        spark = stack.enter_context(spark_session()) if remote else None
        with progress("Reading the records", None) as advance:
            staged = stage_places(spark, places, dataset, folder / "rows", skip_bad_rows=skip_bad_rows, advance=advance)
        with progress("Exploring with Spark", STEPS + 1) as advance:
            spark = spark or stack.enter_context(spark_session())
            advance(1)
            frame = load_rows(spark, staged.folder, dataset)
            return Profiled(profile(frame, dataset, seed=seed, sample=sample, advance=advance), staged)
