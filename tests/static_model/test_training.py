"""Fits with the real Spark: nothing leaks, everything repeats, and what is saved agrees with Spark."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from producer.dataset import load_dataset, parse_dataset
from producer.errors import ContractError, ModelError, UsageError
from producer.files import read_records
from static_model.artifact import load_model, model_digest
from static_model.estimators import Forest, Linear, OneHot
from static_model.holdout import stratified_split
from static_model.saving import save_trained
from static_model.training import Settings, train

pytestmark = pytest.mark.spark

CONTRACT = """
name = "queries"
label = { positive = ["1"], negative = ["0"] }
columns = [
    { name = "Size", type = "float" },
    { name = "size", type = "int" },
    { name = "the word", type = "string" },
    { name = "at", type = "string", feature = false },
    { name = "attack", type = "label" },
]
"""
SETTINGS = Settings(seed=3, trees=8, max_depth=4)
FAST = Settings(seed=3, trees=8, max_depth=4, algorithms=("random_forest",))


def _dataset(contract=CONTRACT):
    return parse_dataset(contract, "the test")


def _records(count=600, seed=0):
    """Three features, one of them words; the class follows from a word and the sign of a number, most of the time."""
    rng = np.random.default_rng(seed)
    size, word = rng.normal(size=count), rng.choice(["a", "b", "nan", ""], count)
    label = ((size > 0) ^ (word == "a") ^ (rng.random(count) < 0.05)).astype(np.int8)
    columns = [pa.array(size), pa.array(rng.integers(0, 9, count)), pa.array(word), pa.array(["x"] * count)]
    return pa.RecordBatch.from_arrays([*columns, pa.array(label)], schema=_dataset().schema)


def _save(trained, directory, **options):
    return save_trained(trained, directory, source={"file": "f.csv", "sha256": "0", "dead": 0}, **options)


def _fitted(trained, directory):
    """The digest of what was fitted alone, without what is known of the held-out part."""
    return model_digest(replace(_save(trained, directory).model, info={}, holdout_records=0, holdout_errors=0))


@pytest.fixture(scope="module")
def trained(spark):
    """Both algorithms, compared on the synthetic records."""
    return train(_records(), _dataset(), settings=SETTINGS, spark=spark)


def test_both_algorithms_are_compared_and_the_better_one_is_kept(trained):
    """Only a forest can follow the interaction of word and number."""
    assert list(trained.comparison) == ["logistic_regression", "random_forest"]
    assert trained.selection.algorithm == "random_forest"
    assert trained.comparison["random_forest"]["mcc"] > trained.comparison["logistic_regression"]["mcc"] + 0.1
    assert trained.comparison["random_forest"]["accuracy"] > 0.85
    assert trained.held_out.num_rows == len(trained.scores) == 120


def test_a_saved_model_says_where_it_came_from_and_scores_like_spark(trained, tmp_path):
    """The directory loads again, holds Spark's pipeline beside the twin, and its digest leaves that out."""
    saved = _save(trained, tmp_path / "my model ü" / "m")
    model = load_model(tmp_path / "my model ü" / "m")
    assert saved.digest == model_digest(model)
    assert (tmp_path / "my model ü" / "m" / "spark" / "metadata").is_dir()
    assert [path.name for path in (tmp_path / "my model ü").iterdir()] == ["m"]
    assert isinstance(model.steps[2], OneHot)
    assert (set(model.steps[2].labels), model.steps[2].width) == ({"a", "b", "nan"}, 3)
    assert isinstance(model.estimator, Forest)
    assert (model.threshold, model.holdout_records) == (0.5, 120)
    errors = round(120 * (1 - trained.comparison["random_forest"]["accuracy"]))
    assert model.holdout_errors == errors
    assert model.info["training"] == {
        "file": "f.csv", "sha256": "0", "dead": 0, "records": 600, "seed": 3, "partitions": 2, "holdout": 0.2,
        "class_counts": {"0": trained.class_counts[0], "1": trained.class_counts[1]}, "duplicates_across_split": 0,
    }  # fmt: skip
    assert model.info["parameters"] == {"trees": 8, "max_depth": 4, "min_instances": 1}
    assert model.info["engine"] == "spark"
    assert saved.parity == "Spark and the saved model agree on all 120 held-out records (probabilities bit for bit)."


def test_a_logistic_regression_with_words_agrees_with_spark_too(spark, tmp_path):
    """Its probabilities may differ in the last digits only."""
    settings = Settings(seed=1, algorithms=("logistic_regression",))
    saved = _save(train(_records(), _dataset(), settings=settings, spark=spark), tmp_path / "m")
    assert isinstance(saved.model.estimator, Linear)
    assert dict(saved.model.estimator.parameters) == {"reg_param": 1e-4, "max_iter": 100}
    assert saved.parity.endswith("(probabilities within 1e-12).")


def test_nothing_is_fitted_on_held_out_records(spark, tmp_path):
    """Other words and values in the held-out records leave the fitted model as it was."""
    records = _records()
    labels = records.column("attack").to_numpy()
    _, held = stratified_split(labels, seed=FAST.seed, holdout=FAST.holdout)
    poisoned = records.to_pydict()
    for row in held:
        poisoned["the word"][row], poisoned["Size"][row], poisoned["size"][row] = "poison", 1e9, -(10**12)
    poison = pa.RecordBatch.from_pydict(poisoned, schema=records.schema)
    clean, other = (train(r, _dataset(), settings=FAST, spark=spark) for r in (records, poison))
    assert clean.comparison != other.comparison
    assert _fitted(clean, tmp_path / "clean") == _fitted(other, tmp_path / "other")


