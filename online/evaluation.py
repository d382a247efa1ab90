"""The centre: the prequential duel. Every record is predicted by models that have not seen it; then they may learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from .interfaces import Event
from .labels import IMMEDIATE, Labels
from .ledger import Entry, Part
from .memo import Memo
from .windows import Window


class RunningArm(Protocol):
    """An arm at work."""

    @property
    def name(self) -> str:
        """The arm's name."""

    @property
    def champion(self) -> str:
        """Id of the model in force from the next window on."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models that predict the next window, the champion first."""

    def learn(self, now: Window, windows: Iterable[int], memo: Memo) -> Iterator[Event]:
        """Judge, alarm and train, now that window `now` is predicted and all labels of `windows` are known.

        Yields:
            What happened, in order; whatever is promoted is in force when the generator is through.
        """


def prequential(
    windows: Iterable[Window], arms: Sequence[RunningArm], *, labels: Labels = IMMEDIATE, memo: Memo
) -> Iterator[Entry]:
    """Test, then train: run the duel over the windows, and commit each before it is yielded.

    All of a window is predicted with the models in force when it began; then the labels that are due are revealed,
    and each arm may judge, alarm and train. A model promoted at the end of window k first predicts window k + 1.

    What the memo remembers is not done again, so that a run is resumed by running again over its own windows.

    Args:
        windows: in order of their index, without gaps.
        arms: in any order, as none sees another; all start from the same model.
        labels: when labels become known.
        memo: features, scores and fits, remembered in the run directory.

    Yields:
        What the ledger holds of each window: the scores made first, and the events that followed.
    """
    for window in windows:
        memo.open(window)
        scores = {model: memo.scores(model, window.index) for arm in arms for model in arm.models}
        revealed = labels.due(window)
        # The champion is read before its arm learns: it's the model in force when the window began.
        parts = {arm.name: Part(arm.champion, tuple(arm.learn(window, revealed, memo))) for arm in arms}
        entry = Entry(window, scores, parts)
        memo.commit(entry)
        yield entry
