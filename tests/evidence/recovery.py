"""Recovery: what the default arm saves of what hindsight would have saved, after planted drift of 10 points or more.

A forest is fitted on synthetic DNS records; a stream of more of them has one drift, at a record drawn by seed: a changed
concept (labels swapped) or a new sub-population (half of the attackers use another encoding). Both are planted at
once, or grow over 20 windows. The arm's errors are held against those of the oracle: the best schedule, seen
afterwards, of ungated fits on the last 20 windows, each in force from the next window on; for the arm's
share it is cross-fitted. `python tests/evidence/recovery.py` runs the long form and prints its table.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from analysis.regret import regret
from online.duel import run_duel
from online.learners.batch import ScikitLearn
from online.matrix import read_matrix
from online.matrix_building import Ask, build
from online.oracle import EVEN, ODD, count_errors, never, oracle
from online.training_sets.last import Last
from online.whole import features_of, open_whole
from producer.codec import decode
from producer.dataset import load_dataset
from producer.inject import inject_file
from producer.injection import Injection
from producer.recipe import Drift, Recipe
from producer.synthetic import records_of
from static_model.artifact import Model, Numeric, save_model
from static_model.fitted import forest_from_sklearn
from static_model.scorer import Scorer, featurise

CONTRACT = load_dataset("dns-exfil")
ATTACKS, BESIDE = 0.5, 0.5
"""The share of attacks, and that of the attackers who use the new encoding."""
LEAST_RISE = 0.10
KINDS = ("changed concept", "new sub-population")
SHAPES = {"abrupt": 0.9, "gradual": 0.8}
"""How a drift comes, and which share of the oracle's gain is asked for."""
SETS = (20, 1)
"""The oracle's training sets: last 20 windows, which is what is asked; and last 1, which forgets an old concept at once."""
ARMS = ("dynamic",)
Errors = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Form:
    """How much is done.

    Attributes:
        duels: for each kind and shape.
        size: records in a window.
        after: windows that are looked at, from the one in which the drift begins.
        calm: the drift begins in a window between these two, so many windows after the first.
        ramp: windows of a gradual drift.
        trees, depth, rows: of the starting model.
    """

    duels: int
    size: int
    after: int
    calm: tuple[int, int]
    ramp: int
    trees: int = 10
    depth: int = 10
    rows: int = 20_000


FULL = Form(duels=10, size=1000, after=100, calm=(10, 30), ramp=20)
SHORT = Form(duels=1, size=1000, after=40, calm=(6, 10), ramp=20, trees=5, depth=8, rows=4000)


def starting_model(form: Form, folder: Path) -> Path:
    """A forest on the numeric columns, tried on as many further records."""
    lines = [line.encode() for line in lines_of(Recipe(records=2 * form.rows, seed=1, attack_share=ATTACKS))]
    records = decode(lines, CONTRACT, wire="csv").records
    steps = tuple(Numeric(column.name) for column in CONTRACT.columns if column.type in ("int", "float"))
    features, labels = featurise(steps, records), records.column(CONTRACT.label_name).to_numpy()
    parameters = {"trees": form.trees, "max_depth": form.depth, "min_instances": 1}
    classifier = RandomForestClassifier(form.trees, max_depth=form.depth, random_state=0, n_jobs=1)
    forest = forest_from_sklearn(classifier.fit(features[: form.rows], labels[: form.rows]), parameters=parameters)
    wrong = (Scorer(forest).score(features[form.rows :]) > 0.5) != (labels[form.rows :] == 1)
    model = Model(
        dataset=CONTRACT,
        steps=steps,
        estimator=forest,
        threshold=0.5,
        holdout_records=form.rows,
        holdout_errors=int(wrong.sum()),
        info={"engine": "scikit-learn", "seed": 0},
    )
    save_model(model, folder / "model")
    return folder / "model"


def lines_of(recipe: Recipe) -> list[str]:
    """The CSV lines of a stream."""
    return [line for block, _ in records_of(recipe) for line in block]


@dataclass(frozen=True, slots=True)
class Planted:
    """A stream with one drift, and the record with which it begins."""

    file: Path
    start: int


def plant(form: Form, kind: str, shape: str, seed: int, folder: Path) -> Planted:
    """Write the stream."""
    rng = np.random.default_rng([KINDS.index(kind), shape == "gradual", seed])
    start = int(rng.integers(form.calm[0] * form.size, form.calm[1] * form.size))
    end = start + form.ramp * form.size if shape == "gradual" else start
    records = (start // form.size + form.after) * form.size
    recipe = Recipe(records=records, seed=100 + seed, attack_share=ATTACKS)
    lines = np.array(lines_of(recipe), dtype=object)
    if kind == "new sub-population":
        changed = lines_of(Recipe(records, 100 + seed, attack_share=ATTACKS, drifts=(Drift("encoding", start, end),)))
        lines = np.where(rng.random(records) < BESIDE, np.array(changed, dtype=object), lines)
    plain = folder / f"{seed}.csv.gz"
    with gzip.open(plain, "wb", compresslevel=1) as file:
        file.write("\n".join([",".join(CONTRACT.names), *lines.tolist(), ""]).encode())
    if kind == "new sub-population":
        return Planted(plain, start)
    swapped = folder / f"{seed}-swapped.csv.gz"
    swap = Injection(kind="label-swap", at=start, end=end if end > start else None)
    inject_file(plain, CONTRACT, [swap], seed=seed, out=swapped)
    return Planted(swapped, start)


def duel(form: Form, model: Path, planted: Planted, seed: int, run: Path, arms: tuple[str, ...]) -> pd.DataFrame:
    """Run the duel; the errors of each arm in each window, windows down and arms across."""
    run_duel(model=model, run=run, arms=("static", *arms), file=planted.file, window=form.size, seed=seed)
    tracked = pd.read_csv(run / "windows.csv", keep_default_na=False)
    tracked["errors"] = tracked["fp"].astype(int) + tracked["fn"].astype(int)
    return tracked.pivot(index="window", columns="arm", values="errors")


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


def duels(form: Form, kind: str, shape: str, *, model: Path, folder: Path, arms: tuple[str, ...]) -> Iterator[dict]:
    """One result for each seed."""
    for seed in range(form.duels):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            planted, run = plant(form, kind, shape, seed, Path(place)), Path(place) / "run"
            errors = duel(form, model, planted, seed, run, arms)
            yield {"kind": kind, "shape": shape, "seed": seed, **recovered(form, errors, planted, run)}


def rows(found: Sequence[Mapping[str, Any]], arms: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """A row for each kind, shape and arm: the mean share, the worst one, and what was seen and paid."""
    for kind, shape in dict.fromkeys((one["kind"], one["shape"]) for one in found):
        same = [one for one in found if (one["kind"], one["shape"]) == (kind, shape)]
        for arm in arms or ARMS:
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


def main(full: bool, arms: tuple[str, ...] = ARMS, kinds: Sequence[str] = KINDS) -> dict[str, Any]:
    """Run and print the duels.

    Returns:
        `rows`: the table; `duels`: every duel; `after`: how many windows are looked at.
    """
    form = FULL if full else SHORT
    found = []
    with tempfile.TemporaryDirectory() as folder:
        model = starting_model(form, Path(folder))
        for kind in kinds:
            for shape in SHAPES:
                for one in duels(form, kind, shape, model=model, folder=Path(folder), arms=arms):
                    print(json.dumps(one), flush=True)
                    found.append(one)
    return {"after": form.after, "rows": list(rows(found, arms)), "duels": found}


if __name__ == "__main__":
    for row in main(full=True)["rows"]:
        print(row)
