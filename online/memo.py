"""The memo: featurise, predict and fit are pure, so what was computed once is looked up, in memory or in the run.

Resuming is running again: over a run's own windows every score and every fit is found here.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from producer.errors import ModelError, UsageError
from static_model.artifact import Model, load_model, save_model, saved_info
from static_model.scorer import Scorer

from .interfaces import Features, Learner, Losses, Outcome, RecordLearner, Rows, Span, Training
from .labels import IMMEDIATE, Labels
from .ledger import Entry, Ledger
from .remembered import Gathered, Remembered, gather
from .static_rows import StaticRows
from .task import BinaryTask
from .windows import Window

REMEMBERED = 128
"""Windows kept in memory; older ones are read from the ledger again when a fit needs them."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted challenger: its id, and how many rows it was trained on."""

    model: str
    rows: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there was no fit."""

    reason: str


class Memo:
    """What one run remembers.

    Attributes:
        task: how scores and labels become losses.
        start: the starting model.
    """

    def __init__(
        self,
        ledger: Ledger,
        models: Path,
        *,
        static: str,
        seed: int,
        labels: Labels = IMMEDIATE,
        static_rows: StaticRows | None = None,
    ) -> None:
        self._static = static
        self._static_rows = static_rows
        self._ledger = ledger
        self._models = models
        self._seed = seed
        self._labels = labels
        self.start: Model = self._load(static)
        self.task = BinaryTask(self.start.threshold)
        self._scorers: OrderedDict[str, Callable[[Remembered], npt.NDArray[np.float64]]] = OrderedDict()
        self._stepwise: dict[str, Callable[[int], npt.NDArray[np.float64]]] = {}
        self._windows: OrderedDict[int, Remembered] = OrderedDict()
        self._fitted: dict[str, int] = {}

    def open(self, window: Window) -> None:
        """Take up the next window: its features are computed once, for all models."""
        committed = window.index < len(self._ledger)
        scores = dict(self._ledger.read(window.index).scores) if committed else {}
        self._windows[window.index] = self._remembered(window, scores)
        while len(self._windows) > REMEMBERED:
            self._windows.popitem(last=False)

    def scores(self, model: str, window: int) -> npt.NDArray[np.float64]:
        """The model's probability of class 1 for each record of the window, float64[n]."""
        known = self.window(window)
        if model not in known.scores:
            stepwise = self._stepwise.get(model)
            scores = stepwise(window) if stepwise else self._scorer(model)(known)
            scores.setflags(write=False)  # frozen: what was predicted is predicted
            known.scores[model] = scores
        return known.scores[model]

    def features(self, window: int) -> Features:
        """The features of all records of the window, float64[n, d], as the starting model's steps compute them."""
        return self.window(window).features

    def losses(self, model: str, window: int) -> Losses:
        """The model's loss for each record of the window whose label is known, float64[n]."""
        known = self.window(window)
        return self.task.losses(known.labels, known.of_known(self.scores(model, window)))

    def outcome(self, model: str, window: int) -> Outcome:
        """The window as that model predicted it, beside its known labels."""
        known = self.window(window)
        scores = known.of_known(self.scores(model, window))
        return Outcome(window, known.labels, scores, self.task.losses(known.labels, scores), self.start.threshold)

    def fit(self, learner: Learner, rows: Rows, *, minimum: int) -> Fit | Refused:
        """Train a challenger on these rows; an equal fit is made once, whoever asks for it."""
        model, seed = self.identify(learner, rows)
        if (self._models / model).exists():
            count = self._rows_of(model)
            return Fit(model, count) if count >= minimum else _too_few(count, minimum)
        found = self._gather(rows)
        if found.count < minimum:
            return _too_few(found.count, minimum)
        if len(classes := np.unique(found.labels)) < 2:
            return Refused(f"all {found.count} rows are of class {classes[0]}")
        fitted = learner.fit(Training(found.features(), found.labels, found.records), like=self.start, seed=seed)
        facts = {**fitted.info, "trained_on": asdict(rows), "rows": found.count, "seed": seed}
        save_model(replace(fitted, holdout_records=0, holdout_errors=0, info=facts), self._models / model)
        return Fit(model, found.count)

    def count(self, rows: Rows) -> int:
        """How many rows these are."""
        return self._gather(rows).count

    def commit(self, entry: Entry) -> None:
        """Write the window's part of the ledger: scores and events share one commit."""
        self._ledger.commit(entry)

    def attach(self, model: str, scores: Callable[[int], npt.NDArray[np.float64]]) -> None:
        """Let a model that steps by record score windows itself, each once and in order."""
        self._stepwise[model] = scores

    def identify(self, learner: Learner | RecordLearner, rows: Rows | None) -> tuple[str, int]:
        """The id and the seed of a fit come from what determines it, never from the arm that asks for it.

        Without rows it is that of a model that learns record by record.
        """
        key: list[Any] = [self._static, self._seed, learner.model_dump(mode="json"), rows and asdict(rows)]
        if self._labels.share < 1:
            key.append(self._labels.share)
        if rows is None:
            key.append(self._labels.delay)  # it decides what has been learned by when
        if getattr(learner, "warm_up", False) if rows is None else rows.static != "none":
            key.append(self.static_rows.digest)
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).digest()
        return digest.hex()[:12], int.from_bytes(digest[-4:], "big")

    @property
    def static_rows(self) -> StaticRows:
        """The rows that the starting model was trained on.

        Raises:
            UsageError: nobody said where they are.
        """
        if self._static_rows is None:
            raise UsageError("an arm needs the rows that the starting model was trained on: name them with --training")
        return self._static_rows

    def window(self, index: int) -> Remembered:
        """What is known of a window; an old one is read from the ledger again."""
        if index in self._windows:
            return self._windows[index]
        entry = self._ledger.read(index)
        return self._remembered(entry.window, dict(entry.scores))

    def _gather(self, rows: Rows) -> Gathered:
        span = rows.span or Span(0, -1)
        windows = (self.window(index) for index in range(span.first, span.last + 1))
        static = None if rows.static == "none" else self.static_rows
        return gather(rows, windows, static, seed=self._seed)

    def _scorer(self, model: str) -> Callable[[Remembered], npt.NDArray[np.float64]]:
        if model not in self._scorers:
            loaded = self._load(model)
            self._scorers[model] = _scorer(loaded, None if loaded.steps == self.start.steps else loaded)
            while len(self._scorers) > REMEMBERED:
                self._scorers.popitem(last=False)
        return self._scorers[model]

    def _load(self, model: str) -> Model:
        with _named(self._models / model):
            return load_model(self._models / model)

    def _rows_of(self, model: str) -> int:
        """How many rows a fitted model that is there was trained on.

        Once it is looked whether all of it is whole: it may stand for long before its scores are needed.
        """
        if model not in self._fitted:
            with _named(self._models / model):
                self._fitted[model] = _trained_rows(self._models / model)
        return self._fitted[model]

    def _remembered(self, window: Window, scores: dict[str, npt.NDArray[np.float64]]) -> Remembered:
        window = replace(window, dead=())  # nobody asks for them again, and they may be large
        column = window.records.column(self.start.dataset.label_name)
        return Remembered(window, self.start.steps, column, self._labels.known(window, column), scores)


def _trained_rows(model: Path) -> int:
    rows = saved_info(model).get("rows")
    if type(rows) is not int:  # True is one, too
        raise ModelError(f"{model} doesn't say how many rows it was trained on")
    return rows


def _too_few(rows: int, minimum: int) -> Refused:
    return Refused(f"only {rows} rows, {minimum} are needed")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except ModelError as error:
        said = f"{error}. In a run it is made anew: delete {path}, and run the same command again"
        raise ModelError(said) from None


def _scorer(model: Model, own: Model | None) -> Callable[[Remembered], npt.NDArray[np.float64]]:
    """Scores a window with features computed once for all models, or by the model's own steps where these differ."""
    scorer = Scorer(model.estimator)
    if own is None:
        return lambda known: scorer.score(known.features)
    return lambda known: scorer.score(known.features_by(own.steps))
