"""What hindsight would have saved: an arm's regret, and its share of what there was to be gained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Costs = npt.NDArray[np.float64]
"""One cost for each window in stream order, float64[windows]: errors, and alpha for each retrain charged there."""


@dataclass(frozen=True, slots=True)
class Regret:
    """An arm held against the oracle's path.

    Attributes:
        total: what the arm cost more than the oracle, in errors; below 0 where it cost less.
        cumulative: the same up to the end of each window.
        gain: what the oracle saved of the static model's cost.
        share: of that gain, what the arm saved too: 1 is the oracle's, 0 the static model's, below 0 worse. None where
            it isn't sure that there was a gain.
    """

    total: float
    cumulative: tuple[float, ...]
    gain: float
    share: float | None


def regret(arm: Costs, oracle: Costs, static: Costs, *, gain_low: float) -> Regret:
    """Regret against an oracle path, and the share of the oracle's gain that the arm recovered.

    All three are costs on the same records: where the oracle was chosen on even records and scored on odd ones, the
    others are to be scored on the odd ones too. For the stretch after a drift pass these windows only.

    Args:
        arm: float64[windows].
        oracle: float64[windows].
        static: float64[windows], of the arm `never`.
        gain_low: lower bound of the oracle's gain; the share is said only where it is above 0.

    Raises:
        ValueError: they don't hold the same windows.

    The trap: an arm whose models depend on its path (since-change, rollback) isn't bound by an oracle over models that
    don't: its regret may be below 0, its share above 1.

    >>> regret(np.array([5.0, 30, 6]), np.array([5.0, 10, 5]), np.array([5.0, 40, 41]), gain_low=50)
    Regret(total=21.0, cumulative=(0.0, 20.0, 21.0), gain=66.0, share=0.6818181818181818)
    """
    if not arm.shape == oracle.shape == static.shape:
        raise ValueError(f"the windows differ: {arm.shape} of the arm, {oracle.shape} oracle, {static.shape} static")
    behind = np.cumsum(arm - oracle)
    gain = float((static - oracle).sum())
    saved = float((static - arm).sum())
    return Regret(
        total=float(behind[-1]) if len(behind) else 0.0,
        cumulative=tuple(behind.tolist()),
        gain=gain,
        share=saved / gain if gain_low > 0 and gain > 0 else None,
    )
