"""Labels that come apart from their records: a table of them, and the CSV file that holds one.

Two topics have no common order. So each label says after which record of the main stream it is known, and a replay
reveals it there, every time.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .codec import Decoded
from .columns import Column, Label
from .dataset import Dataset
from .files import read_blocks

SEQ, LABEL, AFTER = "seq", "label", "after"
"""The columns of a label file. A message of a label topic holds the last two as a JSON object; its key is the first."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DeadLabel:
    """A message that is no label: the reason in words, its bytes in base64, and where it stood."""

    reason: str
    bytes: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable:
    """The labels of a stream, one for a record at most, in order of the records' numbers.

    Attributes:
        seqs: int64[n], numbers of records, ascending.
        labels: int8[n], 0 or 1.
        after: int64[n], the record after which each label is known: at least the label's own.
        doubles: further labels for the same records; the first one counts.
        dead: what is no label.
        stream: names the stream that they belong to, in hex; None where nothing says so.
    """

    seqs: Numbers
    labels: npt.NDArray[np.int8]
    after: Numbers
    doubles: int = 0
    dead: tuple[DeadLabel, ...] = ()
    stream: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of which labels there are and when; how they came here is no part of it."""
        content = hashlib.sha256()
        for column, kind in ((self.seqs, "<i8"), (self.labels, "i1"), (self.after, "<i8")):
            content.update(column.astype(kind).tobytes())
        return content.hexdigest()

    @property
    def prompt(self) -> bool:
        """Whether every label is known with its record."""
        return bool((self.after == self.seqs).all())

    def find(self, seqs: Numbers) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
        """Which of these numbers have a label, bool[m], and at which place of the table those have it."""
        places = np.searchsorted(self.seqs, seqs)
        inside = places < len(self.seqs)
        found = np.zeros(len(seqs), dtype=np.bool_)
        found[inside] = self.seqs[places[inside]] == seqs[inside]
        return found, places[found]


def settle(
    seqs: Numbers, labels: npt.NDArray[np.int8], after: Numbers, *, dead: Sequence[DeadLabel], stream: str | None = None
) -> LabelTable:
    """A table of labels that stand in the order in which they were sent: of several for one record the first counts.

    >>> table = settle(np.array([7, 3, 7]), np.array([1, 0, 0], np.int8), np.array([9, 2, 8]), dead=())
    >>> table.seqs.tolist(), table.labels.tolist(), table.after.tolist(), table.doubles
    ([3, 7], [0, 1], [3, 9], 1)
    """
    known, first = np.unique(seqs, return_index=True)
    late = np.maximum(after[first], known)  # nobody knows a label before its record is there
    return LabelTable(known, labels[first], late, len(seqs) - len(known), tuple(dead), stream)


def read_label_file(path: Path, dataset: Dataset) -> LabelTable:
    """The labels in a file with the columns `seq,label,after`: CSV or TSV, plain or gzip, or Parquet.

    Args:
        path: the file.
        dataset: the records' contract, for the words of its label.

    Raises:
        UsageError, ContractError: as `read_lines`. A bad line costs only itself.
    """
    contract = label_contract(dataset, (SEQ, LABEL, AFTER))
    parts: list[Decoded] = []
    dead: list[DeadLabel] = []
    start = 0
    for block in read_blocks(path, contract):
        dead += [dead_label(why, block.lines[at], 0, start + at) for at, why in refused(block.decoded)]
        parts.append(block.decoded)
        start += len(block.lines)
    records = pa.concat_batches([part.records for part in parts])
    seqs, labels, after = (records.column(name).to_numpy() for name in (SEQ, LABEL, AFTER))
    return settle(seqs, labels, after, dead=dead)


def label_contract(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """What a label is: a contract of these columns, with the words of the records' own label."""
    types = {SEQ: "int", LABEL: "label", AFTER: "int"}
    columns = tuple(Column.model_validate({"name": name, "type": types[name]}) for name in names)
    words = Label(positive=dataset.label.positive, negative=dataset.label.negative)
    return Dataset(name=f"labels of {dataset.name}", label=words, columns=columns)


def refused(decoded: Decoded) -> list[tuple[int, str]]:
    """The places of what is no label, and why: also a header among the messages, which names no record."""
    return sorted([*decoded.dead, *((at, "a header line among the labels") for at in decoded.headers)])


def dead_label(reason: str, raw: bytes | None, partition: int, offset: int) -> DeadLabel:
    """What is kept of a message that is no label."""
    return DeadLabel(reason, base64.b64encode(raw or b"").decode(), partition, offset)
