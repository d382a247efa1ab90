"""Recovery: what the default arm saves of what hindsight would have saved, after planted drift of 10 points or more.

A forest is fitted on synthetic DNS records; a stream of more of them has one drift, at a record drawn by seed: a
changed concept (labels swapped) or a new sub-population (half of the attackers use another encoding). Both come at
once, or grow over 20 windows. The arm's errors are held against those of the oracle: the best schedule, seen
afterwards and cross-fitted, of ungated fits on the last 20 windows, each in force from the next window on.
`python tests/evidence/recovery.py` runs the long form and prints its table.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from planted_streams import KINDS, Form, Planted, plant, starting_model

from analysis.hindsight.regret import regret
from online.baselines.building import Ask, build
from online.baselines.matrix import read_matrix
from online.baselines.oracle import EVEN, ODD, count_errors, never, oracle
from online.baselines.whole import features_of, open_whole
from online.duel import Duel, Stream, run_duel
from online.learners.batch import ScikitLearn
from online.training_sets.last import Last

LEAST_RISE = 0.10
SHAPES = {"abrupt": 0.9, "gradual": 0.8}
"""How a drift comes, and which share of the oracle's gain is asked for."""
SETS = (20, 1)
"""The oracle's training sets: last 20 windows, as asked; and last 1, which forgets an old concept at once."""
ARMS = ("dynamic",)
Errors = npt.NDArray[np.float64]


FULL = Form(tuple(product(KINDS, SHAPES)), duels=10, size=1000, after=100, calm=(10, 30), ramp=20)
SHORT = Form(
    tuple(zip(KINDS, SHAPES, strict=True)), duels=1, size=1000, after=30, calm=(5, 8), ramp=20, depth=8, rows=4000
)


def duel(form: Form, kind: str, shape: str, seed: int, *, model: Path, arms: tuple[str, ...]) -> dict[str, Any]:
    """One duel, held against hindsight."""
    with tempfile.TemporaryDirectory() as name:
        planted, run = plant(form, kind, shape, seed, Path(name)), Path(name) / "run"
        asked = Duel(model=model, stream=Stream(file=planted.file), arms=arms, window=form.size, seed=seed)
        run_duel(asked, run=run)
        tracked = pd.read_csv(run / "windows.csv", keep_default_na=False)
        tracked["errors"] = tracked["fp"].astype(int) + tracked["fn"].astype(int)
        errors = tracked.pivot_table(index="window", columns="arm", values="errors")
        return {"kind": kind, "shape": shape, "seed": seed, **recovered(form, errors, planted, run)}


def hindsight(run: Path) -> tuple[npt.NDArray[np.float64], dict[int, npt.NDArray[np.float64]]]:
    """Errors by window of the static model, and of the oracle over fits on the last so many windows, by how many.

    A retrain costs nothing here. Records with an even number choose the schedule for those with an odd one, and the
    other way round.
    """
    best = {}
    with features_of(run) as mapped:
        whole = open_whole(run, mapped)
        for last in SETS:
            losses = read_matrix(build(whole, Ask(Last(windows=last), ScikitLearn()), mapped=mapped)).losses(1)
            paths = oracle(losses, alpha=0.0).paths
            halves = [count_errors(losses, paths[1 - half])[:, half] for half in (EVEN, ODD)]
            best[last] = np.sum(halves, axis=0).astype(np.float64)
    return count_errors(losses, never(losses)).sum(axis=1).astype(np.float64), best


def recovered(form: Form, errors: pd.DataFrame, planted: Planted, run: Path) -> dict[str, Any]:
    """What each arm saved of what the oracle saved, over the windows after the drift, and what was seen and paid."""
    static, best = hindsight(run)
    assert np.array_equal(errors["static"], static), "the matrix and the tracker know the same static model"
    first = planted.start // form.size
    after = slice(first, first + form.after)
    rise = (static[first + form.ramp :].mean() - static[:first].mean()) / form.size
    assert rise >= LEAST_RISE, f"the drift is of {rise:.3f} only"
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return {
        "start": planted.start,
        "rise": float(rise),
        "arms": {
            arm: {f"last {last}": share(errors[arm], static, best[last], after) for last in SETS}
            | paid([event for event in events if event["arm"] == arm], first)
            for arm in errors.columns.drop("static")
        },
    }


def share(errors: pd.Series, static: Errors, best: Errors, after: slice) -> float | None:
    """The arm's share of the oracle's gain in these windows; None where the oracle gains nothing for sure."""
    held = errors.to_numpy(np.float64)[after]
    sure = float((static - best)[after].sum() - 2 * np.sqrt((static + best)[after].sum()))
    return regret(held, best[after], static[after], gain_low=sure).share


def paid(events: Sequence[Mapping[str, Any]], first: int) -> dict[str, Any]:
    """Fits, alarms before and after the drift, and windows from it to the first alarm and to the last promotion."""
    alarms = [event["window"] for event in events if event["event"] == "drift"]
    promoted = [event["window"] for event in events if event["event"] == "promoted"]
    after = [window - first for window in alarms if window >= first]
    return {
        "fits": sum(event["event"] == "retrain" for event in events),
        "false": sum(window < first for window in alarms),
        "alarms": len(after),
        "found": after[0] if after else None,
        "promoted": [window - first for window in promoted],
    }


def rows(found: Sequence[Mapping[str, Any]], arms: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """A row for each kind, shape and arm: the mean share, the worst one, and what was seen and paid."""
    for kind, shape in dict.fromkeys((one["kind"], one["shape"]) for one in found):
        same = [one for one in found if (one["kind"], one["shape"]) == (kind, shape)]
        for arm in arms:
            name = arm.partition(":")[0]
            mine = [one["arms"][name] for one in same]
            yield {
                "kind": kind,
                "shape": shape,
                "arm": name,
                "duels": len(mine),
                "rise": float(np.mean([one["rise"] for one in same])),
                "asked": SHAPES[shape],
                "share": float(np.mean([one["last 20"] for one in mine])),
                "worst": float(np.min([one["last 20"] for one in mine])),
                "share of last 1": float(np.mean([one["last 1"] for one in mine])),
                "fits": float(np.mean([one["fits"] for one in mine])),
                "false alarms": int(sum(one["false"] for one in mine)),
                "alarms": float(np.mean([one["alarms"] for one in mine])),
            }


def main(full: bool, arms: tuple[str, ...] = ARMS) -> dict[str, Any]:
    """Run and print the duels.

    Returns:
        `rows`: the table; `duels`: every duel; `after`: how many windows are looked at.
    """
    form = FULL if full else SHORT
    found = []
    with tempfile.TemporaryDirectory() as folder:
        model = starting_model(form, Path(folder))
        for seed, (kind, shape) in product(range(form.duels), form.cases):
            one = duel(form, kind, shape, seed, model=model, arms=arms)
            print(json.dumps(one), file=sys.stderr, flush=True)
            found.append(one)
    return {"after": form.after, "rows": list(rows(found, arms)), "duels": found}


if __name__ == "__main__":
    for row in main(full=True)["rows"]:
        print(row)
