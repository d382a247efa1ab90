"""When labels become known, and which of them ever do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from producer.errors import UsageError

from .selection import draws
from .windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels that are late, or of which only a sample is known to the arms.

    Attributes:
        delay: the label of record i is revealed when the window that holds i + delay ends.
        share: of the labels, chosen at random by `seed`, that the arms ever see: a labelling budget. The report judges
            the arms by all labels.
        seed: of that choice.
        size: numbers in a window.
    """

    delay: int = 0
    share: float = 1.0
    seed: int = 0
    size: int = 1000

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:  # nan, too: it equals nothing, not even itself when the run is resumed
            raise UsageError(f"a label share of {self.share} is no share of records; use one above 0, up to 1")

    @property
    def immediate(self) -> bool:
        """Whether a record's label is known before the next record comes."""
        return self.delay == 0

    @property
    def identity(self) -> dict[str, Any]:
        """What makes a run with these labels another than one with others (JSON)."""
        return {"label_delay": self.delay, "label_share": self.share}

    def label(self, window: Window, name: str) -> Window:
        """The window with its labels in the column `name`, where they are already; others bring them from elsewhere."""
        return window

    @property
    def lag(self) -> int:
        """How many windows after its own the last label of a window is revealed."""
        return -(-self.delay // self.size)

    @property
    def uneven(self) -> bool:
        """Whether some windows wait longer for their labels than others."""
        return False

    def due(self, window: Window) -> tuple[int, ...]:
        """The windows whose last label is revealed when `window` ends, in order.

        The short last window is scored, but no decision follows it.
        """
        late = window.index - self.lag
        return (late,) if window.complete and late >= 0 else ()

    def revealed(self, window: Window) -> int:
        """The last window all of whose labels are revealed when `window` ends; -1 if none's are."""
        return max(-1, window.index - self.lag - (not window.complete))

    def known(self, window: Window, column: pa.Array) -> npt.NDArray[np.bool_]:
        """Which of a window's labels the arms ever see, bool[n]."""
        there: npt.NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False)
        return there if self.share >= 1 else there & (draws(window.seqs, seed=self.seed) < self.share)


IMMEDIATE = Labels()
"""Every label is known as soon as its window has been predicted."""


def label_values(column: pa.Array) -> npt.NDArray[np.int8]:
    """A label column as int8[n]; 0 where there is none."""
    values: npt.NDArray[np.int8] = column.fill_null(0).to_numpy() if column.null_count else column.to_numpy()
    return values
