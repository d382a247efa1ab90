"""What a fit sees, and what it must not see: weights, samples, duplicates, thresholds at the ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from producer.dataset import parse_dataset
from static_model.training import validation
from static_model.training.algorithms import for_kinds, with_threshold
from static_model.training.fitting import fit_all, prepared, sampled, stratified, validate, without_seen
from static_model.training.importance import top_features
from static_model.training.rows import arrange, class_counts, to_records
from static_model.training.settings import ALGORITHMS, Settings

pytestmark = pytest.mark.spark

SETTINGS = Settings(seed=3, trees=3, max_depth=3, boosts=2, max_iter=20)
CONTRACT = """
name = "scales"
label = { positive = ["1"], negative = ["0"] }
columns = [{ name = "small", type = "float" }, { name = "large", type = "float" }, { name = "y", type = "label" }]
"""


@pytest.fixture(scope="module")
def scales(load):
    """Two columns that say equally much, one of them in thousands; 10 % of class 1."""
    random = np.random.default_rng(2)
    label = (np.arange(2000) % 10 == 0).astype(np.int8)
    dataset = parse_dataset(CONTRACT, "scales")
    columns = {"small": random.normal(size=2000) + label, "large": 1000 * (random.normal(size=2000) + label)}
    table = pa.table({**columns, "y": label}, schema=dataset.schema)
    return arrange(load(table, dataset), partitions=1).persist(), dataset


def test_weights_reach_the_fit(scales) -> None:
    """With both classes weighing the same, the rare one is predicted far more often, by every algorithm."""
    frame, dataset = scales
    for name in ALGORITHMS:
        found = {}
        for balance in ("none", "weights"):
            with prepared(frame, dataset, replace(SETTINGS, balance=balance)) as ready:
                labels, scores = validate(ready.fit(name, {}, seed=1), ready.vectors)
            found[balance] = (scores > 0.5).mean()
            assert len(labels) == 2000
        assert found["weights"] > found["none"] + 0.1, name


def test_the_importance_of_a_linear_model_does_not_follow_the_scale(scales) -> None:
    """Columns that say equally much have about equal shares, whatever their unit; their coefficients don't."""
    frame, dataset = scales
    with prepared(frame, dataset, SETTINGS) as ready:
        model = ready.fit("logistic_regression", {"regParam": 1e-4}, seed=1)
        shares = top_features(model, ready)
    small, large = model.coefficients.toArray()
    assert small > 100 * large
    assert shares["small"] == pytest.approx(shares["large"], abs=0.15)


def test_a_sample_keeps_rare_rows(load, monkeypatch) -> None:
    """Of many rows about as many as asked for are kept, and of the rare class all that there are."""
    label = (np.arange(4000) < 12).astype(np.int8)
    dataset = parse_dataset(CONTRACT, "scales")
    table = pa.table({"small": np.arange(4000.0), "large": np.ones(4000), "y": label}, schema=dataset.schema)
    frame = load(table, dataset)
    negatives, positives = class_counts(stratified(frame, 400, counts=(3988, 12)))
    assert 12 == positives
    assert 300 < negatives < 620
    assert 4000 == stratified(frame, 4000, counts=(3988, 12)).count()
    assert 300 < sampled(frame, 400, rows=4000).count() < 460
    assert 4000 == sampled(frame, 4000, rows=4000).count()
    monkeypatch.setattr(validation, "GRID_ROWS", 200)
    settings = replace(SETTINGS, algorithms=("random_forest",), folds=2)
    points, tried = validation.search(arrange(frame, partitions=1), dataset, settings, lambda n: None)
    assert {"random_forest"} == set(points)
    assert 2 == len(tried)


def test_rows_that_a_part_was_fitted_on_do_not_validate_it(load, queries, make_queries) -> None:
    """A validation row with a duplicate among the training rows is left out, in folds and repeats too."""
    table = make_queries(60)
    whole, some = load(pa.concat_tables([table, table.slice(0, 10)]), queries), load(table.slice(0, 20), queries)
    left = to_records(without_seen(whole, some), queries)
    assert sorted(table.slice(20)["at"].to_pylist()) == sorted(left.column("at").to_pylist())
    twice = arrange(load(pa.concat_tables([make_queries(200)] * 2), queries), partitions=1)
    settings = replace(SETTINGS, algorithms=("decision_tree",), repeats=1, duplicates="across")
    sizes = {
        duplicates: len(
            validation.repeat(
                twice, queries, replace(settings, duplicates=duplicates), {"decision_tree": {}}, lambda n: None
            )["decision_tree"][0][0]
        )
        for duplicates in ("across", "keep")
    }
    assert 80 == sizes["keep"]
    assert sizes["across"] < 40


@pytest.mark.parametrize("threshold", [1.0, 1 - 1e-8, 1e-8])
def test_a_threshold_at_an_end_is_spark_s_too(scales, threshold: float) -> None:
    """Where nothing, or nearly everything, is an alarm, Spark's own prediction says the same as the score."""
    frame, dataset = scales
    for name in ALGORITHMS:
        if name == "linear_svc" and threshold == 1.0:
            continue  # its threshold is a margin, which has no end; training keeps within what can be told apart
        with prepared(frame, dataset, SETTINGS) as ready:
            model = with_threshold(ready.fit(name, {}, seed=1), threshold)
            _, scores = validate(model, ready.vectors)
            predicted = model.transform(ready.vectors).select("prediction").toArrow()["prediction"].to_numpy()
        np.testing.assert_array_equal(scores > threshold, predicted == 1, err_msg=name)


@pytest.mark.parametrize(
    ("kept", "several"),
    [
        ("logistic_regression", "logistic_regression"),
        ("decision_tree", "decision_tree"),
        ("random_forest", "random_forest"),
        ("linear_svc", "random_forest"),
        ("gradient_boosted_trees", "random_forest"),
    ],
)
def test_kinds_are_told_by_the_kept_family_where_it_knows_several_classes(spark, kept: str, several: str) -> None:
    """A family of two classes only is stood in for by a forest."""
    name, unfitted = for_kinds(kept, {}, SETTINGS, seed=1, weighted=False, categories=0)
    assert several == name
    assert several.replace("_", "") in type(unfitted).__name__.lower()


def test_a_failed_fit_ends_the_others(spark) -> None:
    """What has not begun never does, and the failure comes through."""
    begun = []

    def job(number: int):
        def run() -> int:
            begun.append(number)
            if number == 0:
                raise ValueError("the first one fails")
            return number

        return run

    with pytest.raises(ValueError, match="the first one fails"):
        fit_all([job(number) for number in range(200)], lambda n: None)
    assert len(begun) < 200
    assert [0, 1, 4] == fit_all([lambda n=n: n * n for n in range(3)], lambda n: None)
