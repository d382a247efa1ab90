"""Which of several fitted models is kept: the rule, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

THRESHOLD = 0.5
"""Of the models compared, and of the one kept: the class with the higher probability."""

RESAMPLES = 1_000
RULE = (
    "highest MCC on the held-out records; a costlier algorithm must be better by more than one standard error "
    f"of the paired difference ({RESAMPLES:,} bootstrap resamples)"
)

Predictions = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen, and why in a sentence."""

    algorithm: str
    reason: str


def select(
    labels: Predictions, predictions: Mapping[str, Predictions], *, cost_order: Sequence[str], seed: int
) -> Selection:
    """Choose by the Matthews correlation coefficient: unlike accuracy it doesn't follow the class balance.

    Args:
        labels: int8[n], the held-out records' classes.
        predictions: int8[n] for each algorithm.
        cost_order: the algorithms, the cheapest to score first. It wins ties and what is within one standard error.
        seed: of the bootstrap.
    """
    best, *others = [name for name in cost_order if name in predictions]
    if not others:
        return Selection(best, "the only algorithm asked for")
    reasons = []
    for other in others:
        gain, error = mcc_gain(labels, predictions[best], predictions[other], seed=seed)
        better = gain > error
        reasons.append(
            f"MCC of {other} minus that of {best} on the held-out records: {gain:+.4f}, standard error {error:.4f}"
        )
        best = other if better else best
    return Selection(best, "; ".join(reasons))


def mcc_gain(labels: Predictions, first: Predictions, second: Predictions, *, seed: int) -> tuple[float, float]:
    """MCC of the second minus that of the first, and the standard error of this paired difference.

    An undefined MCC (one class only, predicted or true) counts as 0: no better than chance.
    """
    cells = np.bincount(labels.astype(np.int64) * 4 + first * 2 + second, minlength=8)
    samples = np.random.default_rng(seed).multinomial(len(labels), cells / len(labels), size=RESAMPLES)
    gains = _gain(np.vstack([cells, samples]).reshape(-1, 2, 2, 2).astype(np.float64))
    return float(gains[0]), float(gains[1:].std())


def _gain(cells: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """float64[n, label, first, second] counts -> MCC of the second minus MCC of the first."""
    gain: npt.NDArray[np.float64] = _mcc(cells.sum(axis=2)) - _mcc(cells.sum(axis=3))
    return gain


def _mcc(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """float64[n, label, prediction] counts -> float64[n]."""
    cross = table[:, 1, 1] * table[:, 0, 0] - table[:, 0, 1] * table[:, 1, 0]
    scale = np.sqrt(table.sum(axis=2).prod(axis=1)) * np.sqrt(table.sum(axis=1).prod(axis=1))
    mcc: npt.NDArray[np.float64] = np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 0)
    return mcc
