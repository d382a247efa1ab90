"""A/A duels: two arms of one kind, so that whatever is claimed about more of the same stream is a mistake.

Both arms are forests retrained on independent bootstraps of synthetic DNS records; the stream has no drift. A bank of
forests is fitted once, and every duel draws its forests from it without replacement. `python tests/evidence/aa.py`
runs the long form (some minutes) and prints its tables; the tests run the short one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from analysis.inference.blocks import Outlook, more_of_the_same
from analysis.inference.units import FEWEST_UNITS, mean_of_units
from producer.dataset import load_dataset
from producer.recipe import Recipe
from producer.synthetic import records_of

Differences = list[npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Form:
    """How much is simulated."""

    rows: int
    forests: int
    trees: int
    fitted_on: int
    lengths: tuple[int, ...]
    window: int
    duels: int


FULL = Form(rows=20_000, forests=3000, trees=10, fitted_on=1000, lengths=(140, 270), window=1000, duels=1000)
SHORT = Form(rows=4000, forests=300, trees=3, fitted_on=300, lengths=(140,), window=200, duels=60)
EVERY = (1, 5, 20, 70)
"""Windows between two retrains; besides, arms that are trained once."""


def records(rows: int, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The numeric features, float64[rows, 12], and the labels of synthetic DNS records."""
    contract = load_dataset("dns-exfil")
    lines = [line for block, _ in records_of(Recipe(records=rows, seed=seed)) for line in block]
    frame = pd.read_csv(io.StringIO("\n".join(lines)), names=list(contract.names), keep_default_na=False)
    numeric = [column.name for column in contract.columns if column.type in ("int", "float")]
    return frame[numeric].to_numpy(np.float64), frame[contract.label_name].to_numpy(np.int64)


def bank(form: Form) -> npt.NDArray[np.int8]:
    """Which records of the stream's population each forest gets wrong, int8[forests, rows]."""
    (train, labels), (pool, truth) = records(form.rows, seed=1), records(form.rows, seed=2)
    wrong = np.empty((form.forests, form.rows), dtype=np.int8)
    for seed in range(form.forests):
        rows = np.random.default_rng((3, seed)).integers(0, form.rows, form.fitted_on)
        forest = RandomForestClassifier(form.trees, max_depth=8, n_jobs=1, random_state=seed)
        wrong[seed] = forest.fit(train[rows], labels[rows]).predict(pool) != truth
    return wrong


def duel(
    rng: np.random.Generator, wrong: npt.NDArray[np.int8], *, windows: int, size: int, every: int
) -> tuple[Differences, list[str], list[str]]:
    """Paired differences by window, and each arm's model in each window."""
    reigns = -(-windows // every)
    drawn = rng.permutation(len(wrong))[: 2 * reigns].reshape(2, reigns)
    found: Differences = []
    for window in range(windows):
        one, other = drawn[:, window // every]
        seen = rng.integers(0, wrong.shape[1], size)
        found.append(wrong[one, seen].astype(np.float64) - wrong[other, seen])
    models, others = ([f"m{forest}" for forest in np.repeat(arm, every)[:windows]] for arm in drawn)
    return found, models, others


def hac_claims(differences: Differences) -> bool:
    """The rival: Bartlett's HAC on window means, bandwidth 0.1 n, fixed-b critical value (Kiefer and Vogelsang)."""
    series = np.array([100 * window.mean() for window in differences])
    centred, n = series - series.mean(), len(series)
    width = max(1, round(0.1 * n))
    products = [(1 - lag / width) * float(centred[lag:] @ centred[:-lag]) for lag in range(1, width)]
    variance = (float(centred @ centred) + 2 * sum(products)) / n
    return bool(abs(series.mean()) > 2.26 * np.sqrt(max(variance, 0.0) / n))


def policy_claims(pooled: list[float]) -> float:
    """The share of claims about a policy over groups of as few seeds as are allowed, in which nobody is better."""
    groups = [pooled[begin : begin + FEWEST_UNITS] for begin in range(0, len(pooled), FEWEST_UNITS)]
    claims = [found.finding != "no difference" for found in map(mean_of_units, groups) if found]
    return sum(claims) / len(claims)


def setting(form: Form, wrong: npt.NDArray[np.int8], *, windows: int, every: int) -> dict[str, Any]:
    """One row of the table."""
    rng = np.random.default_rng((4, windows, every))
    duels = [duel(rng, wrong, windows=windows, size=form.window, every=every) for _ in range(form.duels)]
    outlooks: list[Outlook] = [more_of_the_same(*one) for one in duels]
    claimed = [outlook.finding in ("better", "worse") for outlook in outlooks]
    return {
        "windows": windows,
        "every": every,
        "duels": form.duels,
        "claimed": sum(claimed),
        "claimed_of_first_200": sum(claimed[:200]),
        "refused": sum(outlook.estimate is None for outlook in outlooks),
        "hac": sum(hac_claims(differences) for differences, _, _ in duels),
        "policy": policy_claims([100 * float(np.concatenate(differences).mean()) for differences, _, _ in duels]),
    }


def rows(form: Form) -> Iterator[dict[str, Any]]:
    """The table, row by row."""
    wrong = bank(form)
    for windows in form.lengths:
        for every in (*EVERY, windows):
            yield setting(form, wrong, windows=windows, every=every)


def main(full: bool) -> dict[str, Any]:
    """Run and print the duels.

    Returns:
        `rows`: per length of stream and distance of retrains, how many duels were claimed by the test over blocks
        (and of the first 200), how many refused, how many claimed by HAC, and the share of groups of five seeds in
        which the test for policies claimed something.
    """
    found = []
    print("| windows | retrained every | claimed: blocks | refused | claimed: HAC 0.1 n | policy, 5 seeds |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows(FULL if full else SHORT):
        n = row["duels"]
        print(
            f"| {row['windows']} | {row['every']} | {row['claimed'] / n:.3f} (of the first 200: "
            f"{row['claimed_of_first_200']}) | {row['refused'] / n:.0%} | {row['hac'] / n:.3f} | {row['policy']:.3f} |",
            flush=True,
        )
        found.append(row)
    return {"rows": found}


if __name__ == "__main__":
    main(full=True)
