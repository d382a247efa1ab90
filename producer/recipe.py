"""What a synthetic stream is made of: how many records, which seed, which drift and where.

A recipe is checked when it is made, so nothing that holds one needs to check again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from .errors import ContractError, UsageError
from .opening import read_small

Kind = Literal["encoding", "mix", "prior"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Source(NamedTuple):
    """What there is to say about a dataset's generator: its usual share of attacks, and what its records stand for."""

    attack_share: float
    note: str = ""


TONIOT = "synthetic, with the columns and the dirt of TON_IoT's telemetry; no labelled capture is among it"
# The share of 0.1 is chosen so that rebalancing is called for; it is not that of the public files.
SOURCES = {"dns-exfil": Source(0.4), "linux-process": Source(0.1, TONIOT), "linux-memory": Source(0.1, TONIOT)}


def growth(seqs: npt.NDArray[np.int64], start: int, end: int) -> npt.NDArray[np.float64]:
    """How far a change has come at each record [records]: 0 before `start`, 1 from `end` on, a straight line between.

    >>> growth(np.array([9, 10, 11, 12, 14]), 10, 14).tolist()
    [0.0, 0.0, 0.25, 0.5, 1.0]
    >>> growth(np.array([9, 10]), 10, 10).tolist()
    [0.0, 1.0]
    """
    return np.clip((seqs - start + (start == end)) / max(1, end - start), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Drift:
    """One planted change. Before record `start` all is old, from record `end` on all is new.

    Between them the chance of the new grows in a straight line; `start == end` is an abrupt change. The kinds:
    `encoding`: the attackers use another tool (tunnels: base32, hexadecimal, base64url, and again from the first;
    on Linux machines three sets of tools, for all kinds of attack at once); `mix`: other benign work appears
    (cloud services, whose hosts are named by machines; on Linux machines a build and a backup), and the next one
    takes it away again; `prior`: the share of attacks is halved (the next one restores it).
    """

    kind: Kind
    start: int
    end: int

    def __str__(self) -> str:
        """As `parse_drift` reads it."""
        return f"{self.kind}@{self.start}" + ("" if self.start == self.end else f"-{self.end}")

    @property
    def shape(self) -> Literal["abrupt", "gradual"]:
        """Whether the change comes at once or by and by."""
        return "abrupt" if self.start == self.end else "gradual"

    def chance(self, seqs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The chance [records] that a record with that sequence number is new already."""
        return growth(seqs, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a stream depends on.

    Args:
        records: how many.
        seed: of all that is drawn.
        error: the share of records that look exactly like the other class. No model can do better, as long
            as it is smaller than the share of attacks and of benign records. The classes of the Linux datasets
            overlap besides, so that models stay well above this error there.
        attack_share: the share of attacks before any `prior` drift.
        drifts: what changes, and when; those of one kind one after another.

    Raises:
        UsageError: a value that can't be meant.
    """

    records: int
    seed: int
    error: float = 0.02
    attack_share: float = 0.4
    drifts: tuple[Drift, ...] = ()
    dataset: str = "dns-exfil"

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        usual_attack_share(self.dataset)
        if self.records < 1:
            raise UsageError(f"{self.records} records can't be generated; ask for 1 or more")
        if self.seed < 0:
            raise UsageError(f"the seed {self.seed} is negative; use 0 or more")
        if not 0 <= self.error < 0.5:
            raise UsageError(f"an error of {self.error} can't be planted; use 0 or more and less than 0.5")
        if not 0 < self.attack_share < 1:
            raise UsageError(f"an attack share of {self.attack_share} leaves one class only; use one between 0 and 1")
        for drift in self.drifts:
            _check_span(drift, self.records)
        for kind in KINDS:
            _check_order(self.of(kind))

    def of(self, kind: Kind) -> tuple[Drift, ...]:
        """The drifts of one kind in the order of the stream."""
        return tuple(sorted((d for d in self.drifts if d.kind == kind), key=lambda d: (d.start, d.end)))


def usual_attack_share(dataset: str) -> float:
    """The share of attacks in a stream of that dataset where none is asked for.

    Raises:
        UsageError: there is no generator for the dataset.
    """
    if dataset not in SOURCES:
        raise UsageError(f"no generator for dataset '{dataset}'; there is one for: {', '.join(SOURCES)}")
    return SOURCES[dataset].attack_share


def regime(
    drifts: Sequence[Drift], seqs: npt.NDArray[np.int64], draws: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """How many of the drifts have reached each record [records], given a draw from 0 to 1 for each."""
    reached = np.zeros(len(seqs), np.int64)
    for drift in drifts:
        reached += draws < drift.chance(seqs)
    return reached


def _check_span(drift: Drift, records: int) -> None:
    if drift.end < drift.start:
        raise UsageError(f"drift {drift} ends before it starts; write KIND@START-END with END at or after START")
    if drift.start >= records:
        raise UsageError(
            f"drift {drift} starts beyond the last record ({records - 1}); start earlier or ask for more records"
        )
    if drift.end > records:
        raise UsageError(
            f"drift {drift} ends beyond the stream of {records} records; end earlier or ask for more records"
        )


def _check_order(drifts: Sequence[Drift]) -> None:
    for before, after in pairwise(drifts):
        if after.start < before.end or after.start == before.start:
            spans = f"{before} and {after}"
            raise UsageError(f"drifts {spans} overlap; two of one kind must follow one another")


def parse_drift(text: str) -> Drift:
    """The drift that `KIND@START` (abrupt) or `KIND@START-END` (gradual) stands for.

    Raises:
        UsageError: the text is neither, or names no known kind.
    """
    kind, _, span = text.partition("@")
    start, dash, end = span.partition("-")
    for known in KINDS:
        if kind == known and start.isdecimal() and (end.isdecimal() if dash else True):
            return Drift(known, int(start), int(end if dash else start))
    if kind not in KINDS:
        raise UsageError(f"unknown kind of drift '{kind}' in '{text}'; known are: {', '.join(KINDS)}")
    raise UsageError(f"drift '{text}' says no place; write {kind}@START or {kind}@START-END, e.g. {kind}@40000-50000")


def read_truth(path: Path) -> dict[str, Any]:
    """The planted truth in a sidecar: its `drifts` with `kind`, `shape`, `start` and `end` in records.

    A drift may say more, as those of `inject` do; that is kept as it is.

    Raises:
        ContractError: no such file, or it holds something else.
    """
    try:
        truth = dict(json.loads(read_small(path)))
        drifts = [
            {**d, "kind": str(d["kind"]), "shape": str(d["shape"]), "start": int(d["start"]), "end": int(d["end"])}
            for d in truth["drifts"]
        ]
    except OSError as error:
        raise ContractError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ContractError(
            f"{path} holds no planted truth ({error!r}); expected "
            '{"format": 1, "drifts": [{"kind": ..., "shape": ..., "start": ..., "end": ...}]}'
        ) from None
    return {**truth, "drifts": drifts}


def truth_of(recipe: Recipe) -> dict[str, Any]:
    """What was planted: the content of the sidecar, drifts by start. `synthetic` says what the records stand for."""
    drifts = sorted(recipe.drifts, key=lambda d: (d.start, d.end, d.kind))
    note = SOURCES[recipe.dataset].note
    return {
        "format": 1,
        "dataset": recipe.dataset,
        **({"synthetic": note} if note else {}),
        "records": recipe.records,
        "seed": recipe.seed,
        "error": recipe.error,
        "attack_share": recipe.attack_share,
        "drifts": [{"kind": d.kind, "shape": d.shape, "start": d.start, "end": d.end} for d in drifts],
    }
