"""Synthetic DNS streams with one drift at a record drawn by seed, and a forest to start from. No Spark."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

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
KINDS = ("changed concept", "new sub-population")


@dataclass(frozen=True, slots=True)
class Form:
    """How much is done.

    Attributes:
        cases: kinds and shapes of drift.
        duels: for each case.
        size: records in a window.
        after: windows that are looked at, from the one in which the drift begins.
        calm: the drift begins in a window between these two, so many windows after the first.
        ramp: windows of a gradual drift.
        trees, depth, rows: of the starting model.
    """

    cases: tuple[tuple[str, str], ...]
    duels: int
    size: int
    after: int
    calm: tuple[int, int]
    ramp: int
    trees: int = 5
    depth: int = 10
    rows: int = 20_000


def starting_model(form: Form, folder: Path) -> Path:
    """A forest of synthetic records, in `folder/model`."""
    lines = lines_of(Recipe(records=2 * form.rows, seed=1, attack_share=ATTACKS))
    save_model(forest_of([line.encode() for line in lines], trees=form.trees, depth=form.depth), folder / "model")
    return folder / "model"


def forest_of(lines: Sequence[bytes], *, trees: int, depth: int) -> Model:
    """A forest on the numeric columns, fitted on the first half of the lines and tried on the second."""
    records = decode(lines, CONTRACT, wire="csv").records
    steps = tuple(Numeric(column.name) for column in CONTRACT.columns if column.type in ("int", "float"))
    features, labels = featurise(steps, records), records.column(CONTRACT.label_name).to_numpy()
    half = len(labels) // 2
    classifier = RandomForestClassifier(trees, max_depth=depth, random_state=0, n_jobs=1)
    parameters = {"trees": trees, "max_depth": depth, "min_instances": 1}
    forest = forest_from_sklearn(classifier.fit(features[:half], labels[:half]), parameters=parameters)
    wrong = (Scorer(forest).score(features[half:]) > 0.5) != (labels[half:] == 1)
    return Model(
        dataset=CONTRACT,
        steps=steps,
        estimator=forest,
        threshold=0.5,
        holdout_records=len(wrong),
        holdout_errors=int(wrong.sum()),
        info={"engine": "scikit-learn", "seed": 0},
    )


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
