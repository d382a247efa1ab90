"""Small labelled records that training is tried on, and their way into Spark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producer.dataset import Dataset, parse_dataset

QUERIES = """
name = "queries"
label = { positive = ["1"], negative = ["0"], kind = "kind" }
columns = [
    { name = "Size", type = "float" },
    { name = "size", type = "int", clean = { missing = ["-", ""] } },
    { name = "the word", type = "string" },
    { name = "at", type = "string", feature = false, note = "a leak" },
    { name = "kind", type = "string", feature = false },
    { name = "attack", type = "label" },
]
"""


@pytest.fixture(scope="session")
def queries() -> Dataset:
    """A number, a whole number with holes, words, a time, the kind of attack, and the label."""
    return parse_dataset(QUERIES, "queries")


@pytest.fixture(scope="session")
def make_queries(queries: Dataset) -> Callable[..., pa.Table]:
    """Rows whose class follows from a word and the sign of a number, most of the time; 40 % attacks of two kinds."""

    def make(count: int = 600, *, seed: int = 0) -> pa.Table:
        random = np.random.default_rng(seed)
        size, word = random.normal(size=count), random.choice(["a", "b", "nan", ""], count)
        label = ((size > 0) ^ (word == "a") ^ (random.random(count) < 0.05)).astype(np.int8)
        columns = {
            "Size": size,
            "size": pa.array(random.integers(0, 9, count), mask=random.random(count) < 0.1),
            "the word": word,
            "at": [f"{place:06d}" for place in random.permutation(count)],
            "kind": np.where(label == 0, "normal", np.where(word == "a", "scan", "flood")),
            "attack": label,
        }
        return pa.table(columns, schema=queries.schema)

    return make


@pytest.fixture(scope="session")
def load(spark, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """A frame of rows, written as so many files."""
    from static_model.training import rows

    def frame_of(table: pa.Table, dataset: Dataset, *, files: int = 1) -> object:
        folder = tmp_path_factory.mktemp("staged")
        renamed = table.rename_columns([f"c{i}" for i in range(table.num_columns)])
        ends = np.linspace(0, table.num_rows, files + 1).astype(int)
        for i in range(files):
            pq.write_table(renamed.slice(ends[i], ends[i + 1] - ends[i]), folder / f"{i}.parquet")
        return rows.load_rows(spark, folder, dataset)

    return frame_of


def as_csv(table: pa.Table, path: Path) -> Path:
    """Write rows as the CSV file that a user would have; what is missing is `-`."""
    cells = [["-" if value is None else str(value) for value in column.to_pylist()] for column in table.columns]
    lines = [",".join(table.column_names), *(",".join(row) for row in zip(*cells, strict=True))]
    path.write_text("\n".join([*lines, ""]))
    return path


@pytest.fixture(scope="session")
def to_csv() -> Callable[[pa.Table, Path], Path]:
    """Writes rows as a CSV file."""
    return as_csv
