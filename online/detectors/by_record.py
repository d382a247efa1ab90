"""Detectors that take one loss at a time, as river has them, at work on windows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from online.interfaces import Eats, Losses, Pool


class ByRecord(BaseModel):
    """What such detectors share: they are fed record by record, and know nothing of held-out records."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    eats: ClassVar[Eats] = "losses"

    @abstractmethod
    def fresh(self) -> Any:
        """River's own object, as it is, with these parameters."""

    def begin(self, pool: Pool) -> RecordDetector:
        """A detector at work; the pool is not used."""
        return RecordDetector(self.fresh)


class RecordDetector:
    """Hands a window's losses to the detector one by one; the window has its alarm or warning if any record had it.

    After an alarm river's detectors begin anew by themselves with the next record: so may this one, within a window
    and from window to window, until `reset`.

    >>> import numpy as np
    >>> from online.detectors.adwin import Adwin
    >>> detector = Adwin().begin(Pool(0, 0))
    >>> detector.update(np.repeat([0.0, 1.0], [500, 500]))
    >>> detector.drift, detector.reason
    (True, 'ADWIN: drift at record 512 of the window')
    """

    def __init__(self, fresh: Callable[[], Any]) -> None:
        self._fresh = fresh
        self.reset(Pool(0, 0))

    def reset(self, pool: Pool) -> None:
        """Start anew; the pool is not used."""
        self._detector = self._fresh()
        self._drifts: list[int] = []
        self._warnings: list[int] = []

    def update(self, losses: Losses) -> None:
        """Take in one window's losses, float64[n]."""
        detector, drifts, warnings = self._detector, [], []
        warns = hasattr(detector, "warning_detected")
        for record, loss in enumerate(losses.tolist()):
            detector.update(loss)
            if detector.drift_detected:
                drifts.append(record)
            if warns and detector.warning_detected:
                warnings.append(record)
        self._drifts, self._warnings = drifts, warnings

    @property
    def drift(self) -> bool:
        """Whether a record of the latest window raised an alarm."""
        return bool(self._drifts)

    @property
    def warning(self) -> bool:
        """Whether a record of the latest window gave a warning or an alarm."""
        return bool(self._warnings or self._drifts)

    @property
    def reason(self) -> str:
        """Which record of the latest window was the first to say something."""
        name = type(self._detector).__name__
        if not self.warning:
            return f"{name}: nothing"
        word, records = ("drift", self._drifts) if self.drift else ("warning", self._warnings)
        return f"{name}: {word} at record {records[0] + 1} of the window"
