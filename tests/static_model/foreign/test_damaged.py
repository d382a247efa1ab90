"""Whatever a file holds, reading it ends in a model or in a sentence, never in another exception."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from producer.dataset import Column, Dataset, Label
from producer.errors import DriftduelError, ModelError
from static_model.artifact import load_model
from static_model.foreign.importing import import_model

pytestmark = pytest.mark.filterwarnings("ignore")
CONTRACT = Dataset(
    name="damaged",
    label=Label(positive=("1",), negative=("0",)),
    columns=(
        Column(name="gap", type="float"),
        Column(name="size", type="float"),
        Column(name="word", type="string"),
        Column(name="y", type="label"),
    ),
)


def _skops() -> bytes:
    random = np.random.default_rng(0)
    numbers = {"gap": random.normal(size=200), "size": random.normal(size=200)}
    frame = pd.DataFrame({**numbers, "word": random.choice(["a", "b"], 200)})
    numeric = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer(
        [("n", numeric, ["gap", "size"]), ("w", OneHotEncoder(handle_unknown="ignore"), ["word"])]
    )
    forest = RandomForestClassifier(2, max_depth=2, random_state=0)
    return bytes(skops.io.dumps(make_pipeline(columns, forest).fit(frame, (frame["gap"] > 0).astype(int))))


def _onnx() -> bytes:
    values = np.random.default_rng(0).normal(size=(200, 2))
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(2, max_depth=2, random_state=0))
    return bytes(to_onnx(forest.fit(values, values[:, 0] > 0), values[:1].astype(np.float32)).SerializeToString())


WHOLE = {"skops": _skops(), "onnx": _onnx()}
NUMBERS = CONTRACT.model_copy(update={"columns": tuple(c for c in CONTRACT.columns if c.name != "word")})


def outcome(ending: str, content: bytes) -> str:
    """What importing these bytes comes to; whatever isn't a DriftduelError fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"m.{ending}"
        path.write_bytes(content)
        dataset = CONTRACT if ending == "skops" else NUMBERS
        try:
            import_model(path, dataset, Path(folder) / "model", learner="decision_tree", threshold=None)
        except DriftduelError as error:
            assert not (Path(folder) / "model").exists()
            return str(error)
        load_model(Path(folder) / "model")
        return ""


@pytest.mark.parametrize("ending", WHOLE)
def test_the_whole_file_is_read(ending: str) -> None:
    """What is cut and flipped below is a model before that."""
    assert "" == outcome(ending, WHOLE[ending])


@pytest.mark.parametrize("ending", WHOLE)
@given(content=st.binary(max_size=300))
@settings(max_examples=60)
def test_arbitrary_bytes_are_a_sentence(ending: str, content: bytes) -> None:
    """No bytes are taken for a model that they aren't."""
    assert outcome(ending, content)


@pytest.mark.parametrize("ending", WHOLE)
@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40)
def test_a_cut_file_is_a_sentence(ending: str, share: float) -> None:
    """Cut anywhere, a file isn't a model any more."""
    whole = WHOLE[ending]
    assert outcome(ending, whole[: int(len(whole) * share)])


@pytest.mark.parametrize("ending", WHOLE)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
@settings(max_examples=150)
def test_flipped_bytes_are_a_model_or_a_sentence(ending: str, flips: list[tuple[float, int]]) -> None:
    """A flipped byte may leave another valid model (ONNX has no checksum), but never another exception."""
    content = bytearray(WHOLE[ending])
    for share, value in flips:
        content[int(len(content) * share)] ^= value
    outcome(ending, bytes(content))


@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=3))
@settings(max_examples=150)
def test_flipped_bytes_inside_of_the_zip_are_a_model_or_a_sentence(flips: list[tuple[float, int]]) -> None:
    """With the checksums put right, the description and the arrays say something else: nothing of it is believed."""
    with zipfile.ZipFile(io.BytesIO(WHOLE["skops"])) as archive:
        content = [(name, bytearray(archive.read(name))) for name in archive.namelist()]
    for share, value in flips:
        _, data = content[int(len(content) * share)]
        data[int(len(data) * (share * len(content) % 1))] ^= value
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in content:
            archive.writestr(name, bytes(data))
    outcome("skops", buffer.getvalue())


@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_spark_directory_is_a_model_or_a_sentence(spark_directory, data: st.DataObject) -> None:
    """Each file of it cut, flipped, emptied or gone."""
    with tempfile.TemporaryDirectory() as folder:
        place = spark_directory(Path(folder) / "theirs")
        path = data.draw(st.sampled_from(sorted(p for p in place.rglob("*") if p.is_file() and p.name != "_SUCCESS")))
        content = bytearray(path.read_bytes())
        damage = data.draw(st.sampled_from(["cut", "flip", "gone", "folder", "other"]))
        if damage == "cut":
            path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
        elif damage == "flip":
            content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
            path.write_bytes(content)
        elif damage == "other":
            path.write_bytes(data.draw(st.binary(max_size=50)) or b"[]")
        else:
            path.unlink()
            if damage == "folder":
                path.mkdir()
        try:
            import_model(place, NUMBERS, Path(folder) / "model", learner=None, threshold=None)
        except DriftduelError:
            return
        load_model(Path(folder) / "model")


def test_a_stage_that_is_gone_is_a_sentence(spark_directory, tmp_path: Path) -> None:
    """The pipeline says which stages it has; one that isn't there is missed."""
    place = spark_directory(tmp_path / "theirs")
    shutil.rmtree(next(place.glob("stages/1_*")))
    with pytest.raises(ModelError, match="there is no readable Spark pipeline"):
        import_model(place, NUMBERS, tmp_path / "model", learner=None, threshold=None)
