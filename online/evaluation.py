"""The centre: the prequential duel. Every record is predicted by models that have not seen it; then they may learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .contestant import Contestant
from .interfaces import Event
from .labels import IMMEDIATE, Labels
from .memo import Memo
from .windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class WindowResult:
    """What one window showed: the scores made first, and the events that followed.

    Attributes:
        window: the records, and what was no record.
        models: per arm, the id of the model in force when the window began.
        scores: per model (champions, and challengers on trial), float64[n] for the window's n records.
        events: per arm, what happened after the labels were revealed.
    """

    window: Window
    models: Mapping[str, str]
    scores: Mapping[str, npt.NDArray[np.float64]]
    events: Mapping[str, Sequence[Event]]


def prequential(
    windows: Iterable[Window], arms: Sequence[Contestant], *, labels: Labels = IMMEDIATE, memo: Memo
) -> Iterator[WindowResult]:
    """Test, then train: run the duel over the windows, and commit each before it is yielded.

    A model promoted at the end of window k first predicts window k + 1. What the memo remembers is not done
    again, so that running again over a run's own windows is how a run is resumed.

    Args:
        windows: in order of their index, without gaps.
        arms: the contestants; all start from the same model.
        labels: when labels become known.
        memo: features, scores and fits, remembered in the run directory.

    Yields:
        One result per window.
    """
    for window in windows:
        memo.open(window)
        models = {arm.name: arm.champion for arm in arms}
        scores = {model: memo.scores(model, window.index) for arm in arms for model in arm.models}
        events: dict[str, list[Event]] = {arm.name: [] for arm in arms}
        for revealed in labels.due(window):
            for arm in arms:
                events[arm.name] += arm.learn(revealed, memo)
        result = WindowResult(window, models, scores, events)
        memo.commit(result.window, result.models, result.scores, result.events)
        yield result
