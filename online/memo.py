"""The memo: featurise, predict and fit are pure, so what was computed once is looked up, in memory or in the run.

Resuming is running again: over a run's own windows every score and every fit is found here.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from static_model.artifact import Model, load_model, save_model
from static_model.scorer import Scorer, featurise

from .interfaces import Learner, Losses, Outcome, Span
from .ledger import Entry, Ledger
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


@dataclass(slots=True, eq=False)
class _Known:
    """What is remembered of one window."""

    features: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int8]
    scores: dict[str, npt.NDArray[np.float64]]


class Memo:
    """What one run remembers.

    Attributes:
        task: how scores and labels become losses.
    """

    def __init__(self, ledger: Ledger, models: Path, *, static: str, seed: int) -> None:
        self._static = static
        self._ledger = ledger
        self._models = models
        self._seed = seed
        self._start: Model = load_model(models / static)
        self.task = BinaryTask(self._start.threshold)
        self._scorers: OrderedDict[str, Scorer] = OrderedDict()
        self._windows: OrderedDict[int, _Known] = OrderedDict()

    def open(self, window: Window) -> None:
        """Take up the next window: its features are computed once, for all models."""
        committed = window.index < len(self._ledger)
        scores = dict(self._ledger.read(window.index).scores) if committed else {}
        self._windows[window.index] = self._known(window, scores)
        while len(self._windows) > REMEMBERED:
            self._windows.popitem(last=False)

    def scores(self, model: str, window: int) -> npt.NDArray[np.float64]:
        """The model's probability of class 1 for each record of the window, float64[n]."""
        known = self._window(window)
        if model not in known.scores:
            scores = self._scorer(model).score(known.features)
            scores.setflags(write=False)  # frozen: what was predicted is predicted
            known.scores[model] = scores
        return known.scores[model]

    def losses(self, model: str, window: int) -> Losses:
        """The model's loss for each record of the window, float64[n]."""
        return self.task.losses(self._window(window).labels, self.scores(model, window))

    def outcome(self, model: str, window: int) -> Outcome:
        """The window as that model predicted it, beside its labels."""
        scores, labels = self.scores(model, window), self._window(window).labels
        return Outcome(window, labels, scores, self.losses(model, window), self._start.threshold)

    def fit(self, learner: Learner, span: Span, *, minimum: int) -> Fit | Refused:
        """Train a challenger on the span's records; an equal fit is made once, whoever asks for it."""
        windows = [self._window(index) for index in range(span.first, span.last + 1)]
        labels = np.concatenate([window.labels for window in windows])
        if len(labels) < minimum:
            return Refused(f"only {len(labels)} rows, {minimum} are needed")
        if len(np.unique(labels)) < 2:
            return Refused(f"all {len(labels)} rows are of class {labels[0]}")
        model, seed = self._identify(learner, span)
        if not (self._models / model).exists():
            features = np.concatenate([window.features for window in windows])
            estimator = learner.fit(features, labels, like=self._start.estimator, seed=seed)
            facts = {
                "engine": learner.kind,
                "windows": [span.first, span.last],
                "rows": len(labels),
                "seed": seed,
            }
            fitted = replace(self._start, estimator=estimator, holdout_records=0, holdout_errors=0, info=facts)
            save_model(fitted, self._models / model)
        return Fit(model, len(labels))

    def commit(self, entry: Entry) -> None:
        """Write the window's part of the ledger: scores and events share one commit."""
        self._ledger.commit(entry)

    def _identify(self, learner: Learner, span: Span) -> tuple[str, int]:
        # The id and the seed come from what determines a fit, never from the arm that asks for it.
        key: list[Any] = [self._static, self._seed, learner.model_dump(mode="json"), span.first, span.last]
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).digest()
        return digest.hex()[:12], int.from_bytes(digest[-4:], "big")

    def _scorer(self, model: str) -> Scorer:
        if model not in self._scorers:
            self._scorers[model] = Scorer(load_model(self._models / model).estimator)
            while len(self._scorers) > REMEMBERED:
                self._scorers.popitem(last=False)
        return self._scorers[model]

    def _window(self, index: int) -> _Known:
        if index in self._windows:
            return self._windows[index]
        entry = self._ledger.read(index)
        return self._known(entry.window, dict(entry.scores))

    def _known(self, window: Window, scores: dict[str, npt.NDArray[np.float64]]) -> _Known:
        labels = window.records.column(self._start.dataset.label_name).to_numpy()
        return _Known(featurise(self._start.steps, window.records), labels, scores)
