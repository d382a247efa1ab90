"""The contract of a run's records: from its models, or from what its segments themselves say of their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import pyarrow as pa

from online.segment import SCORE, SEQ
from producer.dataset import Column, Dataset, Label
from producer.errors import ModelError
from static_model.artifact import Model, load_model

_TYPES: Mapping[pa.DataType, Literal["int", "float", "string", "label"]] = {
    pa.int64(): "int",
    pa.float64(): "float",
    pa.string(): "string",
    pa.int8(): "label",
}


def starting_model(run: Path, static: str, missing: list[str]) -> Model | None:
    """The starting model of a run; None where it is lost, and a sentence says what that means."""
    try:
        return load_model(run / "models" / (static or "-"))
    except (ModelError, OSError) as error:
        missing.append(
            f"models: the starting model {static} can't be read ({error}). The records are read without its contract; "
            "the run can't be repeated or resumed."
        )
        return None


def _contracts(run: Path, model: Model | None) -> Iterator[Dataset]:
    """The starting model's, then those of the other models of the run, which are the same."""
    if model is not None:
        yield model.dataset
    folder = run / "models"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            yield load_model(path).dataset
        except (ModelError, OSError):
            continue


def contract_of(run: Path, model: Model | None, schemas: Iterable[pa.Schema]) -> Dataset:
    """The contract of the records, from the models; where all are lost, one that says only names and types of columns.

    Args:
        run: the run directory.
        model: the starting model, if it is there.
        schemas: of the segments that hold the records; the most frequent one counts.
    """
    bare = (pa.schema([f for f in one if f.name != SEQ and not f.name.startswith(SCORE)]) for one in schemas)
    schema = Counter(bare).most_common(1)[0][0]
    return next((one for one in _contracts(run, model) if _fits(one, schema)), None) or _bare_contract(schema)


def _fits(dataset: Dataset, schema: pa.Schema) -> bool:
    columns = dict(zip(schema.names, schema.types, strict=True))
    return dataset.labelled and all(columns.get(field.name) == field.type for field in dataset.schema)


def _bare_contract(schema: pa.Schema) -> Dataset:
    """A contract of which only names and types of the columns are known; the label is the one of one byte."""
    columns = [Column(name=field.name, type=_TYPES.get(field.type, "string")) for field in schema]
    return Dataset(name="unknown", label=Label(positive=("1",), negative=("0",)), columns=tuple(columns))
