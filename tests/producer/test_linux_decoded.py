"""The synthetic Linux telemetry: its dirt, and what a model makes of it once it is decoded."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from functools import cache
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from producer import linux_memory, linux_process
from producer.codec import decode
from producer.dataset import load_dataset
from producer.recipe import Drift, Recipe
from producer.synthetic import records_of

NAMES = ("linux-process", "linux-memory")
UNFILLED = -1.0

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@cache
def lines(recipe: Recipe) -> tuple[str, ...]:
    return tuple(line for block, _ in records_of(recipe) for line in block)


def recipe_of(name: str, records: int, seed: int, drifts: tuple[Drift, ...] = (), share: float = 0.1) -> Recipe:
    return Recipe(records, seed, attack_share=share, drifts=drifts, dataset=name)


@cache
def rows(recipe: Recipe) -> list[dict[str, str]]:
    return list(csv.DictReader(lines(recipe), fieldnames=load_dataset(recipe.dataset).names))


@cache
def records(recipe: Recipe) -> pa.RecordBatch:
    decoded = decode([line.encode() for line in lines(recipe)], load_dataset(recipe.dataset), wire="csv")
    assert () == decoded.dead
    return decoded.records


def column(recipe: Recipe, name: str) -> list[float]:
    """Numbers as they are, words by their checksum: the same in all streams, and an order that means nothing."""
    values = records(recipe).column(name).to_pylist()
    if records(recipe).schema.field(name).type == pa.string():
        return [float(crc32(str(value).encode())) for value in values]
    return [UNFILLED if value is None else float(value) for value in values]


@cache
def table(recipe: Recipe, *leaks: str) -> tuple[Matrix, Labels]:
    features = load_dataset(recipe.dataset).with_features(leaks).features
    return np.array([column(recipe, c.name) for c in features]).T, np.array(column(recipe, "attack"), np.int64)


@cache
def fitted(recipe: Recipe, *leaks: str) -> RandomForestClassifier:
    """A forest on the first four fifths of the rows, in an order of chance."""
    features, labels = table(recipe, *leaks)
    first = _order(recipe)[: recipe.records * 4 // 5]
    forest = RandomForestClassifier(25, max_depth=12, class_weight="balanced", random_state=0)
    return forest.fit(features[first], labels[first])


def _order(recipe: Recipe) -> Labels:
    return np.random.default_rng(0).permutation(recipe.records)


def balanced(forest: RandomForestClassifier, features: Matrix, labels: Labels) -> float:
    return float(balanced_accuracy_score(labels, forest.predict(features)))


def held_out(recipe: Recipe, *leaks: str) -> tuple[float, float]:
    """Balanced accuracy and area under the curve on the last fifth."""
    features, labels = table(recipe, *leaks)
    last = _order(recipe)[recipe.records * 4 // 5 :]
    scores = fitted(recipe, *leaks).predict_proba(features[last])[:, 1]
    return balanced(fitted(recipe, *leaks), features[last], labels[last]), float(roc_auc_score(labels[last], scores))


# --- dirt


@pytest.mark.parametrize("name", NAMES)
def test_the_dirt_is_there_and_the_contract_cleans_it(name: str) -> None:
    """Every row decodes, though cells are missing, hold text, have blanks around and inside, or a unit."""
    recipe = recipe_of(name, 20_000, 1)
    cells = [
        cell for row in rows(recipe) for key, cell in row.items() if key in linux_memory.SOILED + linux_process.SOILED
    ]
    dirt: dict[str, Callable[[str], bool]] = {
        "missing": lambda cell: cell == "-",
        "text": lambda cell: cell in ("norm", "n/a", "?", "atop"),
        "blanks around": lambda cell: cell != cell.strip(),
    }
    if name == "linux-memory":  # the numbers of processes are small: they have no units and nothing to group
        dirt["blanks inside"] = lambda cell: " " in cell.strip()
        dirt["units"] = lambda cell: cell.strip()[-1:] in ("K", "M", "G")
    assert dict.fromkeys(dirt, True) == {kind: sum(map(found, cells)) > 20 for kind, found in dirt.items()}
    assert 20_000 == records(recipe).num_rows


def test_all_units_occur() -> None:
    """Sizes are in K, M or G as atop writes them, and mean bytes once they are decoded."""
    recipe = recipe_of("linux-memory", 20_000, 1)
    assert {"K", "M", "G"} <= {row["VSIZE"].strip()[-1] for row in rows(recipe)}
    sizes = dict(zip((row["VSIZE"] for row in rows(recipe)), records(recipe).column("VSIZE").to_pylist(), strict=True))
    assert (0, 2.5 * 2**30) == (sizes["0K"], sizes["2.5G"])


def test_nice_is_broken_and_mended() -> None:
    """In the file NICE has lost its sign, is 0 or unsigned; decoded it is PRI - 120 unless both are 0."""
    recipe = recipe_of("linux-process", 20_000, 1)
    written = Counter((row["NICE"], row["PRI"]) for row in rows(recipe))
    assert min(written[nice, "100"] for nice in ("20", "0", str(2**32 - 20))) > 50
    found = Counter(zip(column(recipe, "NICE"), column(recipe, "PRI"), strict=True))
    assert found[0, 0] > 50
    assert all(nice == priority - 120 for nice, priority in found if (nice, priority) != (0, 0))


# --- classes


@pytest.mark.parametrize("name", NAMES)
def test_the_classes_overlap(name: str) -> None:
    """A forest finds most attacks, in this stream and in another one alike, and never all."""
    own, other = held_out(recipe_of(name, 30_000, 1))[0], table(recipe_of(name, 15_000, 2))
    assert 0.84 < own < 0.93
    assert balanced(fitted(recipe_of(name, 30_000, 1)), *other) == pytest.approx(own, abs=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_error_costs_every_model(name: str) -> None:
    """Rows that look exactly like the other class come on top of the overlap."""
    wrong = Recipe(15_000, 2, error=0.2, attack_share=0.1, dataset=name)
    forest = fitted(recipe_of(name, 30_000, 1))
    assert balanced(forest, *table(wrong)) < balanced(forest, *table(recipe_of(name, 15_000, 2))) - 0.1


@pytest.mark.parametrize("name", NAMES)
def test_process_number_and_time_leak(name: str) -> None:
    """With PID and ts a forest looks better on rows held out of the same stream, and is worse on other machines."""
    recipe, leaks = recipe_of(name, 30_000, 1), ("PID", "ts")
    (plain, area), (leaky, leaky_area) = held_out(recipe), held_out(recipe, *leaks)
    assert leaky > plain + 0.015
    assert leaky_area > area + 0.03
    elsewhere = balanced(fitted(recipe, *leaks), *table(recipe_of(name, 15_000, 2), *leaks))
    assert elsewhere < plain - 0.05


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("kind", "cost"), [("encoding", 0.08), ("mix", 0.015)])
def test_drift_costs_an_old_model(name: str, kind: str, cost: float) -> None:
    """New tools and new benign work each cost the model of before balanced accuracy; a new one has it again."""
    drift = (Drift(kind, 0, 0),)  # type: ignore[arg-type]
    old = fitted(recipe_of(name, 30_000, 1))
    before, after = table(recipe_of(name, 15_000, 2)), table(recipe_of(name, 15_000, 2, drift))
    retrained = fitted(recipe_of(name, 20_000, 3, drift))
    assert balanced(old, *after) < balanced(old, *before) - cost
    assert balanced(retrained, *after) > balanced(old, *after) + cost
