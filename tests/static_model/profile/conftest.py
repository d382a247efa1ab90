"""Small data sets for the profile's tests, as Spark gets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producer.dataset import Dataset

Loaded = Callable[..., tuple[Any, Dataset]]


def contract(types: Mapping[str, str], *, left_out: Sequence[str] = (), kind: str | None = None) -> Dataset:
    """A contract of these columns and the label `y`; every value may be missing."""
    columns = [
        {
            "name": name,
            "type": type_,
            "feature": name not in left_out,
            "clean": {"missing": ["?"]},
        }
        for name, type_ in types.items()
    ]
    label = {"positive": ("1",), "negative": ("0",), "kind": kind}
    return Dataset.model_validate(
        {"name": "small", "label": label, "columns": [*columns, {"name": "y", "type": "label"}]}
    )


@pytest.fixture
def load(spark, tmp_path: Path) -> Loaded:
    """From columns to rows in Spark: `load({name: (type, values)}, labels)`; `order` and `cuts` change nothing else."""
    from static_model.training.rows import load_rows

    made = []

    def load(columns, labels, *, order=None, cuts=(), **options):
        dataset = contract({name: type_ for name, (type_, _) in columns.items()}, **options)
        values = {name: pa.array(found, dataset.schema.field(name).type) for name, (_, found) in columns.items()}
        table = pa.table({**values, "y": pa.array(labels, pa.int8())}, schema=dataset.schema)
        table = table if order is None else table.take(pa.array(order))
        folder = tmp_path / f"rows{len(made)}"
        folder.mkdir()
        made.append(folder)
        table = table.rename_columns([f"c{place}" for place in range(table.num_columns)])
        for start, end in zip([0, *cuts], [*cuts, table.num_rows], strict=True):
            pq.write_table(table.slice(start, end - start), folder / f"{start:05d}.parquet")
        return load_rows(spark, folder, dataset), dataset

    return load
