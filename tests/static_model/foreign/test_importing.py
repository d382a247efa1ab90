"""From a stranger's model to a model directory: Spark directories of both layouts, learners, thresholds, damage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import skops.io
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from producer.dataset import Dataset
from producer.errors import ContractError, ModelError, UsageError
from static_model.artifact import load_model
from static_model.foreign import files
from static_model.foreign.importing import UNKNOWN, import_model, kind_of
from static_model.foreign.learner import FAMILIES, parse_learner
from static_model.foreign.words import sentences
from static_model.scorer import Scorer, featurise

NUMBERS = ["gap", "seconds", "size"]


def skops_file(rows, folder: Path, model) -> Path:
    frame, labels = rows(500, 1, whole=True)
    skops.io.dump(model.fit(frame[NUMBERS], labels), folder / "m.skops")
    return folder / "m.skops"


def read(place: Path, dataset: Dataset, out: Path, **options):
    return import_model(place, dataset, out, **{"learner": None, "threshold": None, **options})


@pytest.mark.parametrize("part", ["part-00000", "part-00000-1f2e3d4c-c000.txt"])
def test_a_spark_pipeline_becomes_a_model_with_a_copy_beside_it(
    spark_directory, numbers: Dataset, tmp_path: Path, part: str
) -> None:
    """Both layouts give the twin, Spark's own threshold, its family for retraining, and spark/ byte for byte."""
    place = spark_directory(tmp_path / "theirs", part=part)
    done = read(place, numbers, tmp_path / "model")
    model = load_model(tmp_path / "model")
    assert 0.4 == model.threshold
    assert ("spark", "theirs", UNKNOWN) == tuple(model.info[key] for key in ("engine", "imported", "training"))
    assert {"family": "logistic_regression", "reg_param": 0.1, "max_iter": 7} == dict(model.estimator.parameters)
    assert (0, 0) == (model.holdout_records, model.holdout_errors)
    assert ("VectorAssembler", "LogisticRegressionModel") == done.foreign.parts
    theirs = {p.relative_to(place): p.read_bytes() for p in place.rglob("*") if p.is_file()}
    copied = tmp_path / "model" / "spark"
    assert theirs == {p.relative_to(copied): p.read_bytes() for p in copied.rglob("*") if p.is_file()}
    batch = pa.RecordBatch.from_pydict({"gap": [0.5], "size": [2.0]})
    expected = 1 / (1 + np.exp(-(0.5 - 4.0 + 0.5)))
    assert [pytest.approx(expected)] == Scorer(model.estimator).score(featurise(model.steps, batch)).tolist()


def test_reading_a_spark_pipeline_needs_neither_java_nor_pyspark(
    spark_directory, numbers: Dataset, tmp_path: Path
) -> None:
    """In a fresh process nothing of Spark, skops or onnx is imported."""
    place = spark_directory(tmp_path / "theirs")
    (tmp_path / "contract.json").write_text(numbers.model_dump_json())
    script = (
        "import sys; from pathlib import Path; from producer.dataset import Dataset\n"
        "from static_model.foreign.importing import import_model\n"
        "contract = Dataset.model_validate_json(Path(sys.argv[2]).read_text())\n"
        "import_model(Path(sys.argv[1]), contract, Path(sys.argv[3]), learner=None, threshold=None)\n"
        "print(sorted({'pyspark', 'py4j', 'skops', 'onnx'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script, place, tmp_path / "contract.json", tmp_path / "model"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": "", "PYTHONPATH": ROOT})
    assert "[]\n" == done.stdout


ROOT = str(Path(__file__).parents[3])


