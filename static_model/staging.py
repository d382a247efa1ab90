"""From the user's files to one folder of Parquet that Spark reads: the codec decides what is a record, block by block.

Memory is bounded by a block, whatever the files' size. Columns are named by place (`c0`, `c1`, ...), so that any name
in a contract is safe in Parquet and in Spark.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from producer.dataset import Dataset
from producer.errors import ContractError
from producer.files import Block, read_blocks

from .remote import fetch

PARTS = 2
"""Parquet files for each input file, so that Spark has at least so many partitions of it. None of them is empty, if the
file has so many records."""


@dataclass(frozen=True, slots=True)
class Source:
    """An input file: its name without the folder, which is nobody else's business, and the SHA-256 of its bytes."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Staged:
    """Records on their way to Spark.

    Attributes:
        folder: holds the Parquet files; `rows.load_rows` reads it.
        class_counts: how many records of class 0 and of class 1 there are.
        dead: how many rows were no records.
        first_dead: file, line and reason of the first of them.
        headers: how many repeated header lines were set aside.
        sources: the input files.
    """

    folder: Path
    class_counts: tuple[int, int]
    dead: int
    first_dead: str
    headers: int
    sources: tuple[Source, ...]

    @property
    def rows(self) -> int:
        """How many records there are."""
        return sum(self.class_counts)


def stage_places(
    spark: Any,
    places: Sequence[str],
    dataset: Dataset,
    folder: Path,
    *,
    skip_bad_rows: bool,
    advance: Callable[[int], None] = lambda n: None,
) -> Staged:
    """Stage files of this machine, and Hadoop URIs that a running Spark brings here first.

    Args:
        spark: a running session; None if no place is a URI.
        places: paths and URIs, in order.
        dataset: as in `stage_files`, like the rest.
        folder: a new folder; copies of what is far away lie beside it.
        skip_bad_rows: see there.
        advance: see there.

    Raises:
        UsageError: a file can't be read.
        ContractError: as `stage_files`.
    """
    copies = folder.with_name(f"{folder.name}-remote")
    copies.mkdir(parents=True)
    paths = fetch(spark, places, copies)
    return stage_files(paths, dataset, folder, skip_bad_rows=skip_bad_rows, advance=advance)


def stage_files(
    paths: Sequence[Path],
    dataset: Dataset,
    folder: Path,
    *,
    skip_bad_rows: bool,
    advance: Callable[[int], None] = lambda n: None,
) -> Staged:
    """Write the records of all files into `folder`, which is made.

    Args:
        paths: files as `producer.files.read_blocks` takes them.
        dataset: the contract; all its columns are kept.
        folder: a new folder.
        skip_bad_rows: leave out rows that are no records, and count them; else the first one is an error.
        advance: called with the number of lines read, block by block.

    Raises:
        UsageError: a file can't be read.
        ContractError: a file isn't of the contract, a row is no record, or no record is left.
    """
    folder.mkdir(parents=True)
    classes = np.zeros(2, np.int64)
    dead = headers = 0
    first = ""
    blocks = read_blocks(paths, dataset)
    for index, (_, file) in enumerate(groupby(blocks, key=lambda block: block.path)):
        for block in _written(file, dataset, folder / f"{index:05d}"):
            found = block.decoded
            if found.dead and not first:
                first = _first_dead(block)
            dead, headers = dead + len(found.dead), headers + len(found.headers)
            if dead and not skip_bad_rows:
                raise ContractError(
                    f"{first}. Correct the file or the contract, or leave such rows out with --skip-bad-rows"
                )
            classes += np.bincount(found.records.column(dataset.label_name).to_numpy(), minlength=2)
            advance(len(block.lines))
    if not classes.sum():
        names = ", ".join(str(path) for path in paths)
        raise ContractError(f"no record is left of {names}: all {dead:,} rows are none; the first: {first}")
    counts = (int(classes[0]), int(classes[1]))
    return Staged(folder, counts, dead, first, headers, tuple(_source(path) for path in paths))


def _first_dead(block: Block) -> str:
    place, reason = block.decoded.dead[0]
    return f"{block.path}, line {block.first + place:,}, is no record: {reason}"


def _written(blocks: Iterator[Block], dataset: Dataset, stem: Path) -> Iterator[Block]:
    """Pass the blocks of one file on, each after its records were dealt out to the file's parts in equal runs."""
    names = [f"c{index}" for index in range(len(dataset.columns))]
    schema = pa.schema([field.with_name(name) for field, name in zip(dataset.schema, names, strict=True)])
    with ExitStack() as stack:
        parts = [stack.enter_context(closing(pq.ParquetWriter(f"{stem}-{n}.parquet", schema))) for n in range(PARTS)]
        turn = 0
        for block in blocks:
            records = pa.RecordBatch.from_arrays(block.decoded.records.columns, schema=schema)
            for place, (first, end) in enumerate(_runs(len(records))):
                parts[(turn + place) % PARTS].write_batch(records.slice(first, end - first))
            turn += len(records)
            yield block


def _runs(rows: int) -> list[tuple[int, int]]:
    """Where the runs of consecutive rows begin and end; their sizes differ by at most 1, and none is empty."""
    ends = [rows * (place + 1) // PARTS for place in range(PARTS)]
    return [(first, end) for first, end in pairwise([0, *ends]) if first < end]


def _source(path: Path) -> Source:
    with path.open("rb") as file:
        return Source(path.name, hashlib.file_digest(file, "sha256").hexdigest())
