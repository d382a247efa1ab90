"""A contract with all that is hard for a stranger's model, and rows: nulls, unseen words, huge and tiny numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producer.dataset import Clean, Column, Dataset, Label
from static_model.foreign.part import Foreign
from static_model.scorer import Scorer, featurise
from static_model.validity import check_estimator, check_steps

MAYBE = Clean(missing=("-",))
COLUMNS = (
    Column(name="gap", type="float", clean=MAYBE),
    Column(name="seconds", type="int"),
    Column(name="size", type="float"),
    Column(name="word", type="string"),
    Column(name="tool", type="string", clean=MAYBE),
    Column(name="note", type="string", feature=False, note="a leak"),
    Column(name="y", type="label"),
)
LABEL = Label(positive=("attack",), negative=("benign",))
SCHEMA = pa.schema(
    [
        ("gap", pa.float64()),
        ("seconds", pa.int64()),
        ("size", pa.float64()),
        ("word", pa.string()),
        ("tool", pa.string()),
    ]
)


@pytest.fixture(scope="session")
def contract() -> Dataset:
    """Two columns that may be missing, epoch seconds, sizes over many magnitudes, words."""
    return Dataset(name="hard", label=LABEL, columns=COLUMNS)


@pytest.fixture(scope="session")
def numbers() -> Dataset:
    """The contract's columns of numbers alone, none of which may be missing."""
    columns = tuple(c.model_copy(update={"clean": Clean()}) for c in COLUMNS if c.type != "string")
    return Dataset(name="numbers", label=LABEL, columns=columns)


@pytest.fixture(scope="session")
def rows() -> Callable[..., tuple[pd.DataFrame, npt.NDArray[np.int64]]]:
    """Makes `n` rows and their labels, 0 or 1, by a seed; words that training has not seen only if asked for."""

    def make(
        n: int, seed: int, *, unseen: bool = False, whole: bool = False
    ) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        random = np.random.default_rng(seed)
        gap = random.normal(size=n).round(1)
        extremes = random.choice([1e30, -1e30, 1e-300, 1e35, 0.0, -0.0], n)
        size = np.where(random.random(n) < 0.02, extremes, random.normal(size=n) * 10 ** random.uniform(-6, 6, n))
        seconds = 1_700_000_000 + random.integers(0, 10**6, n)
        word = random.choice(["x", "y", "z", "nan", *(["new", ""] if unseen else [])], n)
        tool = random.choice(["dig", "ping", "rare"], n, p=[0.5, 0.49, 0.01]).astype(object)
        tool[random.random(n) < 0.05 * unseen] = "new"
        label = (gap > 0) ^ (word == "x") | (seconds % 7 == 0)
        if not whole:
            gap = np.where(random.random(n) < 0.1, np.nan, gap)
            tool[random.random(n) < 0.2] = None
        frame = pd.DataFrame({"gap": gap, "seconds": seconds, "size": size, "word": word, "tool": tool})
        return frame, label.astype(np.int64)

    return make


@pytest.fixture(scope="session")
def records() -> Callable[[pd.DataFrame], pa.RecordBatch]:
    """Rows as the codec would decode them."""
    return lambda frame: pa.RecordBatch.from_pandas(frame, schema=SCHEMA, preserve_index=False)


@pytest.fixture(scope="session")
def scores() -> Callable[[Foreign, Dataset, pa.RecordBatch], npt.NDArray[np.float64]]:
    """The scores of what was read, once it has passed the checks that a saved model passes."""

    def score(foreign: Foreign, dataset: Dataset, batch: pa.RecordBatch) -> npt.NDArray[np.float64]:
        check_steps(foreign.steps, dataset)
        check_estimator(foreign.estimator, foreign.steps)
        return Scorer(foreign.estimator).score(featurise(foreign.steps, batch))

    return score


@pytest.fixture(scope="session")
def spark_directory() -> Callable[..., Path]:
    """Writes a PipelineModel as Spark lays it out into a folder, and returns the folder."""
    return _spark_directory


def _spark_directory(folder: Path, *, part: str = "part-00000") -> Path:
    """A PipelineModel of an assembler and a logistic regression, as Spark lays it out."""
    stages = [
        ("VectorAssembler", {"inputCols": ["gap", "size"], "outputCol": "f", "handleInvalid": "keep"}),
        ("LogisticRegressionModel", {"featuresCol": "f", "regParam": 0.1, "maxIter": 7, "threshold": 0.4}),
    ]
    uids = [f"{name}_{place}" for place, (name, _) in enumerate(stages)]
    _write_metadata(folder, "PipelineModel", {"stageUids": uids}, part)
    for place, (name, parameters) in enumerate(stages):
        _write_metadata(folder / "stages" / f"{place}_{uids[place]}", name, parameters, part)
    vector = {"type": 1, "size": 1, "indices": [], "values": [0.5]}
    matrix = {"type": 1, "numRows": 1, "numCols": 2, "values": [1.0, -2.0], "isTransposed": False}
    row = {"numClasses": 2, "numFeatures": 2, "interceptVector": vector, "coefficientMatrix": matrix}
    data = folder / "stages" / f"1_{uids[1]}" / "data"
    data.mkdir()
    pq.write_table(pa.Table.from_pylist([{**row, "isMultinomial": False}]), data / "part-00000.parquet")
    return folder


def _write_metadata(folder: Path, name: str, parameters: dict[str, object], part: str) -> None:
    (folder / "metadata").mkdir(parents=True)
    content = {"class": f"org.apache.spark.ml.{name}", "paramMap": parameters, "defaultParamMap": {}}
    (folder / "metadata" / part).write_text(json.dumps(content))
    (folder / "metadata" / "_SUCCESS").touch()
