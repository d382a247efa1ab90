"""Records in files: CSV or TSV with a header line, plain or gzip, and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from .codec import Decoded, decode
from .columnar import MAGIC, check_columns, parquet_columns, read_rows
from .dataset import Dataset
from .errors import ContractError, UsageError
from .lines import BOM, LINE_BYTES, split_line, strip_line_end
from .opening import FORMS, opened
from .tabs import TAB, comma_line

BLOCK = 16_384
"""Lines decoded at a time, and fewer if they have `BLOCK_BYTES`. It bounds the memory, and changes nothing else."""
BLOCK_BYTES = 64 * 2**20
HEADER_BYTES = 2**20
"""The longest header line, its end included; `LINE_BYTES` is that of data lines. A small gzip file may unpack to one
line that fills any memory."""

Paths = Path | Sequence[Path]
Form = Literal["csv", "tsv", "parquet"]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some consecutive rows of a file, decoded.

    Attributes:
        path: the file.
        first: the number of the block's first line in its file, as a user counts: in CSV and TSV line 2 follows the
            header, a Parquet file begins with row 1.
        lines: CSV lines in the contract's order, without line ends, whatever the file's form.
        decoded: what they are; its positions count within `lines`.
    """

    path: Path
    first: int
    lines: list[bytes]
    decoded: Decoded


def read_lines(paths: Paths, dataset: Dataset) -> Iterator[bytes]:
    """The data lines of one file or several, as CSV lines without their line ends; blank lines are among them.

    All files are opened and their headers checked at once, not with the first line. A file's form shows in what it
    holds, whatever its name: gzip and Parquet in the first bytes, TSV in a header that fits when split at tabs. The
    columns of CSV and TSV stand in the contract's order, those of Parquet in any. A record must not hold a line break,
    not even between quotes.

    Raises:
        UsageError: there is no such file, or it can't be read.
        ContractError: a file is empty, is of no known form, holds no records, has other columns than the contract's,
            has a header longer than `HEADER_BYTES`, or (these may come with any line) a line longer than `LINE_BYTES`,
            or is a gzip or Parquet file cut short.
    """
    files = _examined(paths, dataset)
    return (line for path, form in files for line in _lines_of(path, form, dataset))


def read_blocks(paths: Paths, dataset: Dataset) -> Iterator[Block]:
    """The rows of all files in order, decoded block by block: constant memory, whatever the files' size.

    A block holds rows of one file. All headers are checked at once, as with `read_lines`.

    Raises:
        UsageError, ContractError: as `read_lines`.
    """
    files = _examined(paths, dataset)
    return (block for path, form in files for block in _blocks_of(path, form, dataset))


def read_records(paths: Paths, dataset: Dataset) -> Decoded:
    """The whole file, or all of several, decoded. Positions count the data lines from 0, through all files.

    So they equal `seq` in a replay. There may be no records among the lines: then the batch is empty, and `dead`
    says why.

    Raises:
        UsageError, ContractError: as `read_lines`.
    """
    parts: list[tuple[Decoded, int]] = []
    start = 0
    for block in read_blocks(paths, dataset):
        parts.append((block.decoded, start))
        start += len(block.lines)
    return Decoded(
        records=pa.concat_batches([part.records for part, _ in parts]),
        positions=np.concatenate([part.positions + start for part, start in parts]),
        dead=tuple((i + start, why) for part, start in parts for i, why in part.dead),
        headers=tuple(i + start for part, start in parts for i in part.headers),
    )


def read_header(path: Path) -> tuple[Form, list[str]]:
    """A file's form and the names of its columns, with no contract to hold them against: more names decide on TSV.

    Raises:
        UsageError, ContractError: as `read_lines`.
    """
    if _is_parquet(path):
        return "parquet", parquet_columns(path)
    line = _first_line(path, "")
    found: dict[Form, list[str]] = {"csv": _names(split_line(line)), "tsv": _names(split_line(line, TAB))}
    form: Form = "tsv" if len(found["tsv"]) > len(found["csv"]) else "csv"
    if not found[form]:
        raise ContractError(f"{path} begins with a line in which a quote isn't closed; it must name the columns")
    return form, found[form]


