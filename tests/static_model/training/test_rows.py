"""Rows in Spark: parts, folds and samples by content alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producer.dataset import Dataset, parse_dataset
from producer.errors import ContractError
from static_model.training import rows
from static_model.training.vectors import shared_rows

pytestmark = pytest.mark.spark

CONTRACT = """
format = 1
name = "tiny"
[label]
positive = ["1"]
negative = ["0"]
[[columns]]
name = "x.y"
type = "float"
[[columns]]
name = "word `of` it"
type = "string"
clean = {missing = ["-"]}
[[columns]]
name = "t"
type = "int"
feature = false
[[columns]]
name = "y"
type = "label"
"""


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return parse_dataset(CONTRACT, "tiny")


def table_of(dataset: Dataset, size: int = 400) -> pa.Table:
    """Many rows, with doubles and nulls among them; 30 % of class 1."""
    random = np.random.default_rng(5)
    words = [None if w == 3 else f"w{w}" for w in random.integers(0, 4, size).tolist()]
    values = {
        "x.y": random.integers(0, 5, size).astype(float),
        "word `of` it": words,
        "t": random.integers(0, 50, size),
        "y": (np.arange(size) % 10 < 3).astype(np.int8),
    }
    return pa.table(values, schema=dataset.schema)


@pytest.fixture
def load(spark, dataset, tmp_path: Path):
    """A frame of these rows, written as so many files."""

    def frame_of(table: pa.Table, files: int = 1):
        folder = tmp_path / f"staged-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        renamed = table.rename_columns([f"c{i}" for i in range(table.num_columns)])
        ends = np.linspace(0, table.num_rows, files + 1).astype(int)
        for i in range(files):
            pq.write_table(renamed.slice(ends[i], ends[i + 1] - ends[i]), folder / f"{i}.parquet")
        return rows.load_rows(spark, folder, dataset)

    return frame_of


def content(frame, dataset: Dataset) -> Counter:
    """The rows as a multiset."""
    return Counter(tuple(r.values()) for r in rows.to_records(frame, dataset).to_pylist())


def shuffled(table: pa.Table) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))


def test_rows_come_back_as_they_were(load, dataset: Dataset) -> None:
    """Names with dots and backticks, nulls and doubles survive the way to Spark and back."""
    table = table_of(dataset)
    expected = Counter(tuple(r.values()) for r in table.to_pylist())
    assert expected == content(load(table), dataset)


@pytest.mark.parametrize("files", [1, 3])
def test_arranged_rows_do_not_depend_on_files_or_order(load, dataset: Dataset, files: int) -> None:
    """The same rows give the same partitions in the same order, however they came."""
    table = table_of(dataset)
    expected = rows.arrange(load(table), partitions=3).rdd.glom().map(len).collect()
    first = rows.arrange(load(table), partitions=3).collect()
    again = rows.arrange(load(shuffled(table), files), partitions=3)
    assert expected == again.rdd.glom().map(len).collect()
    assert first == again.collect()


def test_the_digest_is_that_of_the_multiset(load, dataset: Dataset) -> None:
    """Order and files don't change the digest; one row more, or one null elsewhere, does."""
    table = table_of(dataset)
    digest = rows.digest_of(load(table), dataset)
    assert digest == rows.digest_of(load(shuffled(table), 3), dataset)
    assert digest != rows.digest_of(load(pa.concat_tables([table, table.slice(0, 1)])), dataset)
    assert len(digest) == 64


def test_a_random_split_is_stratified_exact_and_by_content(load, dataset: Dataset) -> None:
    """Each class is held out by its share, nothing is lost, and order doesn't matter; another seed does."""
    table = table_of(dataset)
    training, held = rows.random_split(load(table), share=0.25, seed=3)
    assert (210, 90) == rows.class_counts(training)
    assert (70, 30) == rows.class_counts(held)
    assert content(load(table), dataset) == content(training, dataset) + content(held, dataset)
    _, again = rows.random_split(load(shuffled(table), 2), share=0.25, seed=3)
    assert content(held, dataset) == content(again, dataset)
    assert content(held, dataset) != content(rows.random_split(load(table), share=0.25, seed=4)[1], dataset)


