"""A run's whole stream at once, for what looks back on it: what any model gets wrong in any window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from online.files import replace_file
from online.interfaces import Features
from online.label_store import held_labels
from online.labels import Labels, label_values
from online.ledger import Ledger
from online.memo import Memo
from online.remembered import Remembered
from online.run import read_manifest
from online.static_rows import StaticRows, read_static_rows
from online.windows import Window
from producer.errors import RunError
from static_model.artifact import Model, load_model
from static_model.scorer import Scorer, featurise
from static_model.steps import features_width

AT_ONCE = 20
"""Windows scored in one call."""
Bits = npt.NDArray[np.bool_]


class Whole(Memo):
    """A memo that holds all windows of a run, with features that several processes share through one mapped file.

    Attributes:
        run: the run directory.
        paths: for each arm the model in force in each window; arms that haven't seen all windows are left out.
        labelled: int64[windows], records with a label, whether or not the arms ever see it.
        odd: bool[all labelled records], whether their sequence number is odd.
        complete: bool[windows].
    """

    def __init__(self, run: Path, mapped: Path, static_rows: StaticRows | None) -> None:
        manifest = read_manifest(run)
        self.run = run
        start = load_model(run / "models" / str(manifest["static"]))
        ledger = Ledger(run / "segments", start.dataset)
        super().__init__(
            ledger,
            run / "models",
            static=str(manifest["static"]),
            seed=int(manifest["identity"]["seed"]),
            labels=held_labels(run, manifest),
            static_rows=static_rows,
        )
        self._all: list[Remembered] = []
        self._there: list[Bits] = []
        in_force: list[dict[str, str]] = []
        features = _map(mapped, features_width(start.steps))
        at = 0
        for entry in ledger.entries():
            end = at + len(entry.window.seqs)
            self._add(entry.window, features[at:end])
            in_force.append({arm: part.model for arm, part in entry.arms.items()})
            at = end
        everywhere = set.intersection(*(set(models) for models in in_force)) if in_force else set()
        self.paths = {arm: tuple(models[arm] for models in in_force) for arm in sorted(everywhere)}
        self.labelled = np.array([there.sum() for there in self._there], dtype=np.int64)
        seqs = [known.window.seqs[there] for known, there in zip(self._all, self._there, strict=True)]
        self.odd = np.concatenate([*seqs, np.empty(0, np.int64)]) % 2 == 1
        self.complete = np.array([known.window.complete for known in self._all], dtype=np.bool_)

    def __len__(self) -> int:
        """How many windows."""
        return len(self._all)

    @property
    def revealing(self) -> Labels:
        """When the run's labels became known; it has been asked about all windows."""
        return self._labels

    @property
    def static(self) -> str:
        """The id of the starting model."""
        return self._static

    def window(self, index: int) -> Remembered:
        """What is known of a window."""
        return self._all[index]

    def wrong(self, model: str, windows: Sequence[int]) -> Bits:
        """Which labelled records of these windows a model of the run gets wrong, bool[records], window after window."""
        loaded = load_model(self.run / "models" / model)
        scorer = Scorer(loaded.estimator)
        parts = [np.empty(0, np.bool_)]
        for at in range(0, len(windows), AT_ONCE):
            some = windows[at : at + AT_ONCE]
            known = [self._all[index] for index in some]
            there = np.concatenate([self._there[index] for index in some])
            labels = np.concatenate([label_values(self._label(one.window)) for one in known])
            scores = scorer.score(np.concatenate([self._features(loaded, one) for one in known]))
            parts.append(self.task.losses(labels[there], scores[there]) > 0)
        return np.concatenate(parts)

    def _features(self, model: Model, known: Remembered) -> Features:
        return known.features if model.steps == self.start.steps else known.features_by(model.steps)

    def _label(self, window: Window) -> Any:
        return window.records.column(self.start.dataset.label_name)

    def _add(self, window: Window, features: Features) -> None:
        column = self._label(window)
        self._labels.due(window)  # in order: when a window's turn comes may depend on those before it
        known = self._labels.known(window, column)
        self._all.append(Remembered(window, self.start.steps, column, known, {}, features))
        self._there.append(column.is_valid().to_numpy(zero_copy_only=False))


def open_whole(run: Path, mapped: Path, training: Sequence[Path] = (), *, model: Path | None = None) -> Whole:
    """A run's stream, with features that `features_of` has written.

    Args:
        run: the run directory.
        mapped: where the features are.
        training: the files that the starting model was trained on, if something learns from their rows, too.
        model: the starting model's directory, which may know these files' digests.

    Raises:
        RunError: a segment is damaged.
        UsageError: the model was trained on other files.
    """
    static = run / "models" / str(read_manifest(run)["static"])
    start = load_model(static)
    rows = read_static_rows(training, start.dataset, start.steps, model=model or static) if training else None
    return Whole(run, mapped, rows)


@contextmanager
def features_of(run: Path) -> Iterator[Path]:
    """The features of all records of a run in one file of plain float64, for as long as the block runs.

    Raises:
        RunError: there is no window yet, or the file can't be written.
    """
    start = load_model(run / "models" / str(read_manifest(run)["static"]))
    ledger = Ledger(run / "segments", start.dataset)
    if not len(ledger):
        raise RunError(f"the run {run} holds no window yet; run the same 'driftduel evaluate' again to go on")
    place = run / "baselines" / ".features"
    try:
        with replace_file(place) as file:
            for entry in ledger.entries():
                file.write(featurise(start.steps, entry.window.records).tobytes())
        yield place
    finally:
        place.unlink(missing_ok=True)


def _map(place: Path, width: int) -> Features:
    if not place.stat().st_size:
        return np.zeros((0, width))
    return np.asarray(np.memmap(place, dtype=np.float64, mode="r")).reshape(-1, width)