def _examined(paths: Paths, dataset: Dataset) -> list[tuple[Path, Form]]:
    several = [paths] if isinstance(paths, Path) else list(paths)
    if not several:
        raise UsageError(f"no file is named; give one or several: {FORMS}")
    return [(path, _form(path, dataset)) for path in several]


def _form(path: Path, dataset: Dataset) -> Form:
    """The form of a file that fits the contract."""
    if _is_parquet(path):
        check_columns(path, dataset)
        return "parquet"
    line = _first_line(path, f". Expected {FORMS}, with the columns: {','.join(dataset.names)}")
    tabbed, parted = _names(split_line(line, TAB)), _names(split_line(line))
    if tuple(tabbed) == dataset.names != tuple(parted):
        return "tsv"
    dataset.check_header(tabbed if len(tabbed) > len(parted) else parted, str(path))
    return "csv"


def _is_parquet(path: Path) -> bool:
    with opened(path) as stream:
        return stream.read(len(MAGIC)) == MAGIC


def _first_line(path: Path, expected: str) -> bytes:
    """The header line; that it is text, and that something follows it, is checked."""
    with opened(path) as stream:
        line = stream.readline(HEADER_BYTES + 1)
        if not line:
            raise ContractError(f"{path} is empty{expected}")
        if len(line) > HEADER_BYTES:
            raise ContractError(f"{path} doesn't begin with a line of at most {HEADER_BYTES:,} bytes{expected}")
        header = strip_line_end(line).removeprefix(BOM)
        if not _is_text(header) or (split_line(header) is None and split_line(header, TAB) is None):
            raise ContractError(f"{path} doesn't begin with a line of CSV in UTF-8{expected}")
        if not stream.read(1):
            raise ContractError(f"{path} holds a header and no records")
    return header


def _is_text(line: bytes) -> bool:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return False
    return "\0" not in text and "\r" not in text


def _names(cells: list[bytes] | None) -> list[str]:
    return [cell.decode() for cell in cells or ()]


def _lines_of(path: Path, form: Form, dataset: Dataset) -> Iterator[bytes]:
    if form == "parquet":
        return chain.from_iterable(rows.lines for rows in read_rows(path, dataset, BLOCK))
    lines = _data_lines(path)
    return map(comma_line, lines) if form == "tsv" else lines


def _data_lines(path: Path) -> Iterator[bytes]:
    with opened(path) as stream:
        stream.readline(HEADER_BYTES)
        for number, line in enumerate(iter(partial(stream.readline, LINE_BYTES + 1), b""), start=2):
            if len(line) > LINE_BYTES:
                raise ContractError(
                    f"{path}, line {number:,}, is longer than {LINE_BYTES:,} bytes, which no record is; "
                    "correct or remove the line"
                )
            yield strip_line_end(line)


def _blocks_of(path: Path, form: Form, dataset: Dataset) -> Iterator[Block]:
    if form == "parquet":
        return _row_blocks(path, dataset)
    return _line_blocks(path, _lines_of(path, form, dataset), dataset)


def _line_blocks(path: Path, lines: Iterator[bytes], dataset: Dataset) -> Iterator[Block]:
    first = 2
    for block in _cut(lines):
        yield Block(path, first, block, decode(block, dataset, wire="csv"))
        first += len(block)


def _cut(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if len(block) >= BLOCK or size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _row_blocks(path: Path, dataset: Dataset) -> Iterator[Block]:
    first = 1
    for rows in read_rows(path, dataset, BLOCK):
        decoded = decode(rows.lines, dataset, wire="csv")
        dead = tuple((place, rows.faults.get(place, reason)) for place, reason in decoded.dead)
        yield Block(path, first, rows.lines, replace(decoded, dead=dead))
        first += len(rows.lines)
