"""Which labels of a file come, and when: late, out of order, and some never, drawn by seed."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .dataset import Dataset
from .errors import ContractError, DriftduelError, UsageError
from .files import read_blocks
from .label_table import AFTER, LABEL, SEQ, Numbers
from .output import packed, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How labels come.

    Attributes:
        delay: each comes at least so many records after its own ...
        jitter: ... and up to so many more, drawn evenly for each label: so they come out of order.
        share: so many of the records ever get one, drawn at random.
        seed: of the draws.
    """

    delay: int = 0
    jitter: int = 0
    share: float = 1.0
    seed: int = 0

    @property
    def most(self) -> int:
        """No label comes later than this, in records: a horizon that loses none."""
        return self.delay + self.jitter


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Labels in the order in which they come.

    Attributes:
        seqs: int64[n], whose they are.
        words: string[n], as they stand in the file.
        after: int64[n], ascending: the record after which each is known.
    """

    seqs: Numbers
    words: pa.Array
    after: Numbers


def plan_arrivals(path: Path, dataset: Dataset, lateness: Lateness) -> Arrivals:
    """When the labels of a file's records come. What is no record has none.

    Args:
        path: a file of the contract; a line's number, counted from 0, is its record's number.
        dataset: the contract.
        lateness: how late.

    Raises:
        UsageError, ContractError: as `read_lines`; or no label is left.
    """
    seqs, words = _labels_of(path, dataset)
    rng = np.random.default_rng(lateness.seed)
    kept = rng.random(len(seqs)) < lateness.share
    after = seqs + lateness.delay + rng.integers(0, lateness.jitter, len(seqs), endpoint=True)
    order = np.flatnonzero(kept)
    order = order[np.argsort(after[order], kind="stable")]
    if not len(order):
        raise ContractError(f"not one of the {len(seqs):,} records of {path} gets a label; give a larger --label-share")
    return Arrivals(seqs[order], words.take(pa.array(order)), after[order])


def write_label_file(arrivals: Arrivals, path: Path) -> None:
    """Write labels as CSV with the columns `seq,label,after`, in the order of their arrival; gzip if the name says so.

    Raises:
        UsageError: the file is there already, and holds something else.
        DriftduelError: the place can't be written to.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((SEQ, LABEL, AFTER))
    writer.writerows(zip(arrivals.seqs.tolist(), arrivals.words.to_pylist(), arrivals.after.tolist(), strict=True))
    content = io.BytesIO()
    with packed(content, zipped=path.suffix == ".gz") as out:
        out.write(text.getvalue().encode())
    try:
        if path.exists() and path.read_bytes() != content.getvalue():
            raise UsageError(f"{path} is there already and holds something else; choose another name, or remove it")
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            part.write_bytes(content.getvalue())
    except OSError as error:
        raise DriftduelError(f"{path} can't be written ({error.strerror}); choose another place") from None


def _labels_of(path: Path, dataset: Dataset) -> tuple[Numbers, pa.Array]:
    """The numbers of a file's records, and their labels as words."""
    plain = tuple(c.model_copy(update={"type": "string"}) if c.type == "label" else c for c in dataset.columns)
    with_words = dataset.model_copy(update={"columns": plain})  # the same lines are records, but for unknown words
    known = pa.array([*dataset.label.positive, *dataset.label.negative], pa.string())
    seqs: list[Numbers] = []
    words: list[pa.Array] = []
    start = 0
    for block in read_blocks(path, with_words):
        column = block.decoded.records.column(dataset.label_name)
        good = pc.is_in(column, value_set=known)
        seqs.append(block.decoded.positions[good.to_numpy(zero_copy_only=False)] + start)
        words.append(column.filter(good))
        start += len(block.lines)
    return np.concatenate(seqs), pa.concat_arrays(words)
