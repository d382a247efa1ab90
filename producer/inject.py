"""Drift planted into a file of the user's own: same records, same order, and the truth beside it.

Rows that are no records pass through as they are, and so does every row that no change reaches. Each record's fate
is drawn from the seed and its own number, so that neither the size of a block nor another injection moves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .cleaning import words
from .dataset import Dataset
from .edits import join_cells
from .errors import ContractError, UsageError
from .files import Block, read_blocks, read_header
from .injection import Injection
from .injection_plan import Plan, plan_for
from .lines import strip_line_end
from .opening import opened
from .output import StreamFiles, check_stream_name, truth_path, write_stream
from .planting import Planter
from .recipe import read_truth


@dataclass(frozen=True, slots=True)
class Injected:
    """What `inject_file` has written: the files, the truth in the sidecar, and how many records each drift changed."""

    files: StreamFiles
    truth: dict[str, Any]
    changed: tuple[tuple[Injection, int], ...]


def inject_file(
    path: Path,
    dataset: Dataset,
    injections: Sequence[Injection],
    *,
    seed: int,
    out: Path,
    force: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Injected:
    """Plant drift into a file: another file with the same rows but for the changes, and `OUT.truth.json` beside it.

    The file is read twice, in constant memory. Both files appear when they are whole. The header line stays, and
    rows end as it does. Drifts that the file's own sidecar tells of, as `generate` writes it, are in the truth too.

    Args:
        path: CSV or TSV, plain or gzip, or Parquet.
        dataset: its contract.
        injections: one or several; see `Injection`.
        seed: the same seed gives the same bytes.
        out: `*.csv` or `*.csv.gz`.
        force: replace a file that is there already.
        advance: told how many more rows were read; in the end twice the file's.

    Raises:
        UsageError: as `plan_for` and `write_stream`; or `out` is the file itself.
        ContractError: as `read_blocks`; or a row of Parquet holds a line break.
        DriftduelError: `out` can't be written.
    """
    check_stream_name(out, force=force)
    if out.exists() and path.exists() and out.samefile(path):
        raise UsageError(f"{out} is the file to be read; choose another name to write")
    earlier = read_truth(truth_path(path))["drifts"] if truth_path(path).exists() else []
    plan = plan_for(read_blocks(path, dataset), dataset, injections, seed=seed, advance=advance)
    head, end = _head(path, dataset)
    truth, planter = truth_of(plan, path.name, earlier), Planter(plan)

    def fill(file: BinaryIO) -> dict[str, Any]:
        file.write(head)
        for block in read_blocks(path, dataset):
            file.write(_rows(planter.plant(block), end, path))
            advance(len(block.lines))
        return truth

    return Injected(write_stream(out, fill, force=force), truth, planter.changed)


def inject_blocks(blocks: Iterable[Block], plan: Plan) -> Iterator[list[bytes]]:
    """The lines of a stream with the drift planted, block by block; no file is written.

    Args:
        blocks: the same for which the plan was made, in order.
        plan: what `plan_for` said of them.
    """
    planter = Planter(plan)
    return map(planter.plant, blocks)


def truth_of(plan: Plan, source: str, earlier: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """What was planted: the content of the sidecar, drifts by start; `read_truth` reads it.

    A drift that recurs has an entry for each turn, as each is a change that a detector may find.

    Args:
        plan: what is planted.
        source: the name of the file into which it is planted.
        earlier: the drifts that were in it before.
    """
    drifts = [
        {"kind": step.injection.kind, "shape": step.injection.shape, "start": start, "end": end}
        | ({"to": ("new", "old")[turn % 2]} if step.injection.shape == "recurring" else {})
        | step.parameters()
        for step in plan.steps
        for turn, (start, end) in enumerate(step.injection.changes(plan.rows))
    ]
    return {
        "format": 1,
        "dataset": plan.dataset.name,
        "injected_into": source,
        "records": plan.rows,
        "dead": plan.dead,
        "seed": plan.seed,
        "drifts": sorted([*earlier, *drifts], key=lambda drift: (drift["start"], drift["end"])),
    }


def _rows(lines: list[bytes], end: bytes, path: Path) -> bytes:
    rows = end.join([*lines, b""])
    if rows.count(b"\n") != len(lines):  # a Parquet file can hold what no CSV row can
        raise ContractError(f"{path} has texts with line breaks, which no row of CSV can hold; remove them first")
    return rows


def _head(path: Path, dataset: Dataset) -> tuple[bytes, bytes]:
    """The header line as it is, and how lines end; of another form than CSV, what it is as CSV."""
    form, names = read_header(path)
    if form != "csv" or tuple(names) != dataset.names:
        return join_cells({name: words([name]) for name in dataset.names})[0] + b"\n", b"\n"
    with opened(path) as stream:
        line = stream.readline()
    return line, line[len(strip_line_end(line)) :]
