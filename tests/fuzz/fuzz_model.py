"""A model directory, or a Spark pipeline's, whose files hold any bytes, is a model or a sentence.

python tests/fuzz/fuzz_model.py [-runs=N] [-max_total_time=SECONDS] [CORPUS...]; the options are libFuzzer's.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=[
        *("static_model.artifact", "static_model.storage", "static_model.manifest", "static_model.validity"),
        *("static_model.mllib", "static_model.step_validity", "static_model.step_parts"),
    ]
):
    from static_model.artifact import load_model, save_model
    from static_model.mllib.reader import read_pipeline
    from static_model.storage import read_digests

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from producer.dataset import Column, Dataset, Label
from producer.errors import ModelError
from static_model.artifact import Forest, Model, Numeric
from static_model.scorer import Scorer

FOLDER = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
MODEL, SPARK = Path(FOLDER.name) / "model", Path(FOLDER.name) / "spark"
FILES = ("model.json", "arrays/feature.npy", "arrays/threshold.npy", "arrays/roots.npy", "arrays/votes.npy")
STAGES = ("VectorAssembler", "LogisticRegressionModel")
SPARK_FILES = ("metadata/part-00000", *(f"stages/{i}_{name}/metadata/part-00000" for i, name in enumerate(STAGES)))
TABLE = f"stages/1_{STAGES[1]}/data/part-00000.parquet"


def make_model() -> dict[str, bytes]:
    """A forest of one tree, saved; the files by name."""
    columns = (Column(name="size", type="float"), Column(name="y", type="label"))
    dataset = Dataset(name="toy", label=Label(positive=("1",), negative=("0",)), columns=columns)
    ends = np.array([1, -1, -1], np.int32)
    forest = Forest(
        feature=np.array([0, -1, -1], np.int32),
        threshold=np.array([0.5, 0, 0]),
        left=ends,
        right=np.array([2, -1, -1], np.int32),
        votes=np.array([[0, 0], [1, 0], [0, 1]], np.float64),
        roots=np.array([0], np.int32),
        compares="float64",
        parameters={"trees": 1, "max_depth": 1, "subsampling": 1.0, "impurity": "gini"},
    )
    save_model(Model(dataset, (Numeric("size"),), forest, 0.5, 0, 0, {}), MODEL)
    return {name: (MODEL / name).read_bytes() for name in FILES}


def make_spark() -> dict[str, bytes]:
    """The metadata of a pipeline of two stages, as Spark lays it out; the files by name."""
    parameters = (
        ("PipelineModel", {"stageUids": list(STAGES)}),
        ("VectorAssembler", {"inputCols": ["size"], "outputCol": "f", "handleInvalid": "keep"}),
        ("LogisticRegressionModel", {"featuresCol": "f", "regParam": 0.1, "maxIter": 7, "threshold": 0.4}),
    )
    content = {}
    for name, (kind, given) in zip(SPARK_FILES, parameters, strict=True):
        plain = {"class": f"org.apache.spark.ml.{kind}", "paramMap": given, "defaultParamMap": {}}
        (SPARK / name).parent.mkdir(parents=True)
        (SPARK / name).write_bytes(json.dumps(plain).encode())
        content[name] = (SPARK / name).read_bytes()
    vector = {"type": 1, "size": 1, "indices": [], "values": [0.5]}
    matrix = {"type": 1, "numRows": 1, "numCols": 1, "values": [1.0], "isTransposed": False}
    fitted = {"numClasses": 2, "numFeatures": 1, "interceptVector": vector, "coefficientMatrix": matrix}
    (SPARK / TABLE).parent.mkdir()
    pq.write_table(pa.Table.from_pylist([{**fitted, "isMultinomial": False}]), SPARK / TABLE, compression="none")
    return {**content, TABLE: (SPARK / TABLE).read_bytes()}


WHOLE, SPARK_WHOLE = make_model(), make_spark()
DIGESTS = read_digests(MODEL)
read_pipeline(SPARK)  # what is damaged below is whole before that


def one_input(data: bytes) -> None:
    """The first byte chooses the file, and whether the rest is its content or is laid over what was there."""
    if not data:
        return
    names = (*FILES, *SPARK_FILES, TABLE)
    name = names[data[0] % len(names)]
    whole, folder = (WHOLE, MODEL) if name in WHOLE else (SPARK_WHOLE, SPARK)
    laid_over = data[0] >= 128 and len(data) > 2
    place = data[1] * len(whole[name]) // 256 if laid_over else 0
    content = whole[name][:place] + data[2:] + whole[name][place + len(data) - 2 :] if laid_over else data[1:]
    (folder / name).write_bytes(content)
    try:
        read_pipeline(SPARK) if folder == SPARK else _load(name, content)
    except ModelError as error:
        if not str(error):
            raise AssertionError("an error without words") from error
    finally:
        (folder / name).write_bytes(whole[name])


def _load(changed: str, content: bytes) -> None:
    """Load the model under a digest that fits, as somebody who forges one would write it, and use it."""
    digests = DIGESTS | {changed: hashlib.sha256(content).hexdigest()}
    lines = "".join(f"sha256:{digest}  {name}\n" for name, digest in digests.items())
    (MODEL / "DIGEST").write_text(f"{lines}sha256:{hashlib.sha256(lines.encode()).hexdigest()}  total\n")
    model = load_model(MODEL)
    width = len(model.steps)
    if width == 1:
        Scorer(model.estimator).score(np.array([[0.0], [1.0], [np.nan]]))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