def test_each_row_is_validated_once(load, dataset: Dataset) -> None:
    """The folds' validation parts together are all rows, and each has its share of both classes."""
    frame = load(table_of(dataset))
    parts = rows.folds(frame, k=3, seed=0)
    sizes = [rows.class_counts(valid) for _, valid in parts]
    assert [(93, 40), (94, 40), (93, 40)] == sizes
    assert content(frame, dataset) == sum((content(valid, dataset) for _, valid in parts), Counter())
    assert [(187, 80), (186, 80), (187, 80)] == [rows.class_counts(training) for training, _ in parts]


def test_a_split_by_time_holds_the_latest_rows_out(load, dataset: Dataset) -> None:
    """No training row is later than a held-out one, and rows of one instant stay together."""
    training, held = rows.time_split(load(table_of(dataset)), by="t", share=0.3)
    latest = max(r["t"] for r in rows.to_records(training, dataset).to_pylist())
    times = [r["t"] for r in rows.to_records(held, dataset).to_pylist()]
    assert min(times) > latest
    assert 0.2 < len(times) / 400 <= 0.3


def test_a_split_by_a_constant_time_is_refused(load, dataset: Dataset) -> None:
    """Where all rows are of one instant, nothing can be later."""
    table = table_of(dataset).set_column(2, dataset.schema.field("t"), pa.array([7] * 400))
    with pytest.raises(ContractError, match="no row is later than 't' = 7, where the split falls"):
        rows.time_split(load(table), by="t", share=0.3)


def test_rows_that_equal_a_training_row_in_some_columns_are_counted(load, dataset: Dataset) -> None:
    """A held-out row counts iff the training part has its equal in the named columns, nulls included."""
    columns = [c for c in dataset.columns if c.name != "t"]
    training, held = rows.random_split(load(table_of(dataset)), share=0.9, seed=3)
    seen = {tuple(r[c.name] for c in columns) for r in rows.to_records(training, dataset).to_pylist()}
    expected = sum(tuple(r[c.name] for c in columns) in seen for r in rows.to_records(held, dataset).to_pylist())
    assert 0 < expected < 360
    assert expected == shared_rows(held, training, columns)


def test_one_of_each_keeps_the_same_row_however_they_came(load, dataset: Dataset) -> None:
    """One row of each set of equals stays, and which one doesn't depend on the order."""
    table, columns = table_of(dataset), ["x.y", "word `of` it", "y"]
    once = rows.to_records(rows.one_of_each(load(table), columns), dataset).to_pylist()
    assert len({tuple(r[c] for c in columns) for r in table.to_pylist()}) == len(once)
    assert once == rows.to_records(rows.one_of_each(load(shuffled(table), 2), columns), dataset).to_pylist()


@pytest.mark.parametrize(
    ("ratio", "fraction", "expected"), [(2.0, 1.0, (240, 120)), (1.0, 0.5, (60, 60)), (10.0, 1.0, (280, 28))]
)
def test_undersampling_reaches_its_ratio(load, dataset: Dataset, ratio: float, fraction: float, expected) -> None:
    """Rows of class 0 for each of class 1, from a fraction of class 1, fewer where class 0 is too small."""
    frame = load(table_of(dataset))
    assert expected == rows.class_counts(rows.undersample(frame, ratio=ratio, fraction=fraction, seed=0))


def test_class_weights_make_both_classes_weigh_the_same(load, dataset: Dataset) -> None:
    """The weights of both classes sum to the same, together to the number of rows."""
    weighed = rows.class_weights(load(table_of(dataset)))
    sums = {r[rows.LABEL]: r["sum(__weight)"] for r in weighed.groupBy(rows.LABEL).sum(rows.WEIGHT).collect()}
    assert {0.0: pytest.approx(200), 1.0: pytest.approx(200)} == sums
