"""The matrix of losses: what the model fitted after window i gets wrong in every window j after it, kept in the run.

`baselines/KEY/` holds one pair of files for each model, written when it is done: `000012.json` says what was fitted (or
why not), `000012.npy` which records it gets wrong, one bit each; `static` is the starting model. `matrix.json` comes
last. A kill in the middle loses the models in work only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Annotated, Any, Literal
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, ValidationError

from online.files import replace_file
from online.registry import problems
from producer.errors import RunError

from .oracle import Losses

FORMAT = 1
STATIC = -1
"""In the place of the window after which a model was fitted: the starting model."""
Bits = npt.NDArray[np.bool_]


Number = Annotated[int, Field(ge=0, lt=2**31)]


class _Kind(BaseModel):
    kind: str


class _Fit(BaseModel):
    window: Number
    rows: Number


class _Facts(BaseModel):
    """matrix.json; nothing of it is taken on trust."""

    format: Literal[1]
    title: str
    training_set: dict[str, Any]
    learner: _Kind
    fits: list[_Fit]
    refused: list[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A matrix of losses, read.

    Attributes:
        folder: where it is.
        facts: `training_set`, `learner`, `every`, `title`, `windows`, `fits` (window, model, rows) and `refused`.
        labelled: int64[windows], labelled records.
        odd: bool[all labelled records], whether their sequence number is odd.
        errors: int64[1 + models, windows, 2]; see `Losses`.
    """

    folder: Path
    facts: Mapping[str, Any]
    labelled: npt.NDArray[np.int64]
    odd: Bits
    errors: npt.NDArray[np.int64]

    @property
    def fitted(self) -> npt.NDArray[np.int64]:
        """int64[models], after which window each was fitted."""
        return np.array([fit["window"] for fit in self.facts["fits"]], dtype=np.int64)

    def losses(self, lag: int) -> Losses:
        """The same for models that serve only so many windows after the one that they were fitted after."""
        return Losses(self.errors, self.fitted, lag)

    def wrong(self, path: npt.NDArray[np.intp]) -> list[Bits]:
        """Which labelled records are wrong along a path, bool[n_w] for each window.

        Args:
            path: int[windows], the row in force in each window.

        Raises:
            RunError: a model would predict a window that it was trained on, or a file is damaged.
        """
        ends = np.concatenate([[0], np.cumsum(self.labelled)])
        found: list[Bits] = [np.empty(0, np.bool_)] * len(path)
        for row in np.unique(path):
            after = STATIC if row == 0 else int(self.fitted[row - 1])
            mine = np.flatnonzero(path == row)
            if mine[0] <= after:
                raise _damaged(self.folder, f"the model of window {after} would predict window {mine[0]}")
            places = ends - ends[after + 1]
            part = slice(int(places[mine[0]]), int(places[mine[-1] + 1]))
            bits = read_bits(self.folder, after, int(places[-1]), part)
            for window in mine:
                found[window] = bits[places[window] - part.start : places[window + 1] - part.start]
        return found

    def crossed(self, paths: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]) -> list[Bits]:
        """The same for a cross-fitted pair: records with an odd number along the first path, even ones by the second.

        Args:
            paths: as `Oracle` has them: the one chosen on even records, which is scored on odd ones, and the other.
        """
        chosen_on_even, chosen_on_odd = (self.wrong(path) for path in paths)
        odd = np.split(self.odd, np.cumsum(self.labelled)[:-1])
        parts = zip(odd, chosen_on_even, chosen_on_odd, strict=True)
        return [np.where(here, first, second) for here, first, second in parts]

    def check(self) -> None:
        """Read all of it once.

        Raises:
            RunError: a file is damaged.
        """
        ends = np.concatenate([[0], np.cumsum(self.labelled)])
        for after in (STATIC, *self.fitted.tolist()):
            read_bits(self.folder, after, int(ends[-1] - ends[after + 1]))


def read_matrix(folder: Path) -> Matrix:
    """A matrix that is there.

    Raises:
        RunError: it is damaged, or of a newer format.
    """
    try:
        facts = read_facts(folder / "matrix.json", FORMAT)
        fitted = [fit.window for fit in _Facts.model_validate(facts).fits]
        arrays = [load_array(folder / f"{name}.npy") for name in ("labelled", "odd", "errors")]
        labelled, odd, errors = arrays[0], np.unpackbits(arrays[1], count=arrays[0].sum()).astype(np.bool_), arrays[2]
        if errors.shape != (1 + len(fitted), len(labelled), 2) or labelled.dtype != errors.dtype != np.int64:
            raise ValueError("its errors don't fit its models")
        if sorted({*fitted}) != fitted or max(fitted, default=0) >= len(labelled) or (labelled < 0).any():
            raise ValueError("its models don't fit its windows")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, error) from None
    return Matrix(folder, facts, labelled, odd, errors)


def read_facts(path: Path, known: int) -> dict[str, Any]:
    """A JSON object of this format.

    Raises:
        OSError: it can't be read.
        ValueError: it is something else, or of another format.
    """
    try:
        facts = json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(facts, dict) or facts.get("format") != known:
        found = facts.get("format") if isinstance(facts, dict) else None
        raise ValueError(f"its format is {found!r}, this driftduel reads {known}")
    json.dumps(facts, ensure_ascii=False, allow_nan=False).encode()  # what can be read can be written again
    return facts


def load_array(path: Path) -> npt.NDArray[Any]:
    """An array of plain numbers from a .npy file.

    Raises:
        OSError: it can't be read.
        ValueError: it is something else.
    """
    try:
        found = np.load(path, allow_pickle=False)
    except (EOFError, MemoryError, BadZipFile, TokenError) as error:  # EOFError: empty; TokenError: a broken header
        raise ValueError(str(error)) from None
    if not isinstance(found, np.ndarray):
        raise ValueError(f"{path.name} is an archive")
    return found


def _damaged(folder: Path, error: object) -> RunError:
    said = problems(error) if isinstance(error, ValidationError) else error
    return RunError(f"the baselines in {folder} are damaged ({said}); delete that folder, and compute them again")


def file_of(folder: Path, after: int, suffix: str) -> Path:
    """The file of the model fitted after a window; of the starting model for STATIC."""
    return folder / f"{'static' if after == STATIC else f'{after:06d}'}.{suffix}"


def read_bits(folder: Path, after: int, count: int, part: slice | None = None) -> Bits:
    """Which of the `count` records after a window its model gets wrong, bool[count], or a part of them.

    Raises:
        RunError: the file is damaged.
    """
    path = file_of(folder, after, "npy")
    try:
        packed = load_array(path)
        if packed.shape != (-(-count // 8),):
            raise ValueError(f"{path.name} doesn't hold {count} records")
        part = part or slice(0, count)
        first = part.start // 8
        bits = np.unpackbits(packed[first : -(-part.stop // 8)]).astype(np.bool_)
        return bits[part.start - 8 * first : part.stop - 8 * first]
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(folder, error) from None


def save_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array as .npy, whole or not at all."""
    with replace_file(path) as file:
        np.save(file, array, allow_pickle=False)
