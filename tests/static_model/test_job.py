"""The training job on files: one model however the rows were cut, a pipeline for plain Spark, and bad input."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producer.dataset import Dataset
from producer.errors import ContractError, ModelError, UsageError
from static_model.job import train_file
from static_model.training.settings import Settings

SETTINGS = Settings(
    seed=3,
    trees=5,
    max_depth=3,
    boosts=3,
    max_iter=10,
    folds=0,
    repeats=1,
    algorithms=("logistic_regression", "gradient_boosted_trees", "random_forest"),
)
FOREST = replace(SETTINGS, algorithms=("random_forest",))

ALONE = """
import json, sys
from pathlib import Path
from producer.dataset import Dataset
from static_model.job import train_file
from static_model.session import spark_session
from static_model.training.settings import Settings
folder = Path(sys.argv[1])
asked = json.loads((folder / "asked.json").read_text())
settings = Settings(**{k: tuple(v) if isinstance(v, list) else v for k, v in asked["settings"].items()})
with spark_session(cores=1):
    dataset = Dataset.model_validate(asked["dataset"])
    print(train_file(folder / "all.csv", dataset, folder / "alone", settings=settings).saved.digest)
"""


@pytest.fixture(scope="module")
def table(make_queries) -> pa.Table:
    return make_queries()


@pytest.fixture
def file(table: pa.Table, to_csv, tmp_path: Path) -> Path:
    return to_csv(table, tmp_path / "all.csv")


@pytest.mark.spark
def test_the_cut_into_files_and_the_order_of_rows_change_nothing(
    spark, queries: Dataset, table: pa.Table, file: Path, to_csv, tmp_path: Path
) -> None:
    """One CSV file, and the same rows shuffled into TSV, gzip and Parquet: one digest."""
    whole = train_file(file, queries, tmp_path / "whole", settings=SETTINGS).saved
    rows = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    tsv = to_csv(rows.slice(0, 100), tmp_path / "one.tsv")
    tsv.write_text(tsv.read_text().replace(",", "\t"))
    packed = tmp_path / "two.csv.gz"
    packed.write_bytes(gzip.compress(to_csv(rows.slice(100, 350), tmp_path / "two.csv").read_bytes()))
    words = rows.slice(450).set_column(5, "attack", rows.slice(450)["attack"].cast(pa.string()))
    pq.write_table(words, tmp_path / "three.parquet")
    parts = [tsv, packed, tmp_path / "three.parquet"]
    cut = train_file(parts, queries, tmp_path / "cut", settings=SETTINGS).saved
    assert whole.digest == cut.digest
    sources = json.loads((tmp_path / "cut" / "assessment" / "sources.json").read_text())
    assert ["one.tsv", "two.csv.gz", "three.parquet"] == [file["file"] for file in sources["training"]["files"]]
    assert sources["training"]["files"][0].keys() == {"file", "sha256"}


@pytest.mark.spark
def test_the_number_of_cores_changes_nothing_and_plain_spark_loads_the_model(
    spark, queries: Dataset, table: pa.Table, file: Path, tmp_path: Path
) -> None:
    """One core in a process of its own gives the digest of all cores; and a script without this project predicts."""
    from pyspark.sql import functions as F  # noqa: N812

    here = train_file(file, queries, tmp_path / "here", settings=SETTINGS).saved
    asked = {"settings": asdict(SETTINGS), "dataset": queries.model_dump()}
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    done = subprocess.run([sys.executable, "-c", ALONE, tmp_path], capture_output=True, text=True, check=False)
    assert [here.digest] == done.stdout.split(), done.stderr
    plain = (
        "import sys; from pyspark.sql import SparkSession; from pyspark.ml import PipelineModel\n"
        "builder = SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false')\n"
        "builder = builder.config('spark.driver.host', '127.0.0.1').config('spark.driver.bindAddress', '127.0.0.1')\n"
        "spark = builder.config('spark.sql.caseSensitive', 'true').getOrCreate()  # `Size` and `size` are columns\n"
        "frame = spark.read.parquet(sys.argv[1])\n"
        "print('sum', PipelineModel.load(sys.argv[2]).transform(frame).agg({'prediction': 'sum'}).head()[0])\n"
        "assert not {'static_model', 'producer'} & set(sys.modules)\n"
    )
    (tmp_path / "plain.py").write_text(plain)
    pq.write_table(table, tmp_path / "rows.parquet")
    where = {"cwd": tmp_path, "capture_output": True, "text": True, "check": True}
    command = [sys.executable, "-I", "plain.py", "rows.parquet", str(tmp_path / "here" / "spark")]
    printed = subprocess.run(command, **where).stdout
    frame = spark.createDataFrame(table)
    from pyspark.ml import PipelineModel

    ours = PipelineModel.load((tmp_path / "here" / "spark").as_uri()).transform(frame)
    assert f"sum {ours.agg(F.sum('prediction')).head()[0]}" in printed


@pytest.mark.spark
def test_a_test_file_is_held_out_and_bad_rows_are_counted(
    spark, queries: Dataset, table: pa.Table, to_csv, tmp_path: Path
) -> None:
    """Nothing of the training file is held out then; rows that are no records are refused, or left out and counted."""
    training, test = to_csv(table.slice(0, 400), tmp_path / "a.csv"), to_csv(table.slice(400), tmp_path / "b.csv")
    test.write_text(test.read_text() + "many,columns\n")
    with pytest.raises(ContractError, match=r"b.csv, line 202, is no record: 2 columns instead of 6"):
        train_file(training, queries, tmp_path / "m", settings=FOREST, test=test)
    assert not (tmp_path / "m").exists()
    job = train_file(training, queries, tmp_path / "m", settings=FOREST, test=test, skip_bad_rows=True)
    facts = job.saved.model.info["training"]
    assert (400, 400, 200, False, 1) == (
        facts["records"],
        sum(facts["fitted_class_counts"].values()),
        sum(facts["held_out_class_counts"].values()),
        facts["refitted"],
        job.skipped,
    )
    assert 200 - facts["duplicates_across_split"] == facts["held_out_deciding"]
    assert 0 == job.saved.model.holdout_records  # a file of the user's may be of another distribution than a stream


@pytest.mark.spark
def test_hadoop_uris_are_passed_through(spark, queries: Dataset, file: Path, tmp_path: Path) -> None:
    """A file:// URI gives the model that its path gives; what Hadoop can't read is told in its words."""
    by_path = train_file(file, queries, tmp_path / "path", settings=FOREST).saved
    by_uri = train_file(file.as_uri(), queries, tmp_path / "uri", settings=FOREST).saved
    assert by_path.digest == by_uri.digest
    with pytest.raises(UsageError, match=r"there is no file file:///nowhere/at/all.csv"):
        train_file("file:///nowhere/at/all.csv", queries, tmp_path / "no", settings=FOREST)


