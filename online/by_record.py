"""An arm that steps by record: it predicts a record, then learns it, and goes on to the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .arms import Arm
from .files import replace_file
from .interfaces import Event, RunningLearner
from .labels import Labels
from .memo import Memo
from .remembered import Remembered
from .windows import Window


class ByRecord:
    """One arm of the duel whose only model learns all the time.

    Where labels are late it learns at the end of the window in which they are due. Its model can't be saved as one:
    `models/ID/recipe.json` says how to make it again, and taking a run up again is to let it learn again.

    Attributes:
        name: the arm's name.
        champion: id of its model.
    """

    def __init__(self, arm: Arm, memo: Memo, labels: Labels) -> None:
        self.name = arm.name
        self.champion, self._seed = memo.identify(arm.learner, None)
        self._specification = arm.learner
        self._memo = memo
        self._labels = labels
        self._next = 0
        self._learner: RunningLearner | None = None
        memo.attach(self.champion, self._scores)

    @property
    def models(self) -> tuple[str, ...]:
        """Its one model."""
        return (self.champion,)

    def learn(self, now: Window, windows: Iterable[int], memo: Memo) -> Iterator[Event]:
        """It has learned what it could, or will before it scores the next window."""
        return iter(())

    def save(self, models: Path, *, windows: int) -> None:
        """Write down the recipe for the model as it is after that many windows, with the numbers learned by then.

        It follows from the windows alone, so that it's the same whether this process did the learning or another.
        """
        if not windows:
            return
        last = self._memo.window(windows - 1).window
        learned = last.index if self._labels.immediate else self._labels.revealed(last)
        recipe: dict[str, Any] = {
            "learner": self._specification.model_dump(mode="json"),
            "seed": self._seed,
            "warm_up": self._memo.static_rows.digest if self._specification.warm_up else None,
            "learned": [] if learned < 0 else [[0, self._memo.window(learned).window.last_seq]],
        }
        with replace_file(models / self.champion / "recipe.json") as file:
            file.write(json.dumps(recipe, indent=1).encode() + b"\n")

    def _scores(self, index: int) -> npt.NDArray[np.float64]:
        learner = self._learner = self._learner or self._begin()
        for before in range(self._next, index):
            self._catch_up(learner, before)
        known = self._memo.window(index)
        if not self._labels.immediate:
            self._next = index  # what is due at its end is learned before the next one is scored
            return np.array([learner.score(row) for row in known.features])
        self._next = index + 1
        return self._step(learner, known)

    def _begin(self) -> RunningLearner:
        learner: RunningLearner = self._specification.begin(like=self._memo.start, seed=self._seed)
        if self._specification.warm_up:
            static = self._memo.static_rows
            for row, label in zip(static.features, static.labels.tolist(), strict=True):
                learner.learn(row, label)
        return learner

    def _step(self, learner: RunningLearner, known: Remembered) -> npt.NDArray[np.float64]:
        scores = np.empty(len(known.known))
        labels = iter(known.labels.tolist())
        for place, (row, is_known) in enumerate(zip(known.features, known.known.tolist(), strict=True)):
            scores[place] = learner.score(row)
            if is_known:
                learner.learn(row, next(labels))
        return scores

    def _catch_up(self, learner: RunningLearner, index: int) -> None:
        window = self._memo.window(index)
        due = [index] if self._labels.immediate else self._labels.due(window.window)
        for known in map(self._memo.window, due):
            for row, label in zip(known.features[known.known], known.labels.tolist(), strict=True):
                learner.learn(row, label)