def test_links_are_not_followed_out_of_a_spark_directory(spark_directory, numbers: Dataset, tmp_path: Path) -> None:
    """A link among the files is refused, wherever it leads; nothing is written."""
    place = spark_directory(tmp_path / "theirs")
    (tmp_path / "secret").write_text("a secret")
    (place / "stages" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="link is a link or no regular file"):
        read(place, numbers, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_sizes_are_bounded(spark_directory, numbers: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory or file beyond the bound is refused before it is read; Parquet counts by what it unpacks to."""
    place = spark_directory(tmp_path / "theirs")
    bomb = pa.table({"zeros": np.zeros(500_000)})
    pq.write_table(bomb, place / "stages" / "bomb.parquet", compression="zstd", use_dictionary=False)
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    monkeypatch.setattr(files, "MAX_TREE", size + 100_000)
    with pytest.raises(ModelError, match="holds more than a model may have"):
        read(place, numbers, tmp_path / "model")
    monkeypatch.setattr(files, "MAX_FILE", 10)
    (tmp_path / "m.skops").write_bytes(bytes(11))
    with pytest.raises(ModelError, match="has 11 bytes; a model may have 10"):
        read(tmp_path / "m.skops", numbers, tmp_path / "model")


@pytest.mark.parametrize("values", [pa.array(np.zeros(500_000)), pa.array([[0.0] * 500_000])], ids=["rows", "a list"])
def test_equal_values_count_as_what_they_take_in_memory(
    spark_directory, numbers: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: pa.Array
) -> None:
    """Encoded as runs, a Parquet file of equal numbers says that it unpacks to next to nothing."""
    place = spark_directory(tmp_path / "theirs")
    bomb = place / "stages" / "bomb.parquet"
    pq.write_table(pa.table({"zeros": values}), bomb, use_dictionary=True)
    assert pq.read_metadata(bomb).row_group(0).total_byte_size < 10_000
    monkeypatch.setattr(files, "MAX_TREE", 3_900_000)
    with pytest.raises(ModelError, match="holds more than a model may have"):
        read(place, numbers, tmp_path / "model")


def test_a_broken_spark_directory_is_a_sentence_that_names_the_users_path(
    spark_directory, numbers: Dataset, tmp_path: Path
) -> None:
    """The copy that is read is nobody's business; a stage without its values is told of where the user has it."""
    place = spark_directory(tmp_path / "theirs")
    for path in place.rglob("*.parquet"):
        path.write_bytes(b"no parquet")
    with pytest.raises(ModelError, match=f"there is no readable Spark pipeline in {place}: "):
        read(place, numbers, tmp_path / "model")


OWN = [
    (DecisionTreeClassifier(max_depth=3), {"family": "decision_tree", "trees": 1, "max_depth": 3, "min_instances": 1}),
    (
        RandomForestClassifier(4, min_samples_leaf=2),
        {"family": "random_forest", "trees": 4, "max_depth": 2**31 - 1, "min_instances": 2},
    ),
    (
        GradientBoostingClassifier(n_estimators=3, learning_rate=0.3),
        {"family": "gradient_boosted_trees", "trees": 3, "max_depth": 3, "min_instances": 1, "step_size": 0.3},
    ),
    (LogisticRegression(C=np.inf, max_iter=50), {"family": "logistic_regression", "reg_param": 0.0, "max_iter": 50}),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("model", "parameters"), OWN, ids=lambda value: type(value).__name__)
def test_a_retraining_fits_the_models_own_family_where_it_is_known(rows, numbers, tmp_path, model, parameters) -> None:
    """Family and hyper-parameters are those that the model was fitted with."""
    read(skops_file(rows, tmp_path, model), numbers, tmp_path / "model")
    assert parameters == dict(load_model(tmp_path / "model").estimator.parameters)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "model", [LogisticRegression(), ExtraTreesClassifier(2), RandomForestClassifier(2, min_samples_leaf=0.1)], ids=str
)
def test_a_learner_must_be_named_where_it_is_not_known(rows, numbers: Dataset, tmp_path: Path, model) -> None:
    """A penalty of all rows together, a share of the rows and a family that no learner fits leave it open."""
    place = skops_file(rows, tmp_path, model)
    with pytest.raises(UsageError, match="a retraining needs a learner: name one with --learner FAMILY"):
        read(place, numbers, tmp_path / "model")
    done = read(place, numbers, tmp_path / "model", learner="random_forest:trees=7", threshold=0.25)
    expected = {"family": "random_forest", "trees": 7, "max_depth": 10, "min_instances": 1}
    assert expected == dict(load_model(tmp_path / "model").estimator.parameters)
    assert 0.25 == load_model(tmp_path / "model").threshold
    said = sentences(done)
    assert "positive above a score of 0.25 (named)." in said[2]
    assert "A retraining fits: random_forest (max_depth=10, min_instances=1, trees=7)." == said[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("forest", "no family 'forest' in --learner forest; known are logistic_regression"),
        ("random_forest:tree=3", "'tree=3' in .*: expected key=value; the keys are trees, max_depth, min_instances"),
        ("random_forest:trees", "'trees' in .*: expected key=value"),
        ("random_forest:trees=2.5", "trees=2.5 in .* must be a whole number above 0"),
        ("decision_tree:trees=5", "the keys are max_depth, min_instances"),
        ("linear_svc:reg_param=-1", "reg_param=-1 in .* must be a number from 0"),
        ("gradient_boosted_trees:step_size=nan", "step_size=nan in .* must be a number above 0"),
    ],
)
def test_a_wrong_learner_is_a_sentence(text: str, message: str) -> None:
    """Unknown families and keys, and values that can't be, are wrong usage."""
    with pytest.raises(UsageError, match=message):
        parse_learner(text)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_values_for_all_of_its_keys(family: str) -> None:
    """A family by its name alone is complete."""
    assert {"family": family, **FAMILIES[family]} == parse_learner(family)


