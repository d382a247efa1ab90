"""Detectors that compare each window's features with those of the first windows, without labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from online.interfaces import Features, Pool


@dataclass(frozen=True, slots=True)
class Finding:
    """What a comparison says about one window."""

    drift: bool
    warning: bool
    reason: str


NOTHING = Finding(drift=False, warning=False, reason="the reference isn't complete yet")


class Comparison(Protocol):
    """A reference, made ready for comparing."""

    def compare(self, window: Features) -> Finding:
        """Compare a window, float64[n, d] with n of at least 1, with the reference."""


Prepare: TypeAlias = Callable[[Features], Comparison]


class ReferenceDetector:
    """Gathers the first `windows` windows as the reference, and compares each later one with it.

    The reference stays as it is until `reset`: while it is gathered nothing is detected, and a window is compared
    once. So a test of level a per window raises about a false alarms per window, however long the stream.
    """

    def __init__(self, windows: int, prepare: Prepare) -> None:
        self._windows = windows
        self._prepare = prepare
        self.reset(Pool(0, 0))

    def reset(self, pool: Pool) -> None:
        """Start anew, with the windows to come as the reference; the pool is not used."""
        self._gathered: list[Features] = []
        self._comparison: Comparison | None = None
        self._finding = NOTHING

    def update(self, values: Features) -> None:
        """Take in one window's features, float64[n, d]. An empty window changes nothing."""
        if not len(values):
            return
        if self._comparison is not None:
            self._finding = self._comparison.compare(values)
            return
        self._gathered.append(values)
        if len(self._gathered) == self._windows:
            self._comparison = self._prepare(np.concatenate(self._gathered))
            self._gathered = []

    @property
    def drift(self) -> bool:
        """Whether the latest window raised an alarm."""
        return self._finding.drift

    @property
    def warning(self) -> bool:
        """Whether the latest window gave a warning or an alarm."""
        return self._finding.warning or self._finding.drift

    @property
    def reason(self) -> str:
        """What the latest window showed, in words."""
        return self._finding.reason
