"""Making a matrix of losses: one fit after each window, by several processes where there's enough work."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from online.files import replace_file
from online.interfaces import Attempt
from online.memo import Refused
from producer.errors import RunError

from .matrix import FORMAT, STATIC, file_of, read_bits, save_array
from .whole import Whole, open_whole

FEW = 16
"""Fewer models than this are made in this process: another one takes seconds to start."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is fitted again and again.

    Attributes:
        training_set: on what; one that needs no date, so that its rows depend on the window alone.
        learner: how.
        every: after every so many windows; 1 is after each.
    """

    training_set: Any
    learner: Any
    every: int = 1

    def plain(self) -> dict[str, Any]:
        """All that specifies it."""
        parts: dict[str, BaseModel] = {"training_set": self.training_set, "learner": self.learner}
        return {**{name: part.model_dump(mode="json") for name, part in parts.items()}, "every": self.every}


@dataclass(frozen=True, slots=True)
class Shared:
    """What another process needs in order to work on the same matrix."""

    run: Path
    mapped: Path
    training: tuple[Path, ...]
    ask: Ask


def build(
    whole: Whole,
    ask: Ask,
    *,
    mapped: Path,
    training: Sequence[Path] = (),
    processes: int = 1,
    done: Callable[[int], None] = lambda models: None,
) -> Path:
    """Make a matrix, or find it, or finish one that was begun; what comes out doesn't depend on `processes`.

    Args:
        whole: the run's stream.
        ask: what is fitted.
        mapped: the stream's features, as `whole` has them, for other processes.
        training: the static training files, for other processes.
        processes: how many work on it, where there's enough work. A learner that needs Spark gets one.
        done: told how many further models are done.

    Returns:
        The matrix's directory.
    """
    folder = whole.run / "baselines" / _key(whole, ask)
    if (folder / "matrix.json").exists():
        return folder
    wanted = [STATIC, *range(ask.every - 1, len(whole) - 1, ask.every)]
    left = [after for after in wanted if not file_of(folder, after, "json").exists()]
    done(len(wanted) - len(left))
    if processes > 1 and len(left) >= FEW and not getattr(ask.learner, "needs_spark", False):
        _spread(Shared(whole.run, mapped, tuple(training), ask), folder, left, processes, done)
    else:
        for after in left:
            _make(whole, ask, folder, after)
            done(1)
    _conclude(whole, ask, folder, wanted)
    return folder


def models_of(ask: Ask, windows: int) -> int:
    """How many models a matrix over so many windows has, the static one and refused ones included."""
    return 1 + len(range(ask.every - 1, windows - 1, ask.every))


def _key(whole: Whole, ask: Ask) -> str:
    content: list[Any] = [ask.plain(), len(whole), int(whole.labelled.sum())]
    if hasattr(ask.training_set, "static"):
        content.append(whole.static_rows.digest)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _make(whole: Whole, ask: Ask, folder: Path, after: int) -> None:
    """Fit one model, and note what it gets wrong after its last training window."""
    fit = _fit(whole, ask, after)
    if isinstance(fit, Refused):
        facts: dict[str, Any] = {"window": after, "reason": fit.reason}
    else:
        model, rows = fit
        facts = {"window": after, "model": model, "rows": rows}
        wrong = whole.wrong(model, range(after + 1, len(whole)))
        save_array(file_of(folder, after, "npy"), np.packbits(wrong))
    with replace_file(file_of(folder, after, "json")) as file:
        file.write(json.dumps(facts).encode())


def _fit(whole: Whole, ask: Ask, after: int) -> tuple[str, int] | Refused:
    if after == STATIC:
        return whole.static, 0
    if not len(whole.window(after).labels):
        return Refused("no label of the window is known")  # then a policy isn't asked either
    fit = whole.fit(ask.learner, ask.training_set.rows(after, Attempt("baseline")), minimum=ask.training_set.minimum)
    return fit if isinstance(fit, Refused) else (fit.model, fit.rows)


def _spread(shared: Shared, folder: Path, left: Sequence[int], processes: int, done: Callable[[int], None]) -> None:
    """Give each process every `processes`-th model: later ones have fewer windows to score."""
    context = multiprocessing.get_context("spawn")
    seen = 0
    try:
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            parts = {pool.submit(_work, shared, folder, left[part::processes]) for part in range(processes)}
            waiting = parts
            while waiting:
                _, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                now = sum(file_of(folder, after, "json").exists() for after in left)
                done(now - seen)
                seen = now
            for part in parts:
                part.result()
    except BrokenProcessPool:
        raise RunError(
            "a process that fitted baselines died, perhaps for want of memory. What it had done is kept: the same "
            "command goes on, and with --processes 1 needs less"
        ) from None


def _work(shared: Shared, folder: Path, left: Sequence[int]) -> None:
    whole = open_whole(shared.run, shared.mapped, shared.training)
    parent = multiprocessing.parent_process()
    for after in left:
        if parent is not None and not parent.is_alive():
            return  # nobody holds the run any more
        _make(whole, shared.ask, folder, after)


def _conclude(whole: Whole, ask: Ask, folder: Path, wanted: Sequence[int]) -> None:
    found = [json.loads(file_of(folder, after, "json").read_text("utf-8")) for after in wanted]
    fits = [facts for facts in found if "model" in facts and facts["window"] != STATIC]
    rows = (STATIC, *(fit["window"] for fit in fits))
    save_array(folder / "labelled.npy", whole.labelled)
    save_array(folder / "odd.npy", np.packbits(whole.odd))
    save_array(folder / "errors.npy", np.stack(list(_errors(whole, folder, rows))))
    facts = {
        "format": FORMAT,
        **ask.plain(),
        "title": ask.training_set.title,
        "windows": len(whole),
        "fits": fits,
        "refused": [facts for facts in found if "reason" in facts],
    }
    with replace_file(folder / "matrix.json") as file:
        file.write(json.dumps(facts, indent=1).encode() + b"\n")


def _errors(whole: Whole, folder: Path, rows: Sequence[int]) -> Iterator[npt.NDArray[np.int64]]:
    """For each row its errors by window and parity, int64[windows, 2]."""
    ends = np.concatenate([[0], np.cumsum(whole.labelled)])
    for after in rows:
        wrong = np.zeros(ends[-1], np.bool_)
        wrong[ends[after + 1] :] = read_bits(folder, after, int(ends[-1] - ends[after + 1]))
        halves = [np.concatenate([[0], np.cumsum(wrong & half)]) for half in (~whole.odd, whole.odd)]
        yield np.stack([np.diff(sums[ends]) for sums in halves], axis=1)
