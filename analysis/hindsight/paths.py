"""The baseline paths of one matrix of losses: what each gained over never, and what hindsight could have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.inference.compare import Wrong, pooled_difference
from analysis.measures.price import Spent, cost_curve, pareto_front
from online.baselines.matrix import Matrix
from online.baselines.oracle import Losses, Oracle, Path, always, count_errors, count_retrains, never, oracle, periodic

PERIODS = (2, 5, 10, 20, 50)
"""Of the periodic paths, in fits of the matrix: with a model after every 4 windows, 4 times as many windows."""
Costs = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Hindsight:
    """The oracle at one price of a retrain, and its gain over never with the ends of its 95 % interval, in errors.

    Attributes:
        alpha: the price.
        found: the oracle.
        gain: errors that it saved; retrains apart.
        low: the lower end.
        high: the upper end.
        costs: float64[windows], errors and alpha for each retrain.
    """

    alpha: float
    found: Oracle
    gain: float
    low: float
    high: float
    costs: Costs

    def plain(self) -> dict[str, float]:
        """As JSON values; `gain` counts errors only, retrains apart."""
        own = {"errors": self.found.errors, "retrains": self.found.retrains, "cost": self.found.cost}
        return {"alpha": self.alpha, **own, "gain": self.gain, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A matrix for models that serve `lag` windows after their last training window."""

    matrix: Matrix
    losses: Losses
    paths: Mapping[str, Path]
    oracles: tuple[Hindsight, ...]


def make_table(matrix: Matrix, lag: int, every: int, alphas: Sequence[float]) -> Table:
    """All paths of a matrix, and the oracle at each price of a retrain.

    Args:
        matrix: what every model got wrong.
        lag: windows from the one fitted after to the first one served.
        every: a model after every so many windows.
        alphas: prices of a retrain, in errors.
    """
    losses = matrix.losses(lag)
    paths = {"never": never(losses), "always": always(losses)}
    periods = [period * every for period in PERIODS if period * every < losses.windows]
    paths |= {f"periodic({period})": periodic(losses, period) for period in periods}
    static = matrix.wrong(paths["never"])
    return Table(matrix, losses, paths, tuple(_hindsight(matrix, losses, static, alpha) for alpha in alphas))


def _hindsight(matrix: Matrix, losses: Losses, static: Sequence[Wrong], alpha: float) -> Hindsight:
    found = oracle(losses, alpha)
    wrong = matrix.crossed(found.paths)
    gain, low, high = _gain(static, wrong)
    costs = np.array([here.sum() for here in wrong], dtype=np.float64)
    for path in found.paths:
        costs += alpha / 2 * ((np.diff(path, prepend=0) != 0) & (path > 0))
    return Hindsight(alpha, found, gain, low, high, costs)


def _gain(static: Sequence[Wrong], wrong: Sequence[Wrong]) -> tuple[float, float, float]:
    """How many errors fewer than static, and the ends of the 95 % interval; all 0 where nothing is labelled."""
    differences = [one.astype(np.float64) - other for one, other in zip(static, wrong, strict=True)]
    if not any(map(len, differences)):
        return 0.0, 0.0, 0.0
    estimate = pooled_difference(differences)
    low, high = (value * estimate.records / 100 for value in (estimate.low, estimate.high))
    return float(sum(window.sum() for window in differences)), low, high


def plain_table(table: Table, alphas: Sequence[float]) -> dict[str, Any]:
    """A table as plain JSON values: its paths, the oracle, and the total cost of each over the prices of a retrain."""
    matrix, losses = table.matrix, table.losses
    static = matrix.wrong(table.paths["never"])
    rows = {name: _row(matrix, losses, path, static) for name, path in table.paths.items()}
    spent = {name: Spent(row["errors"], row["retrains"]) for name, row in rows.items()}
    facts = {name: matrix.facts[name] for name in ("training_set", "learner")}
    discordant = [int((a ^ b).sum()) for a, b in zip(static, matrix.wrong(table.paths["always"]), strict=True)]
    return {
        **facts,
        "lag": losses.lag,
        "records": int(matrix.labelled.sum()),
        "models": len(matrix.fitted),
        "refused": len(matrix.facts["refused"]),
        "paths": rows,
        "discordant": discordant,
        "oracle": [one.plain() for one in table.oracles],
        "totals": {**cost_curve(spent, alphas).totals, "oracle": tuple(one.found.cost for one in table.oracles)},
        "pareto": pareto_front(spent),
    }


def _row(matrix: Matrix, losses: Losses, path: Path, static: Sequence[Wrong]) -> dict[str, Any]:
    errors = int(count_errors(losses, path).sum())
    records = int(matrix.labelled.sum())
    gain, low, high = _gain(static, matrix.wrong(path))
    fits = matrix.facts["fits"]
    return {
        "errors": errors,
        "accuracy": 1 - errors / records if records else None,
        "retrains": count_retrains(path),
        "rows": sum(int(fits[row - 1]["rows"]) for row in np.unique(path[path > 0])),
        "gain": gain,
        "low": low,
        "high": high,
    }