def test_a_column_that_the_contract_keeps_out_needs_a_word(spark_directory, numbers: Dataset, tmp_path: Path) -> None:
    """A leak is read only if the user says so, for Spark pipelines too."""
    place = spark_directory(tmp_path / "theirs")
    columns = tuple(c.model_copy(update={"feature": c.name != "gap"}) for c in numbers.columns)
    careful = numbers.model_copy(update={"columns": columns})
    with pytest.raises(ModelError, match=r"reads 'gap', which .* keeps out of models; if that is meant, say --fe"):
        read(place, careful, tmp_path / "model")
    read(place, careful.with_features(["gap"]), tmp_path / "model")


def test_a_value_that_spark_cannot_do_without_may_not_be_missing(spark_directory, contract, tmp_path) -> None:
    """Where the contract lets it be missing, Spark would fail or give no score: that is told as it is."""
    place = spark_directory(tmp_path / "theirs")
    with pytest.raises(ContractError, match=r"^the contract 'hard' says that 'gap' may be missing in a record"):
        read(place, contract, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_an_older_model_stays_until_the_new_one_is_whole(rows, numbers: Dataset, tmp_path: Path) -> None:
    """Without --force it is refused; with it and a damaged file the older one is untouched; else it is replaced."""
    place = skops_file(rows, tmp_path, DecisionTreeClassifier(max_depth=2))
    first = read(place, numbers, tmp_path / "model").digest
    with pytest.raises(UsageError, match="holds a model already"):
        read(place, numbers, tmp_path / "model")
    content = place.read_bytes()
    place.write_bytes(content[:-30])
    with pytest.raises(ModelError, match=r"is no readable \.skops file"):
        read(place, numbers, tmp_path / "model", force=True)
    place.write_bytes(content)
    load_model(tmp_path / "model")
    second = read(place, numbers, tmp_path / "model", force=True, threshold=0.1).digest
    assert first != second
    assert ["m.skops", "model"] == sorted(path.name for path in tmp_path.iterdir())


def test_the_same_file_gives_the_same_digest(rows, numbers: Dataset, tmp_path: Path) -> None:
    """An import repeats byte for byte."""
    place = skops_file(rows, tmp_path, DecisionTreeClassifier(max_depth=2))
    assert read(place, numbers, tmp_path / "a").digest == read(place, numbers, tmp_path / "b").digest


def test_what_is_no_model_is_told_apart(tmp_path: Path) -> None:
    """Nothing there, a folder without metadata and another kind of file are wrong usage."""
    (tmp_path / "model.pkl").touch()
    for place, message in (
        ("none", "there is no "),
        ("", "is no model that can be"),
        ("model.pkl", "is no model that"),
    ):
        with pytest.raises(UsageError, match=message):
            kind_of(tmp_path / place)


@pytest.mark.parametrize(("ending", "package"), [("skops", "skops"), ("onnx", "onnx")])
def test_without_the_extra_it_says_what_to_install(numbers, tmp_path, monkeypatch, ending, package) -> None:
    """The packages that read such files are optional."""
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else real(name))
    (tmp_path / f"m.{ending}").touch()
    with pytest.raises(UsageError, match=f"the package {package} is needed: pip install 'driftduel\\[import\\]'"):
        read(tmp_path / f"m.{ending}", numbers, tmp_path / "model")
