"""Which of several algorithms is kept: the statistics of repeated splits, the rule, and the sentence that says why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from static_model.metrics import count, metrics_from_counts

THRESHOLD = 0.5
"""Of the models compared: the class with the higher probability."""

LEVEL = 0.05
RULE = (
    "highest mean MCC at 0.5 over repeated random splits of the training part; if the corrected resampled t-test "
    f"between the best two (Nadeau and Bengio 2003) can't tell them apart at {LEVEL:g}, the one that is cheaper to "
    "score; on a single split the costlier one must be better by more than one standard error"
)
RESAMPLES = 1_000

Bits: TypeAlias = npt.NDArray[np.int8]
Validated: TypeAlias = tuple[Bits, npt.NDArray[np.float64]]
"""Labels and scores of rows that a model was not fitted on."""


@dataclass(frozen=True, slots=True)
class Spread:
    """An algorithm's MCC over repeated splits: mean and 95 % interval, which is None for a single split."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Test:
    """A paired test between the best two.

    Attributes:
        better: the one with the higher mean.
        other: the second.
        gain: the mean difference of their MCC.
        p: of the corrected resampled t-test, two-sided; None for a single split, for which there is ...
        error: ... the standard error of the difference, by bootstrap over the validation rows.
        apart: whether they can be told apart.
    """

    better: str
    other: str
    gain: float
    p: float | None
    error: float | None
    apart: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen, why in a sentence, and the figures behind it (`test` is None for a single algorithm)."""

    algorithm: str
    reason: str
    spreads: Mapping[str, Spread]
    test: Test | None


def mcc(labels: Bits, scores: npt.NDArray[np.float64]) -> float:
    """The Matthews correlation coefficient at 0.5; an undefined one counts as 0, no better than chance."""
    return metrics_from_counts(count(labels, scores > THRESHOLD))["mcc"] or 0.0


def corrected_error(differences: npt.NDArray[np.float64], *, share: float) -> float:
    """The standard error of a mean over repeated random splits, whose training parts overlap.

    Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 52 (2003), 239-281: the variance is
    multiplied by 1/n + n2/n1 instead of 1/n, n2 and n1 being the rows of the validation and the training part.

    Args:
        differences: float64[n], one for each split, n at least 2.
        share: n2 / (n1 + n2).
    """
    factor = 1 / len(differences) + share / (1 - share)
    return math.sqrt(factor * float(np.var(differences, ddof=1)))


def spread(values: npt.NDArray[np.float64], *, share: float) -> Spread:
    """Mean and interval of values over repeated splits, clipped to what an MCC can be."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Spread(mean, None, None)
    from scipy.special import stdtrit

    half = float(stdtrit(len(values) - 1, 0.975)) * corrected_error(values, share=share)
    return Spread(mean, max(mean - half, -1.0), min(mean + half, 1.0))


def p_value(differences: npt.NDArray[np.float64], *, share: float) -> float:
    """Two-sided p of the corrected resampled t-test that the mean difference is 0."""
    from scipy.special import stdtr

    mean, error = float(np.mean(differences)), corrected_error(differences, share=share)
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stdtr(len(differences) - 1, -abs(mean / error)))


def select(
    validated: Mapping[Any, Sequence[Validated]], *, cost_order: Sequence[str], share: float, seed: int
) -> Selection:
    """Choose by the Matthews correlation coefficient: unlike accuracy it doesn't follow the class balance.

    Args:
        validated: for each algorithm labels and scores of the validation rows of each split, in one order of splits.
        cost_order: the algorithms, the cheapest to score first.
        share: of the rows that each split validates on.
        seed: of the bootstrap, which stands in for the test where there is one split only.
    """
    names = [name for name in cost_order if name in validated]
    values = {name: np.array([mcc(*found) for found in validated[name]]) for name in names}
    spreads = {name: spread(found, share=share) for name, found in values.items()}
    ranked = sorted(names, key=lambda name: -spreads[name].mean)  # stable: ties stay in the order of cost
    if len(ranked) == 1:
        return Selection(ranked[0], "the only algorithm asked for", spreads, None)
    better, other = ranked[:2]
    differences = values[better] - values[other]
    if len(differences) > 1:
        p = p_value(differences, share=share)
        test = Test(better, other, float(differences.mean()), p, None, apart=p < LEVEL)
    else:
        error = gain_error(validated[other][0], validated[better][0], seed=seed)
        test = Test(better, other, float(differences[0]), None, error, apart=float(differences[0]) > error)
    kept = better if test.apart else min(better, other, key=names.index)
    return Selection(kept, _reason(test, len(differences), kept), spreads, test)


def gain_error(first: Validated, second: Validated, *, seed: int) -> float:
    """The standard error of the second MCC minus the first on the same rows, by bootstrap over rows."""
    labels = first[0].astype(np.int64)
    cells = np.bincount(labels * 4 + (first[1] > THRESHOLD) * 2 + (second[1] > THRESHOLD), minlength=8)
    if not len(labels):
        return 0.0
    samples = np.random.default_rng(seed).multinomial(len(labels), cells / len(labels), size=RESAMPLES)
    table = samples.reshape(-1, 2, 2, 2).astype(np.float64)
    return float((_mcc(table.sum(axis=2)) - _mcc(table.sum(axis=3))).std())


def _mcc(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """float64[n, label, prediction] counts -> float64[n]."""
    cross = table[:, 1, 1] * table[:, 0, 0] - table[:, 0, 1] * table[:, 1, 0]
    scale = np.sqrt(table.sum(axis=2).prod(axis=1)) * np.sqrt(table.sum(axis=1).prod(axis=1))
    found: npt.NDArray[np.float64] = np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 0)
    return found


def _reason(test: Test, splits: int, kept: str) -> str:
    if test.p is None:
        gain = (
            f"{test.better} has an MCC {test.gain:.4f} above {test.other}'s on one split, "
            f"standard error {test.error or 0:.4f}"
        )
    else:
        gain = (
            f"{test.better} has a mean MCC {test.gain:.4f} above {test.other}'s over {splits} splits, "
            f"p = {test.p:.3g} by the corrected resampled t-test"
        )
    return f"{gain}: it is better" if test.apart else f"{gain}: they can't be told apart, and {kept} is cheaper"