HEADER = b"Size,size,the word,at,kind,attack\n"
BENIGN = HEADER + b"1,1,a,1,normal,0\n" * 50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"all\.csv is empty"),
        (HEADER, r"all\.csv holds a header and no records"),
        (HEADER + b"x,1,a,1,normal,0\n", r"all\.csv, line 2, is no record: 'Size': 'x' is not a finite number"),
        (HEADER + b"1,1,a,1,normal,Attack\n", "unknown label 'Attack' in 'attack'; expected one of 0, 1"),
        (BENIGN, r"50 of class 0 \(0\) and 0 of class 1"),
        (gzip.compress(BENIGN, mtime=0)[:-9], "gzip file that is cut short"),
    ],
    ids=["empty", "header only", "all bad", "labels", "one class", "cut gzip"],
)
def test_bad_files_are_a_sentence_before_spark_starts(
    queries: Dataset, tmp_path: Path, monkeypatch, content: bytes, message: str
) -> None:
    """Each is named with its file or line; nothing is written, and Spark isn't started for it."""
    monkeypatch.setattr("static_model.session.find_java", lambda: pytest.fail("Spark was started"))
    (tmp_path / "all.csv").write_bytes(content)
    with pytest.raises(ContractError, match=message):
        train_file(tmp_path / "all.csv", queries, tmp_path / "m", settings=FOREST)
    assert ["all.csv"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.spark
def test_a_full_disk_is_a_sentence_and_the_older_model_stays(
    spark, queries: Dataset, file: Path, tmp_path: Path
) -> None:
    """The real /dev/full in the place of a file: nothing is half-saved."""
    older = train_file(file, queries, tmp_path / "m", settings=FOREST).saved

    def full(folder: Path) -> None:
        with Path("/dev/full").open("wb") as device:
            device.write(b"x" * 100_000)

    with pytest.raises(ModelError, match=r"No space left on device. Nothing was saved; what was there stays"):
        train_file(file, queries, tmp_path / "m", settings=FOREST, force=True, illustrate=full)
    assert {"all.csv", "m"} == {path.name for path in tmp_path.iterdir()}
    assert older.digest == train_file(file, queries, tmp_path / "again", settings=FOREST).saved.digest
