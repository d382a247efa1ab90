"""How fast a run goes, by the times that it wrote down."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from math import isfinite

LATEST = 20
"""Windows that the rate is taken over."""


@dataclass(slots=True)
class Pace:
    """Counts a window when it is done for the first time.

    A resumed run goes through all old windows again, fast, as they are remembered; that is no pace.

    >>> pace = Pace()
    >>> for window, at in ((0, 10.0), (1, 12.0), (0, 50.0), (1, 50.1), (2, 52.1)):
    ...     pace.add(window, at)
    >>> pace.seconds, pace.rate({0: 100, 1: 100, 2: 100}, now=53.0)
    ({1: 2.0, 2: 2.0}, 50.0)
    """

    seconds: dict[int, float] = field(init=False, default_factory=dict)
    highest: int = field(init=False, default=-1)
    _last: tuple[int, float] | None = field(init=False, default=None)

    def add(self, window: int, at: float) -> None:
        """A window was done at this time (seconds since 1970)."""
        last, self._last = self._last, (window, at)
        if window <= self.highest:
            return
        self.highest = window
        if last is not None and last[0] == window - 1:
            self.seconds[window] = max(at - last[1], 0.0)

    def read(self, line: str) -> None:
        """A line of timings.jsonl; one that wasn't finished, or holds something else, says nothing."""
        try:
            facts = json.loads(line)
            window, at = int(facts["window"]), float(facts["done"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return
        if isfinite(at):
            self.add(window, at)

    @property
    def again(self) -> int | None:
        """The old window that a resumed run has just gone through again; None if it does new ones."""
        return self._last[0] if self._last and self._last[0] < self.highest else None

    def rate(self, numbers: dict[int, int], *, now: float) -> float | None:
        """Messages per second over the latest windows; a wait that is longer than any of them took counts.

        Args:
            numbers: how many messages each window holds.
            now: the present time, or that at which the run stopped.
        """
        latest = [window for window in list(self.seconds)[-LATEST:] if window in numbers]
        spent = [self.seconds[window] for window in latest]
        waiting = now - self._last[1] if self._last else 0.0
        total = sum(spent) + (waiting if waiting > max(spent, default=0.0) + 1 else 0.0)
        return float(f"{sum(numbers[window] for window in latest) / total:.3g}") if total > 0 else None
