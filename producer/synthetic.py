"""Seeded synthetic streams with planted drift: the same bytes for the same recipe, on any day.

Records are drawn in blocks, each from its own seed, and only uniform numbers and raw bytes are drawn: a
longer stream of the same recipe begins with the shorter one, and no change of numpy's distributions moves it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from .dataset import load_dataset
from .dns_features import features_of_all
from .dns_names import BENIGN, DRAWS, PAYLOAD, TUNNELS
from .linux_memory import LAYOUT as MEMORY
from .linux_memory import memory_block
from .linux_process import LAYOUT as PROCESS
from .linux_process import process_block
from .output import write_stream
from .recipe import KINDS, SOURCES, Recipe, regime, truth_of

BLOCK = 4096


def records_of(recipe: Recipe) -> Iterator[tuple[list[str], int]]:
    """The stream in blocks, in order: its CSV lines without line ends, and how many of them are attacks."""
    block, draw = GENERATORS[recipe.dataset]
    for start in range(0, recipe.records, block):
        yield draw(recipe, start, min(block, recipe.records - start))


def _dns_block(recipe: Recipe, start: int, size: int) -> tuple[list[str], int]:
    """Lines and attacks of `size` records from sequence number `start` on; a whole block is always drawn."""
    seed = np.random.SeedSequence((recipe.seed, start // BLOCK))
    random = np.random.Generator(np.random.PCG64(seed))
    choices = random.random((BLOCK, 6))[:size]
    draws = random.random((BLOCK, DRAWS))[:size].tolist()
    payload = random.bytes(BLOCK * PAYLOAD)
    seqs = np.arange(start, start + size)
    tool, benign, prior = (regime(recipe.of(k), seqs, choices[:, i]) for i, k in enumerate(KINDS))
    attack = choices[:, 3] < recipe.attack_share * np.where(prior % 2, 0.5, 1.0)
    looks_attack = attack ^ (choices[:, 4] < recipe.error)
    builders = [
        TUNNELS[t % len(TUNNELS)] if a else BENIGN[b % len(BENIGN)]
        for a, t, b in zip(looks_attack.tolist(), tool.tolist(), benign.tolist(), strict=True)
    ]
    chunks = (payload[place : place + PAYLOAD] for place in range(0, size * PAYLOAD, PAYLOAD))
    names = [build(row, chunk) for build, row, chunk in zip(builders, draws, chunks, strict=True)]
    times = _times(seqs, choices[:, 5], recipe.seed)
    return _lines(times, names, attack), int(attack.sum())


class Generator(NamedTuple):
    """Draws one dataset's records: `draw(recipe, start, size)` is the lines of a block and the attacks among them."""

    block: int
    draw: Callable[[Recipe, int, int], tuple[list[str], int]]


GENERATORS = {
    "dns-exfil": Generator(BLOCK, _dns_block),
    "linux-process": Generator(PROCESS.block, process_block),
    "linux-memory": Generator(MEMORY.block, memory_block),
}


def _times(seqs: npt.NDArray[np.int64], draws: npt.NDArray[np.float64], seed: int) -> list[str]:
    """Times of capture, MM:SS.s: about 20 records a second, neighbours out of order at times."""
    tenths = ((seed * 7919) % 36000 + seqs * 0.5 + draws * 3).astype(np.int64) % 36000
    return [f"{t // 600:02d}:{t // 10 % 60:02d}.{t % 10}" for t in tenths.tolist()]


def _lines(times: list[str], names: Sequence[str], attack: npt.NDArray[np.bool_]) -> list[str]:
    """CSV lines; floats have ten significant digits, as in the public captures."""
    columns = [_words(column) for column in features_of_all(names)]
    labels = _words(attack.astype(np.int64).tolist())
    return [",".join(row) for row in zip(times, *columns, labels, strict=True)]


def _words(column: Sequence[int | float | str]) -> list[str]:
    if column and isinstance(column[0], float):
        return [text if "." in (text := f"{value:.10g}") else f"{text}.0" for value in column]
    return list(map(str, column))


@dataclass(frozen=True, slots=True)
class Written:
    """What `write` has written; `sha256` (hex) is that of the file's bytes, compressed where it is."""

    path: Path
    truth: Path
    attacks: int
    sha256: str


def write(
    recipe: Recipe, path: Path, *, force: bool = False, advance: Callable[[int], None] = lambda _: None
) -> Written:
    """Write the stream to a CSV file, gzipped where its name says so, and the truth beside it.

    Both appear under their names only when they are whole, the truth first.

    Args:
        recipe: what to write.
        path: `*.csv` or `*.csv.gz`; missing folders are made.
        force: replace a file that is there already.
        advance: called with the number of records written since the last call.

    Raises:
        UsageError: the name ends otherwise, or the file is there already.
        DriftduelError: the place can't be written to.
    """
    attacks = 0

    def fill(out: BinaryIO) -> dict[str, Any]:
        nonlocal attacks
        attacks = _write_lines(recipe, out, advance)
        return truth_of(recipe)

    made = write_stream(path, fill, force=force)
    return Written(made.path, made.truth, attacks, made.sha256)


def _write_lines(recipe: Recipe, out: BinaryIO, advance: Callable[[int], None]) -> int:
    """Write header and records; the number of attacks among them."""
    attacks = 0
    out.write(",".join(load_dataset(recipe.dataset).names).encode() + b"\n")
    for lines, among in records_of(recipe):
        out.write("\n".join([*lines, ""]).encode())
        attacks += among
        advance(len(lines))
    return attacks


def summary_of(recipe: Recipe, written: Written, *, as_json: bool = False) -> str:
    """What was written and what it stands for, in two lines for people, or as one JSON object for scripts."""
    if as_json:
        made = {"file": str(written.path), "truth": str(written.truth), "sha256": written.sha256}
        return json.dumps({**made, "attacks": written.attacks, **truth_of(recipe)})
    planted = ", ".join(map(str, recipe.drifts)) or "no drift"
    note = SOURCES[recipe.dataset].note
    return (
        f"{written.path}: {recipe.records:,} records, {written.attacks:,} of them attacks, sha256 {written.sha256}"
        f"{f' ({note})' if note else ''}\n{written.truth}: what was planted ({planted})"
    )