REPEAT = """
import sys
from pathlib import Path
from producer.dataset import parse_dataset
from producer.files import read_records
from static_model.saving import save_trained
from static_model.session import spark_session
from static_model.training import Settings, train
folder = Path(sys.argv[1])
dataset = parse_dataset((folder / "d.toml").read_text(), "d")
records = read_records(folder / "r.csv", dataset).records
with spark_session(cores=1) as spark:
    for name in ("logistic_regression", "random_forest"):
        settings = Settings(seed=3, trees=8, max_depth=4, algorithms=(name,))
        trained = train(records, dataset, settings=settings, spark=spark)
        print(save_trained(trained, folder / name, source={}).digest)
"""


def test_the_same_records_and_seed_give_the_same_digest_on_any_number_of_cores(spark, tmp_path):
    """One core in a process of its own, all cores here: the same bytes, for both algorithms."""
    rows = _records().to_pydict()
    lines = [",".join(str(value) for value in row) for row in zip(*rows.values(), strict=True)]
    (tmp_path / "r.csv").write_text("\n".join([",".join(rows), *lines]) + "\n")
    (tmp_path / "d.toml").write_text(CONTRACT)
    command = [sys.executable, "-c", REPEAT, str(tmp_path)]
    alone = subprocess.run(command, capture_output=True, text=True, check=False)
    records, digests = read_records(tmp_path / "r.csv", _dataset()).records, []
    for name in ("logistic_regression", "random_forest"):
        settings = replace(SETTINGS, algorithms=(name,))
        trained = train(records, _dataset(), settings=settings, spark=spark)
        digests.append(save_trained(trained, tmp_path / f"{name}-here", source={}).digest)
    assert digests == alone.stdout.split(), alone.stderr


def test_a_disagreement_with_spark_fails_the_saving_and_leaves_nothing(trained, tmp_path):
    """One probability that is off by the last bit is enough for a forest."""
    scores = trained.scores.copy()
    scores[7] = np.nextafter(scores[7], 1)
    with pytest.raises(ModelError, match=r"disagree on 1 of 120 held-out records \(0 predictions differ"):
        _save(replace(trained, scores=scores), tmp_path / "m")
    with pytest.raises(ModelError, match=r"disagree on 120 of 120 held-out records \(120 predictions differ"):
        _save(replace(trained, predictions=1 - trained.predictions), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_replaced_only_by_force_and_nothing_else_ever_is(trained, tmp_path):
    """What isn't a model directory is left alone even with force."""
    _save(trained, tmp_path / "m")
    with pytest.raises(UsageError, match="holds a model already"):
        _save(trained, tmp_path / "m")
    assert _save(trained, tmp_path / "m", force=True).digest == model_digest(load_model(tmp_path / "m"))
    (tmp_path / "home").mkdir()
    with pytest.raises(UsageError, match="is no model directory"):
        _save(trained, tmp_path / "home", force=True)


def test_doubles_across_the_split_are_counted(spark):
    """Every record twice: nearly all held-out ones have a double among the training records."""
    records = pa.Table.from_batches([_records(100), _records(100)]).combine_chunks().to_batches()[0]
    assert train(records, _dataset(), settings=FAST, spark=spark).duplicates > 20


@pytest.mark.parametrize(
    ("rows", "contract", "message"),
    [
        (lambda r: r.filter(pa.compute.equal(r["attack"], 1)), CONTRACT, r"have 0 of class 0 \(0\) and .* at least 20"),
        (lambda r: r.slice(0, 30), CONTRACT, "at least 20 of each"),
        (
            lambda r: r.rename_columns(["a.b", *r.schema.names[1:]]),
            CONTRACT.replace('"Size"', '"a.b"'),
            "can't use the column 'a.b' as a feature",
        ),
        (
            lambda r: r.set_column(2, "the word", pa.array([""] * r.num_rows)),
            CONTRACT,
            "'the word' is empty in all training records",
        ),
    ],
)
def test_records_that_no_model_can_be_trained_on_are_a_sentence(spark, rows, contract, message):
    """One class, too few records, a name that Spark can't take, a column without words."""
    with pytest.raises(ContractError, match=message):
        train(rows(_records()), _dataset(contract), settings=FAST, spark=spark)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "features", "accuracy"),
    [
        ("dns_exf_static", (), 0.814),
        ("dns_tunnels_static", (), 0.999),
        ("dns_tunnels_static", ("sld", "longest_word"), 0.996),
    ],
)
def test_real_data_reach_the_known_accuracy_and_agree_with_spark(data_dir, spark, tmp_path, name, features, accuracy):
    """The forest's accuracy on held-out records is the known one; saving checks parity on all of them."""
    dataset = load_dataset("dns-exfil").with_features(features)
    records = read_records(data_dir / f"{name}.csv.gz", dataset).records
    trained = train(records, dataset, settings=Settings(seed=0, algorithms=("random_forest",)), spark=spark)
    saved = _save(trained, tmp_path / "m")
    assert trained.comparison["random_forest"]["accuracy"] == pytest.approx(accuracy, abs=0.006)
    assert f"agree on all {trained.held_out.num_rows:,} held-out records" in saved.parity
