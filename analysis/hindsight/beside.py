"""What was there to be gained? Every arm beside the baseline paths and the hindsight oracle, as plain JSON values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.inference.power import Discordance, discordance
from analysis.measures.price import ALPHAS
from analysis.runs import Outcomes, Run
from online.baselines.computing import Baselines, Beside
from online.baselines.oracle import SCHEDULES, Losses, always, never, percentile, random_schedules

from .causes import summarise_causes
from .paths import Costs, Table, make_table, plain_table
from .regret import regret


def summarise_baselines(
    run: Run, outcomes: Outcomes, baselines: Baselines, *, alphas: Sequence[float] = ALPHAS, seed: int = 0
) -> dict[str, Any]:
    """The summary's part on baselines: a table of paths for each training set, then each arm beside its own.

    Args:
        run: the run.
        outcomes: what its arms got wrong, record by record.
        baselines: what was computed for it.
        alphas: prices of a retrain, in errors.
        seed: of the random schedules.

    Returns:
        `every` (a model after every so many windows), `tables` by name, `arms` by name and `causes` by arm; where the
        run has gone on since, `stale` instead: a sentence.
    """
    if (words := _stale(outcomes, baselines)) is not None:
        return {"every": baselines.every, "stale": words}
    besides = {arm: one for arm, one in baselines.arms.items() if arm in outcomes.wrong}
    pairs = {(one.matrix, one.lag) for one in besides.values() if isinstance(one, Beside)}
    pairs |= {(key, 1) for key in baselines.matrices if key not in {matrix for matrix, _ in pairs}}
    tables = {pair: make_table(baselines.matrices[pair[0]], pair[1], baselines.every, alphas) for pair in sorted(pairs)}
    names = _names(tables)
    return {
        "every": baselines.every,
        "tables": {names[pair]: plain_table(table, alphas) for pair, table in tables.items()},
        "arms": {
            arm: {"reason": one}
            if isinstance(one, str)
            else {"beside": names[pair := (one.matrix, one.lag)], "beats": list(one.beats)}
            | _arm(arm, run, outcomes, tables[pair], seed)
            for arm, one in besides.items()
        },
        "causes": summarise_causes(outcomes, baselines.causes, reference=run.arms[0]),
    }


def baseline_discordance(baselines: Baselines, outcomes: Outcomes) -> Discordance | None:
    """The discordance of never and always, for the smallest difference that this stream could have shown.

    Measured on the first matrix; None where there is none, or it is of other windows than the run reports: it has gone
    on since, or lost some.
    """
    matrix = next(iter(baselines.matrices.values()), None)
    if matrix is None or _stale(outcomes, baselines) is not None:
        return None
    losses = matrix.losses(1)
    return discordance(matrix.wrong(never(losses)), matrix.wrong(always(losses)))


def _stale(outcomes: Outcomes, baselines: Baselines) -> str | None:
    labelled = [len(labels) for labels in outcomes.labels]
    known = [matrix.labelled.tolist() for matrix in baselines.matrices.values()]
    controls = (causes for causes in baselines.causes.values() if not isinstance(causes, str))
    compared = [pair for one in controls for pair in zip(one.windows, map(len, one.wrong["all"]), strict=False)]
    fit = all(window < len(labelled) and labelled[window] == count for window, count in compared)
    if fit and len(labelled) == baselines.windows and all(counts == labelled for counts in known):
        return None
    were = f"The baselines are of {baselines.windows:,} windows"
    return f"{were}, the run reports {len(labelled):,} now; compute them again."


def _names(tables: Mapping[tuple[str, int], Table]) -> dict[tuple[str, int], str]:
    """Such as `last 20`; learner and lag are said where the titles alone don't tell tables apart."""
    titles = {pair: str(table.matrix.facts["title"]) for pair, table in tables.items()}
    kinds = {pair: str(table.matrix.facts["learner"]["kind"]) for pair, table in tables.items()}
    longer = [titles, {pair: f"{titles[pair]}, {kinds[pair]}" for pair in tables}]
    longer.append({pair: f"{longer[1][pair]}, lag {pair[1]}" for pair in tables})
    longer.append({pair: f"{longer[2][pair]}, {pair[0]}" for pair in tables})
    return next(names for names in longer if len(set(names.values())) == len(tables))


def _arm(arm: str, run: Run, outcomes: Outcomes, table: Table, seed: int) -> dict[str, Any]:
    """One arm: regret at each price, and over time where fits are free; its share of the gain and place by chance."""
    fits, attempts = _fits(run, arm)
    wrong = np.array([here.sum() for here in outcomes.wrong[arm]], dtype=np.float64)
    static = np.array([here.sum() for here in outcomes.wrong[run.arms[0]]], dtype=np.float64)
    by_price = [
        regret(wrong + one.alpha * fits, one.costs, static, gain_low=one.low - one.alpha * one.found.retrains)
        for one in table.oracles
    ]
    priced = list(zip(by_price, table.oracles, strict=True))
    errors = int(wrong.sum())
    return {
        "errors": errors,
        "fits": int(fits.sum()),
        "attempts": attempts,
        "regret": [
            {"alpha": one.alpha, "regret": found.total, "gain": found.gain, "share": found.share}
            for found, one in priced
        ],
        "over_time": next((list(found.cumulative) for found, one in priced if one.alpha == 0), []),
        "random": _random(errors, attempts, table.losses, seed),
    }


def _random(errors: int, attempts: int, losses: Losses, seed: int) -> dict[str, Any] | None:
    """The arm among schedules that retrain as often; None for an arm that never did."""
    if not attempts:
        return None
    others = random_schedules(losses, attempts, seed=seed)
    low, median, high = (float(value) for value in np.quantile(others, (0.025, 0.5, 0.975)))
    return {
        "schedules": SCHEDULES,
        "retrains": min(attempts, len(losses.starts)),
        "percentile": percentile(errors, others),
        "median": median,
        "low": low,
        "high": high,
    }


def _fits(run: Run, arm: str) -> tuple[Costs, int]:
    """Fits charged in each window, those of folds too, and after how many windows it was retrained."""
    charged: Counter[int] = Counter()
    for event in run.events:
        if event["arm"] == arm and event["event"] == "retrain":
            charged[event["window"]] += int(event.get("fits", 1))
    windows = sorted(run.windows["window"].unique())
    return np.array([charged[window] for window in windows], dtype=np.float64), len(charged)
