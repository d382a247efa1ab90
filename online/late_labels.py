"""Labels that come apart from their records: late, out of order, and some never."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from producer.errors import RunError
from producer.label_table import LabelTable

from .labels import Labels
from .outcome import LabelBooks
from .windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLabels(Labels):
    """Labels by a table that says after which record each is known.

    A label is revealed when the window that holds this record ends. A window reaches the arms when its last label is
    revealed, or `horizon` records after its end: to stop waiting before that would take knowledge of the future. It
    waits for those before it. What comes later than its window's turn is for the report only, not for the arms.

    Windows must be asked about in order of their index, each time from the first one on.

    Attributes:
        table: the labels.
        horizon: how many records after a window's end the arms wait for its labels.
        place: where the labels came from, for the run's identity.
    """

    table: LabelTable
    horizon: int
    place: Mapping[str, Any] = field(default_factory=dict)
    _turns: list[int] = field(default_factory=list, repr=False)
    _found: list[tuple[int, int, int]] = field(default_factory=list, repr=False)

    @property
    def immediate(self) -> bool:
        """Whether a record's label is known, if ever, before the next record comes."""
        return self.table.prompt

    @property
    def lag(self) -> int:
        """The most windows that one had to wait for its turn, of those asked about whose turn has come."""
        return max(self._lags(), default=0)

    @property
    def uneven(self) -> bool:
        """Whether some waited longer than others."""
        return len(set(self._lags())) > 1

    @property
    def identity(self) -> dict[str, Any]:
        """What makes a run with these labels another than one without."""
        labels = {**self.place, "digest": self.table.digest, "horizon": self.horizon}
        return {"label_delay": self.delay, "label_share": self.share, "labels": labels}

    def label(self, window: Window, name: str) -> Window:
        """The window with these labels in its column `name`, and null where a record never gets one."""
        there, places = self.table.find(window.seqs)
        values = np.zeros(len(there), dtype=np.int8)
        values[there] = self.table.labels[places]
        schema = window.records.schema
        columns = dict(zip(schema.names, window.records.columns, strict=True))
        columns[name] = pa.array(values, mask=~there)
        return replace(window, records=pa.RecordBatch.from_arrays(list(columns.values()), schema=schema))

    def due(self, window: Window) -> tuple[int, ...]:
        """The windows whose turn comes when `window` ends, in order; none at the end of a short last one.

        Raises:
            RunError: a window before this one wasn't asked about.
        """
        self._take_up(window)
        if not window.complete:
            return ()
        return tuple(range(bisect_left(self._turns, window.index), bisect_right(self._turns, window.index)))

    def revealed(self, window: Window) -> int:
        """The last window whose turn has come when `window` ends; -1 if none's has."""
        return bisect_right(self._turns, window.index if window.complete else window.index - 1) - 1

    def known(self, window: Window, column: pa.Array) -> npt.NDArray[np.bool_]:
        """Which of a window's labels the arms ever see: those revealed when its turn comes, bool[n]."""
        known, places = self.table.find(window.seqs)
        known[known] = self.table.after[places] // self.size <= self._turn(window)
        return known

    def books(self) -> LabelBooks:
        """What became of the labels, by the windows asked about so far."""
        records, labels, seen = (sum(column) for column in zip(*self._found, strict=True)) if self._found else (0, 0, 0)
        table = self.table
        return LabelBooks(
            messages=len(table.seqs) + table.doubles + len(table.dead),
            labels=labels,
            elsewhere=len(table.seqs) - labels,
            doubles=table.doubles,
            unreadable=len(table.dead),
            never=records - labels,
            too_late=labels - seen,
            cut=dict(self.place.get("begins", {})),
        )

    def _lags(self) -> list[int]:
        return [turn - index for index, turn in enumerate(self._turns) if turn < len(self._turns)]

    def _turn(self, window: Window) -> int:
        """The window at whose end this one's labels are all there, or no longer waited for.

        Those before this one don't count: they can hold it up only until it has all its labels.
        """
        there, places = self.table.find(window.seqs)
        last = window.last_seq + self.horizon
        if there.all():
            last = min(last, int(self.table.after[places].max(initial=window.last_seq)))
        return last // self.size

    def _take_up(self, window: Window) -> None:
        if window.index < len(self._turns):
            return
        if window.index > len(self._turns):
            raise RunError(
                f"the labels of window {window.index} are asked for before those of window {len(self._turns)}, on "
                "which they depend. The run is damaged, or this is a mistake in driftduel: please report it"
            )
        before = self._turns[-1] if self._turns else 0
        self._turns.append(max(before, self._turn(window)))
        there, _ = self.table.find(window.seqs)
        labels = int(there.sum())
        # The short last window has no turn that a label could come too late for.
        seen = int(self.known(window, window.records.column(0)).sum()) if window.complete else labels
        self._found.append((len(there), labels, seen))
