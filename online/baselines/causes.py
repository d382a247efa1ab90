"""Three causes of an arm's difference to static: another engine, another number of rows, and fresh rows.

    static - arm  =  (static - all)  +  (all - same)  +  (same - arm)
                        engine            size          freshness

`all` is the arm's learner fitted on all static training rows; `same` is fitted on as many static rows as the arm's
model of that window. Both are made after the run, along the path that the arm took. Freshness is the headline: what
remains where engine and number of rows are the same.

The traps: `all` has another seed than the static model and knows the rows that were held out from it, so that "engine"
holds this luck, too: much of it where a stream has left what both were trained on. An undersampling ratio of the arm's
training set isn't copied, and counts as freshness.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from online.arms import Arm
from online.files import replace_file
from online.interfaces import Rows
from online.memo import Refused
from online.registry import problems
from producer.errors import RunError
from static_model.artifact import load_model

from .matrix import Number, load_array, read_facts, save_array
from .whole import Whole

FORMAT = 1
CONTROLS = ("all", "same")
FEWEST = 2
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Causes:
    """What the two controls of an arm got wrong.

    Attributes:
        windows: the windows compared: those where the arm ran another model than static, and controls could be fitted.
        wrong: for `all` and `same`, and for each of these windows, which labelled records they got wrong, bool[n_w].
        left_out: windows where the arm ran another model, but a control was refused.
        reasons: why, in words.
    """

    windows: tuple[int, ...]
    wrong: Mapping[str, list[Bits]]
    left_out: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()


class _Facts(BaseModel):
    """causes.json; nothing of it is taken on trust."""

    windows: tuple[Number, ...]
    labelled: tuple[Number, ...]
    left_out: tuple[Number, ...]
    reasons: tuple[str, ...]


def build_causes(whole: Whole, arm: Arm) -> Path:
    """Fit and score the controls of an arm, or find them.

    Args:
        whole: the run's stream, with the static rows.
        arm: one that learns from rows at once and has seen all windows.

    Returns:
        The directory that holds them.

    Raises:
        UsageError: the static rows aren't known.
    """
    path = whole.paths[arm.name]
    content = [arm.learner.model_dump(mode="json"), path, whole.static_rows.digest]
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
    folder = whole.run / "baselines" / key
    if not (folder / "causes.json").exists():
        _write(whole, arm, folder)
    return folder


def read_causes(folder: Path) -> Causes:
    """The causes that are there.

    Raises:
        RunError: they are damaged, or of a newer format.
    """
    try:
        facts = _Facts.model_validate(read_facts(folder / "causes.json", FORMAT))
        ends = np.cumsum(facts.labelled, dtype=np.int64)
        packed = {name: load_array(folder / f"{name}.npy") for name in CONTROLS}
        total = int(ends[-1]) if len(ends) else 0
        if any(len(bits) != -(-total // 8) for bits in packed.values()):
            raise ValueError("the controls don't fit their windows")
        wrong = {
            name: np.split(np.unpackbits(bits, count=total).astype(np.bool_), ends[:-1]) if total else []
            for name, bits in packed.items()
        }
        if len(facts.labelled) != len(facts.windows):
            raise ValueError("the windows don't fit their labels")
        return Causes(facts.windows, wrong, facts.left_out, facts.reasons)
    except (OSError, ValueError, TypeError) as error:
        said = problems(error) if isinstance(error, ValidationError) else error
        raise RunError(
            f"the causes in {folder} are damaged ({said}); delete that folder, and compute the baselines again"
        ) from None


def _write(whole: Whole, arm: Arm, folder: Path) -> None:
    changed = [window for window, model in enumerate(whole.paths[arm.name]) if model != whole.static]
    everything = whole.fit(arm.learner, Rows(None, static="all"), minimum=FEWEST) if changed else None
    controls = _same_sizes(whole, arm, changed)
    reasons = {fit.reason for fit in (everything, *controls.values()) if isinstance(fit, Refused)}
    if everything is None or isinstance(everything, Refused):
        windows, wrong = [], {name: np.empty(0, np.bool_) for name in CONTROLS}
    else:
        windows = [window for window in changed if not isinstance(controls[window], Refused)]
        same = [str(controls[window]) for window in windows]
        wrong = {"all": whole.wrong(everything.model, windows), "same": _wrong_along(whole, windows, same)}
    for name in CONTROLS:
        save_array(folder / f"{name}.npy", np.packbits(wrong[name]))
    facts = {
        "format": FORMAT,
        "arm": arm.name,
        "windows": windows,
        "labelled": [int(whole.labelled[window]) for window in windows],
        "left_out": sorted(set(changed) - set(windows)),
        "reasons": sorted(reasons),
    }
    with replace_file(folder / "causes.json") as file:
        file.write(json.dumps(facts).encode() + b"\n")


def _same_sizes(whole: Whole, arm: Arm, changed: Sequence[int]) -> dict[int, str | Refused]:
    """For each window a model fitted on as many static rows as the arm's model there; on all if there aren't more."""
    path = whole.paths[arm.name]
    there = len(whole.static_rows.labels)
    found: dict[int, str | Refused] = {}
    fits: dict[str, str | Refused] = {}
    for window in changed:
        model = path[window]
        if model not in fits:
            rows = _rows_of(whole, model)
            wanted = Rows(None, static=rows if rows < there else "all")
            fit = whole.fit(arm.learner, wanted, minimum=FEWEST)
            fits[model] = fit if isinstance(fit, Refused) else fit.model
        found[window] = fits[model]
    return found


def _rows_of(whole: Whole, model: str) -> int:
    info: Mapping[str, Any] = load_model(whole.run / "models" / model).info
    return int(info["rows"])


def _wrong_along(whole: Whole, windows: Sequence[int], models: Sequence[str]) -> Bits:
    """Which records are wrong, window after window, each scored by the model that stands beside it."""
    parts: dict[int, Bits] = {}
    for model in dict.fromkeys(models):
        mine = [window for window, other in zip(windows, models, strict=True) if other == model]
        ends = np.cumsum(whole.labelled[mine])
        parts |= dict(zip(mine, np.split(whole.wrong(model, mine), ends[:-1]), strict=True))
    return np.concatenate([np.empty(0, np.bool_), *(parts[window] for window in windows)])
