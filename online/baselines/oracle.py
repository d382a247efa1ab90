"""Baselines are paths: which model predicts which window, seen afterwards. All of them go through one matrix of errors.

Pure arrays in, plain numbers out. A path is int[windows]: for each window the row of the matrix that predicts it; row
0 is the static model, row r the model fitted after window `fitted[r - 1]`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Path = npt.NDArray[np.intp]
EVEN, ODD = 0, 1
SCHEDULES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What every model gets wrong in every window that it could serve.

    Attributes:
        errors: int64[1 + models, windows, 2], on records with an even number and with an odd one; 0 where a model
            can't predict yet.
        fitted: int64[models], ascending: after which window each was fitted.
        lag: windows from the one fitted after to the first one served: 1, and the latency, and that of the labels.
    """

    errors: Ints
    fitted: Ints
    lag: int = 1

    @property
    def windows(self) -> int:
        """How many windows."""
        return int(self.errors.shape[1])

    @property
    def starts(self) -> Ints:
        """int64[servable], the first window that each model can serve; later ones come too late for any."""
        starts = self.fitted + self.lag
        found: Ints = starts[starts < self.windows]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """The best schedule in hindsight, cross-fitted: chosen on one half of the records and scored on the other.

    Attributes:
        paths: the one chosen on even records (and scored on odd ones), and the other.
        errors: of both on the halves that they were not chosen by, added up: comparable with any path's errors.
        retrains: of the two paths, on average.
        cost: errors + alpha x retrains.
    """

    paths: tuple[Path, Path]
    errors: int
    retrains: float
    cost: float


def follow(losses: Losses, rows: npt.ArrayLike) -> Path:
    """The path of a schedule: each model serves from its first window until the next one's.

    Args:
        losses: the matrix.
        rows: the rows retrained to, in any order; those that come too late to serve change nothing.

    >>> follow(Losses(np.zeros((4, 5, 2), np.int64), np.array([0, 1, 2])), [3, 1]).tolist()
    [0, 1, 1, 3, 3]
    """
    chosen = np.sort(np.asarray(rows, dtype=np.intp))
    chosen = chosen[chosen <= len(losses.starts)]
    current = np.searchsorted(losses.starts[chosen - 1], np.arange(losses.windows), side="right")
    found: Path = np.concatenate([[0], chosen])[current].astype(np.intp)
    return found


def never(losses: Losses) -> Path:
    """The static model throughout."""
    return follow(losses, [])


def always(losses: Losses) -> Path:
    """Retrained after every window of the matrix; where a fit was refused, the model before it stays."""
    return periodic(losses, 1)


def periodic(losses: Losses, every: int) -> Path:
    """Retrained after windows every - 1, 2 every - 1, ... as the policy does; of a thinned matrix, those it has."""
    return follow(losses, 1 + np.flatnonzero((losses.fitted + 1) % every == 0))


def count_errors(losses: Losses, path: Path) -> Ints:
    """Errors along a path by window, int64[windows, 2], on even and on odd records."""
    found: Ints = losses.errors[path, np.arange(losses.windows)]
    return found


def count_retrains(path: Path) -> int:
    """How many models came into force along a path.

    >>> count_retrains(np.array([0, 0, 2, 2, 5]))
    2
    """
    return len(np.unique(path[path > 0]))


def random_schedules(losses: Losses, retrains: int, *, seed: int, schedules: int = SCHEDULES) -> Ints:
    """Errors of schedules that retrain as often, at windows drawn at random without looking at anything.

    Args:
        losses: the matrix.
        retrains: how often; at most once after each window.
        seed: of the draws.
        schedules: how many.

    Returns:
        int64[schedules], sorted.
    """
    rng = np.random.default_rng(seed)
    servable = len(losses.starts)
    most = min(retrains, servable)
    drawn = (1 + rng.choice(servable, most, replace=False) for _ in range(schedules))
    found: Ints = np.sort([count_errors(losses, follow(losses, rows)).sum() for rows in drawn]).astype(np.int64)
    return found


def percentile(errors: float, others: Ints) -> float:
    """The share of the others, in percent, that made more errors; ties count half. 50 is no better than chance.

    >>> percentile(3, np.array([1, 3, 5, 7]))
    62.5
    """
    return float(100 * ((others > errors).mean() + (others == errors).mean() / 2))


def cheapest(errors: Ints, starts: Ints, alpha: float) -> Path:
    """The path with the smallest sum of errors and alpha for each retrain, by dynamic programming.

    Exact over all schedules of the matrix in O(models x models). Ties go to fewer retrains, then to earlier models.

    Args:
        errors: int64[1 + models, windows]; row 0 is the static model.
        starts: int64[models], ascending: from which window on each model can serve.
        alpha: the price of one retrain, in errors.

    >>> cheapest(np.array([[1, 9, 9], [0, 2, 9], [0, 0, 1]]), np.array([1, 2]), alpha=3.0).tolist()
    [0, 1, 2]
    >>> cheapest(np.array([[1, 9, 9], [0, 2, 9], [0, 0, 1]]), np.array([1, 2]), alpha=7.5).tolist()
    [0, 0, 2]
    """
    windows = errors.shape[1]
    before = np.concatenate([np.zeros((len(errors), 1), np.int64), np.cumsum(errors, axis=1)], axis=1)
    begins = np.concatenate([[0], starts]).astype(np.intp)
    rows = np.arange(len(begins))
    # cost[r]: the least that all windows before row r takes over can cost, r's own retrain included.
    cost, retrains, former = np.zeros(len(begins)), np.zeros(len(begins), np.intp), np.zeros(len(begins), np.intp)
    for row in range(1, len(begins) + 1):
        until = begins[row] if row < len(begins) else windows
        served = before[rows[:row], until] - before[rows[:row], begins[:row]]
        total = cost[:row] + served
        best = int(np.lexsort((retrains[:row], total))[0])
        if row < len(begins):
            cost[row], retrains[row], former[row] = total[best] + alpha, retrains[best] + 1, best
    path = np.zeros(windows, np.intp)
    end = windows
    while best:
        path[begins[best] : end] = best
        end, best = int(begins[best]), int(former[best])
    return path


def oracle(losses: Losses, alpha: float) -> Oracle:
    """The hindsight oracle for a price of a retrain, cross-fitted so that it can't fit noise.

    A schedule chosen and scored on the same records always gains, on pure noise, too. Here each half of the records
    (by the parity of their numbers) chooses a path for the other, at half the price, as it holds half the errors.

    Args:
        losses: the matrix.
        alpha: the price of a retrain, in errors.

    The trap: it is the best of schedules over the models in this matrix. An arm whose models aren't among them, or
    that goes back to a former model, may do better.
    """
    halves = [cheapest(losses.errors[:, :, half], losses.starts, alpha / 2) for half in (EVEN, ODD)]
    errors = sum(int(count_errors(losses, halves[1 - half])[:, half].sum()) for half in (EVEN, ODD))
    retrains = sum(map(count_retrains, halves)) / 2
    return Oracle((halves[0], halves[1]), errors, retrains, errors + alpha * retrains)
