"""What is remembered of windows, and rows gathered from several of them to fit on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from static_model.artifact import Step
from static_model.scorer import featurise

from .interfaces import Features, Fold, Rows
from .labels import label_values
from .selection import chosen, draws
from .static_rows import StaticRows
from .windows import Window

Places = npt.NDArray[np.intp]
T = TypeVar("T", bound=np.generic)


class Remembered:
    """One window.

    Attributes:
        window: its records.
        known: bool[n], whose labels are ever known to the arms.
        labels: int8[m], the known ones.
        scores: float64[n] by model.
    """

    __slots__ = ("_all_known", "_features", "_steps", "known", "labels", "scores", "window")

    def __init__(
        self,
        window: Window,
        steps: Sequence[Step],
        labels: pa.Array,
        known: npt.NDArray[np.bool_],
        scores: dict[str, npt.NDArray[np.float64]],
        features: Features | None = None,
    ) -> None:
        self.window = window
        self.known = known
        self._all_known = bool(known.all())
        self.labels = self.of_known(label_values(labels))
        self.scores = scores
        self._steps = steps
        self._features = features

    def of_known(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """Those of n values whose labels are known; the very array if all are."""
        return values if self._all_known else values[self.known]

    @property
    def features(self) -> Features:
        """float64[n, d], computed when first asked for, unless they were given."""
        if self._features is None:
            self._features = featurise(self._steps, self.window.records)
        return self._features

    def features_by(self, steps: Sequence[Step]) -> Features:
        """float64[n, e], by other steps than the starting model's."""
        return featurise(steps, self.window.records)


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Rows chosen from windows and from the static rows, which stand first; nothing is copied before it's asked for.

    Attributes:
        labels: int8[n].
        parts: the sources, each with the places of its chosen rows.
    """

    labels: npt.NDArray[np.int8]
    parts: tuple[tuple[Remembered | StaticRows, Places], ...]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.labels)

    def features(self) -> Features:
        """float64[n, d]."""
        return np.concatenate([part.features[places] for part, places in self.parts])

    def records(self) -> pa.RecordBatch:
        """The rows as one batch of the contract."""
        return pa.concat_batches([_records(part).take(pa.array(places)) for part, places in self.parts])


def gather(rows: Rows, windows: Iterable[Remembered], static: StaticRows | None, *, seed: int) -> Gathered:
    """Choose rows as asked: static ones, then all known ones of the windows but for the fold that is left out."""
    parts: list[tuple[Remembered | StaticRows, Places]] = []
    if static is not None:
        count = len(static.labels) if rows.static == "all" else int(rows.static)
        parts.append((static, static.sample(count, seed=seed)))
    for known in windows:
        places = np.flatnonzero(known.known)
        if rows.without and rows.without.window == known.window.index:
            places = places[~in_fold(len(places), rows.without)]
        parts.append((known, places))
    labels = np.concatenate([np.empty(0, np.int8), *(_labels(part, places) for part, places in parts)])
    if rows.per_class is None and rows.ratio is None:
        return Gathered(labels, tuple(parts))
    drawn = draws(np.concatenate([_numbers(part, places) for part, places in parts]), seed=seed)
    kept = chosen(labels, drawn, per_class=rows.per_class, ratio=rows.ratio)
    ends = np.cumsum([len(places) for _, places in parts])[:-1]
    masks = np.split(kept, ends)
    few = tuple((part, places[mask]) for (part, places), mask in zip(parts, masks, strict=True))
    return Gathered(labels[kept], few)


def in_fold(records: int, fold: Fold) -> npt.NDArray[np.bool_]:
    """Which of a window's labelled records belong to a fold, bool[n].

    >>> in_fold(5, Fold(window=3, part=1, of=2)).tolist()
    [False, True, False, True, False]
    """
    found: npt.NDArray[np.bool_] = np.arange(records) % fold.of == fold.part
    return found


def _records(part: Remembered | StaticRows) -> pa.RecordBatch:
    return part.records if isinstance(part, StaticRows) else part.window.records


def _labels(part: Remembered | StaticRows, places: Places) -> npt.NDArray[np.int8]:
    if isinstance(part, StaticRows):
        return part.labels[places]
    found: npt.NDArray[np.int8] = part.labels[np.cumsum(part.known)[places] - 1]
    return found


def _numbers(part: Remembered | StaticRows, places: Places) -> npt.NDArray[np.int64]:
    """Numbers that tell rows apart; static ones count down from -1."""
    return -1 - places if isinstance(part, StaticRows) else part.window.seqs[places]
