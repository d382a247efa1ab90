"""What else lies in a run directory: models, the planted truth, positions, and what isn't part of a run."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from online.positions import POSITIONS, Positions
from online.registry import problems
from online.windows import Position
from producer.errors import ContractError, ModelError, RunError
from producer.recipe import read_truth
from static_model.artifact import saved_info

from .manifest import Asked, Manifest
from .reading import Number, several

PARTS = frozenset(
    (
        *("manifest.json", "experiment.toml", "segments", "models", "positions.jsonl", "timings.jsonl", "truth.json"),
        *("windows.csv", "events.jsonl", "dead_letters.jsonl", "labels.arrow", "dead_labels.jsonl", "baselines"),
        *("summary.json", "figures", "tables", "report.html", "table.tex", "table.csv"),
    )
)
"""What a run directory may hold, with what `report` adds; names that begin with a point are nobody's business."""


class _Drift(BaseModel):
    kind: str
    shape: str
    start: Number
    end: Number


class _Truth(BaseModel):
    drifts: list[_Drift]


def read_positions(run: Path, missing: list[str]) -> Mapping[int, Position]:
    """Where the windows' messages came from, as far as that is known; needed for dead letters and for resuming only."""
    why = "is missing"
    try:
        if (run / POSITIONS).is_file():
            found = Positions(run)
            if found.damaged > 1:  # a dying process may have left one line unfinished
                missing.append(f"{POSITIONS} is damaged ({found.damaged:,} lines): the run can't be taken up again.")
            return found
    except OSError as error:
        why = f"can't be read ({error.strerror})"
    missing.append(f"{POSITIONS} {why}: the run can't be taken up again; the report doesn't need it.")
    return {}


def name_lost_positions(positions: Iterable[int], windows: Iterable[int], missing: list[str]) -> None:
    """Name the windows that are committed, but have no position, as each was written down before its window."""
    if any(one.startswith("positions.jsonl") for one in missing):
        return
    if lost := sorted({*windows} - {*positions}):
        missing.append(
            f"positions.jsonl says nothing of the windows {several(lost)}: where their dead letters came from isn't "
            "known, and the run can't be taken up again from there."
        )


def source_of(manifest: Manifest, asked: Asked) -> dict[str, str]:
    """Where dead letters say that they come from: `{"topic": name}`, `{"file": name}`, or nothing if that is lost."""
    if isinstance(topic := manifest.identity.source.get("topic"), str):
        return {"topic": topic}
    files = [stream["file"] for stream in asked.stream if isinstance(stream.get("file"), str)]
    return {"file": Path(files[0]).name} if files else {}


def read_planted(run: Path, asked: Path | None, missing: list[str]) -> Mapping[str, Any] | None:
    """The planted truth: the file that the user names, or the run's own, or None.

    Raises:
        ContractError: the user's file holds none.
    """
    if asked is not None:
        return _checked(read_truth(asked), asked)
    own = run / "truth.json"
    if not own.exists() and not own.is_symlink():
        return None
    try:
        return _checked(read_truth(own), own)
    except ContractError as error:
        missing.append(f"truth.json is left out: {error}. Detectors and recovery aren't scored.")
        return None


def _checked(truth: Mapping[str, Any], place: Path) -> Mapping[str, Any]:
    try:
        _Truth.model_validate(truth)
        json.dumps(truth, ensure_ascii=False, allow_nan=False).encode()  # half letters can be read, but not written
    except ValueError as error:
        said = problems(error) if isinstance(error, ValidationError) else error
        raise ContractError(f"{place} holds no planted truth ({said})") from None
    return truth


def name_strangers(run: Path, models: Iterable[str], missing: list[str], *, static: str | None) -> None:
    """Name the models in force that the run doesn't hold, those that are damaged, and whatever isn't part of a run.

    Args:
        run: the run directory.
        models: ids of the models in force.
        static: that of the starting model, of which it is said elsewhere if it can't be read.
        missing: takes the sentences.
    """
    # A model that learns by record is kept as a recipe.
    whole = {path.parent.name for path in (*run.glob("models/*/model.json"), *run.glob("models/*/recipe.json"))}
    if lost := [name for name in models if name not in whole]:
        missing.append(
            f"models: {several(lost)} can't be found; the run can't be taken up again, the report needs none."
        )
    folders = (path.parent for path in run.glob("models/*/model.json"))
    if damaged := sorted(path.name for path in folders if path.name != static and not _sound(path)):
        missing.append(
            f"models: {several(damaged)} aren't what was saved; the run can't be taken up again, the report needs none."
        )
    found = (path.name for path in run.iterdir() if path.name not in PARTS and not path.name.startswith("."))
    if strangers := sorted(found):
        missing.append(f"Not part of a run, and left alone: {several(strangers)}.")


def _sound(model: Path) -> bool:
    try:
        saved_info(model)
    except (ModelError, OSError):
        return False
    return True


def check_is_run(path: Path) -> None:
    """Refuse a place where there is nothing of a run, or something that would be read for ever.

    Raises:
        RunError: there isn't, or there is.
    """
    try:
        found = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise RunError(
            f"{path} is no run: it has no manifest.json ({error.strerror}). Name a directory that 'driftduel evaluate' "
            "wrote"
        ) from None
    if not found & {"manifest.json", "segments", "windows.csv"}:
        raise RunError(f"{path} is no run: it has no manifest.json. Name a directory that 'driftduel evaluate' wrote")
    refuse_endless(path)


def refuse_endless(run: Path) -> None:
    """Refuse a run in which a pipe, a socket or a device stands for a file: reading it might never end.

    Raises:
        RunError: one does.
    """
    held = [run / part for part in PARTS]
    for path in (*held, *(inner for part in held for inner in part.rglob("*"))):
        try:
            mode = path.stat().st_mode
        except (OSError, RuntimeError):  # gone meanwhile, or a link that leads nowhere: whoever reads it says so
            continue
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise RunError(
                f"{path} is a pipe, a socket or a device, which no run holds; reading it might never end. Remove it, "
                "or copy the file from where the run was made"
            )
