"""Batch prediction: a file's rows with `score` and `prediction` added, in constant memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from producer.dataset import Dataset
from producer.errors import ContractError, DriftduelError, UsageError
from producer.files import Block, read_blocks
from producer.output import packed, whole

from .artifact import Model, load_model
from .scorer import Scorer, featurise

Score = Callable[[pa.RecordBatch], npt.NDArray[np.float64]]
Engine = Literal["scorer", "spark"]
DECIMALS = 9
"""Of a written score: what two engines add in another order differs beyond these."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a batch prediction did.

    Attributes:
        rows: how many rows were scored and written.
        positives: how many of them are predicted positive.
        dead: how many rows were no records.
        dead_letters: the file that holds them, if there are any.
    """

    rows: int
    positives: int
    dead: int
    dead_letters: Path | None


def predict_files(
    paths: Sequence[Path],
    directory: Path,
    out: Path,
    *,
    engine: Engine = "scorer",
    force: bool = False,
    advance: Callable[[int], None] = lambda n: None,
) -> Predicted:
    """Score the rows of files and write them, in their order, with the model's score and prediction.

    Rows that are no records of the model's contract go to `OUT.dead_letters.jsonl`: file, line (as a user counts),
    reason, and the bytes. Header lines among the rows are left out. Both files appear when they are whole.

    Args:
        paths: files of the model's contract, with the label (and the kind) or without.
        directory: the model.
        out: `*.csv` or `*.csv.gz`.
        engine: the portable scorer, or the saved Spark pipeline; both write the same rows, scores to 9 decimals. (Sums
            differ by about 1e-16, so that one row of some millions may be rounded otherwise.)
        force: replace `out`.
        advance: called with the number of rows done.

    Raises:
        UsageError: a file can't be read, or `out` is there already or has another ending.
        ContractError: a file has neither of the two headers.
        ModelError: there is no such model, or (with `spark`) Spark fails.
        DriftduelError: `out` can't be written.
    """
    _check_out(out, force=force)
    model = load_model(directory)
    contract = _contract(paths, model.dataset)
    letters = _letters(out)
    totals = np.zeros(3, np.int64)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with (
            _scorer(model, directory, engine) as score,
            whole(letters) as part,
            part.open("wb") as dead_letters,
            _rows(out, contract) as rows,
        ):
            for block in read_blocks(paths, contract):
                scores = score(block.decoded.records)
                totals += _write_block(block, scores, scores > model.threshold, rows, dead_letters)
                advance(len(block.lines))
    except OSError as error:
        raise DriftduelError(f"{out} can't be written ({error.strerror or error}); choose another place") from None
    count, positives, dead = totals.tolist()
    if not dead:
        letters.unlink()
    return Predicted(count, positives, dead, letters if dead else None)


def _letters(out: Path) -> Path:
    return out.with_name(f"{out.name}.dead_letters.jsonl")


def _check_out(out: Path, *, force: bool) -> None:
    if not out.name.endswith((".csv", ".csv.gz")):
        raise UsageError(f"{out} is no name for predictions; end it in .csv or .csv.gz")
    for path in (out, _letters(out)):
        if path.exists() and not force:
            raise UsageError(f"{path} is there already; choose another name, or replace it with --force")


def _contract(paths: Sequence[Path], dataset: Dataset) -> Dataset:
    """The model's contract as the files' rows follow it: with the label, or without."""
    try:
        next(read_blocks(paths, dataset))
    except ContractError as labelled:
        unlabelled = dataset.unlabelled()
        try:
            next(read_blocks(paths, unlabelled))
        except ContractError:
            raise labelled from None
        return unlabelled
    return dataset


@contextmanager
def _scorer(model: Model, directory: Path, engine: Engine) -> Iterator[Score]:
    if engine == "spark":
        from .batch import spark_scorer

        with spark_scorer(directory, [column.name for column in model.dataset.features]) as score:
            yield score
    else:
        scorer = Scorer(model.estimator)
        yield lambda records: scorer.score(featurise(model.steps, records))


@contextmanager
def _rows(out: Path, contract: Dataset) -> Iterator[BinaryIO]:
    """The file of predictions, its header written."""
    with whole(out) as part, part.open("wb") as file, packed(file, zipped=out.suffix == ".gz") as stream:
        stream.write(csv_line([*contract.names, *added_names(contract)]))
        yield stream


def added_names(contract: Dataset) -> tuple[str, str]:
    """The two columns' names: `score` and `prediction`, with a `_` at the end where the contract has these already."""

    def free(name: str) -> str:
        return free(f"{name}_") if name in contract.names else name

    return free("score"), free("prediction")


def csv_line(cells: Sequence[str]) -> bytes:
    """One line of CSV: cells quoted where they must be."""
    quoted = ('"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell for cell in cells)
    return ",".join(quoted).encode() + b"\n"


def _write_block(
    block: Block,
    scores: npt.NDArray[np.float64],
    predictions: npt.NDArray[np.bool_],
    rows: BinaryIO,
    dead_letters: BinaryIO,
) -> tuple[int, int, int]:
    """Write a block; how many rows were scored, were predicted positive, and were no records."""
    lines = (block.lines[place] for place in block.decoded.positions.tolist())
    added = zip(lines, scores.tolist(), predictions.tolist(), strict=True)
    rows.writelines(line + f",{round(score, DECIMALS)!r},{positive:d}\n".encode() for line, score, positive in added)
    for place, reason in block.decoded.dead:
        raw = base64.b64encode(block.lines[place]).decode()
        letter = {"file": str(block.path), "line": block.first + place, "reason": reason, "bytes": raw}
        dead_letters.write(json.dumps(letter, ensure_ascii=False).encode() + b"\n")
    return len(scores), int(predictions.sum()), len(block.decoded.dead)
