"""Dead letters that somebody corrected: read back from a file, checked by the codec, put onto a topic as records."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from producer.client import NO_CONFIG, Config
from producer.codec import decode
from producer.dataset import Dataset, Wire
from producer.errors import RunError, UsageError
from producer.lines import LINE_BYTES
from producer.replay import Replayed, identify, replay
from producer.wires import line_reader

from .dead_letters import read_letters
from .files import replace_file
from .run import read_contract, read_manifest

BLOCK = 1_000
SHOWN = 3
FORM = 'a line of JSON such as {"seq": 37, "message": "..."}, as --export writes it'

Bar = Callable[[int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a message should have been: the letter's number in its run, the new bytes, and the line it stands in.

    The reason is that of the letter, where the line still says it: numbers alone are those of any run's letters.
    """

    letter: int
    message: bytes
    line: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """Corrected letters that are all records now.

    Attributes:
        letters: the numbers that they have in their run, in the order of the lines.
        lines: a CSV file that holds them, as long as the block that checked them lasts.
        origins: the file that is to say which letter each record came from.
        dataset: their contract.
        wire: how they travel.
    """

    letters: tuple[int, ...]
    lines: Path
    origins: Path
    dataset: Dataset
    wire: Wire


@contextmanager
def checked_letters(run: Path, file: Path) -> Iterator[Checked]:
    """Read corrected letters, all of them records of the run's contract, as they travel on the run's wire.

    Args:
        run: the run that the letters came from.
        file: the corrected letters, one line of JSON each.

    Raises:
        UsageError: the file can't be read, or a line is no correction of a letter of this run.
        RunError: a message is still no record, or the run is damaged.
    """
    dataset = read_contract(run)
    wire: Wire = read_manifest(run)["identity"]["source"].get("wire", "csv")  # a file's lines are CSV
    with tempfile.TemporaryDirectory() as scratch:
        lines = Path(scratch) / "corrected.csv"
        letters = _write_lines(lines, run, file, dataset, wire)
        yield Checked(tuple(letters), lines, file.with_name(f"{file.name}.origins.csv"), dataset, wire)


def republish(
    checked: Checked,
    *,
    topic: str,
    bootstrap: str,
    partitions: int | None = None,
    config: Config = NO_CONFIG,
    bar: Bar,
) -> Replayed:
    """Put corrected letters onto a topic of their own, as a stream of records numbered from 0.

    A finished run's numbers are spoken for, so they get new ones: `FILE.origins.csv` (`seq,letter`) says which letter
    each came from. The same call again goes on where the topic ends, as with `produce`.

    Args:
        checked: the letters.
        topic: created if it isn't there.
        bootstrap: HOST:PORT.
        partitions: how many; None takes those of an existing topic, and one for a new one.
        config: further client settings.
        bar: shows progress, in records.

    Raises:
        RunError: the origins can't be written.
        BrokerError, ContractError, UsageError: as `replay`.
    """
    with replace_file(checked.origins) as out:
        out.write(b"seq,letter\n")
        out.writelines(f"{seq},{letter}\n".encode() for seq, letter in enumerate(checked.letters))
    stream = identify(checked.lines, checked.dataset, wire=checked.wire)
    with bar(stream.records) as advance:
        return replay(
            checked.lines,
            checked.dataset,
            stream,
            bootstrap=bootstrap,
            topic=topic,
            wire=checked.wire,
            partitions=partitions,
            config=config,
            advance=advance,
        )


def _write_lines(out: Path, run: Path, file: Path, dataset: Dataset, wire: Wire) -> list[int]:
    """Write the corrected messages as a CSV file; the numbers of their letters, in order."""
    known = {letter.seq: hash(letter.reason) for letter in read_letters(run)}
    letters: list[int] = []
    faults: list[str] = []
    to_line = line_reader(dataset, wire)
    with out.open("wb") as lines:
        lines.write(_header(dataset))
        for block in _blocks(read_corrections(file)):
            for correction in block:
                reason = known.pop(correction.letter, None)
                if reason is None or (correction.reason is not None and hash(correction.reason) != reason):
                    raise UsageError(_stranger(file, correction, run))
                letters.append(correction.letter)
            faults += _faults(block, dataset, wire)
            if not faults:
                lines.writelines(to_line(correction.message) + b"\n" for correction in block)
    if faults:
        raise RunError(_refusal(file, faults, len(letters)))
    if not letters:
        raise UsageError(f"{file} holds no letters; write them with 'driftduel dead-letters {run} --export FILE'")
    return letters


def _header(dataset: Dataset) -> bytes:
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(dataset.names)  # a name may hold a comma
    return header.getvalue().encode()


def _stranger(file: Path, correction: Correction, run: Path) -> str:
    return (
        f"{file}, line {correction.line}: {run} has no dead letter {correction.letter}, or another one under that "
        "number, or the file names it twice; keep the numbers that --export wrote for this run, each once"
    )


def _refusal(file: Path, faults: list[str], total: int) -> str:
    more = f" (and {len(faults) - SHOWN:,} more)" if len(faults) > SHOWN else ""
    return (
        f"{len(faults):,} of {total:,} messages in {file} are still no records, so nothing was sent: "
        f"{'; '.join(faults[:SHOWN])}{more}. Correct these messages, or remove their lines"
    )


def _faults(block: list[Correction], dataset: Dataset, wire: Wire) -> list[str]:
    decoded = decode([correction.message for correction in block], dataset, wire=wire)
    faults = {**dict(decoded.dead), **dict.fromkeys(decoded.headers, "the contract's header")}
    return [f"line {block[at].line}: {faults[at]}" for at in sorted(faults)]


def _blocks(corrections: Iterator[Correction]) -> Iterator[list[Correction]]:
    block: list[Correction] = []
    size = 0
    for correction in corrections:
        block.append(correction)
        size += len(correction.message)
        if len(block) == BLOCK or size > LINE_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def read_corrections(file: Path) -> Iterator[Correction]:
    """The corrections in a file; blank lines are passed over.

    Raises:
        UsageError: the file can't be read, or a line is none: too long, no JSON, without `seq` and `message`.
    """
    try:
        with file.open("rb") as stream:
            yield from _corrections(stream, file)
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}; name a file that --export wrote") from None


def _corrections(stream: BinaryIO, file: Path) -> Iterator[Correction]:
    for number, line in enumerate(iter(lambda: stream.readline(2 * LINE_BYTES + 1), b""), start=1):
        if len(line) > 2 * LINE_BYTES:
            raise UsageError(f"{file}, line {number}, is longer than {2 * LINE_BYTES:,} bytes; a letter is {FORM}")
        if line.strip():
            yield _correction(line, number, file)


def _correction(line: bytes, number: int, file: Path) -> Correction:
    try:
        found = json.loads(line)
        letter, message = found["seq"], found["message"].encode("utf-8", "surrogateescape")
        if type(letter) is not int:
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{file}, line {number}, is no letter; expected {FORM}") from None
    reason = found.get("reason")
    return Correction(letter, message, number, reason if isinstance(reason, str) else None)
