"""ONNX classifiers that skl2onnx exports score as ONNX Runtime does, on 50,000 hard rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from static_model.foreign.onnx_graph import SINGLE
from static_model.foreign.onnx_reader import read_onnx

ROWS, FITTED = 50_000, 3_000
CLOSE = 1e-6
NAMES = ["gap", "seconds", "size"]
pytestmark = pytest.mark.filterwarnings("ignore")
ESTIMATORS = {
    "logistic_regression": lambda: LogisticRegression(C=10, max_iter=300),
    "decision_tree": lambda: DecisionTreeClassifier(max_depth=9),
    "random_forest": lambda: RandomForestClassifier(12, max_depth=9, random_state=0),
    "gradient_boosted_trees": lambda: GradientBoostingClassifier(n_estimators=15, random_state=0),
}


def exported(pipeline, folder: Path, types: list[tuple[str, Any]], **options: Any) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(to_onnx(pipeline, initial_types=types, **options).SerializeToString())
    return path


def expected_of(path: Path, pipeline, feed: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """ONNX Runtime's score of an attack (or the logistic of its margin), and whether it predicts one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    label, given = onnxruntime.InferenceSession(str(path), options).run(None, feed)
    at = list(pipeline.classes_).index("attack") if "attack" in pipeline.classes_ else 1
    if isinstance(given, list):
        scores = np.array([row[pipeline.classes_[at]] for row in given])
    else:
        scores = given[:, at] if given.shape[1] == 2 else 1 / (1 + np.exp((1 - 2 * at) * given[:, 0].astype(float)))
    return scores, np.asarray(label) == pipeline.classes_[at]


def assert_same(path, pipeline, feed, contract, batch, scores) -> None:
    foreign = read_onnx(path, contract)
    actual = scores(foreign, contract, batch)
    expected, predicted = expected_of(path, pipeline, feed)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=CLOSE)
    differ = (actual > foreign.threshold) != predicted
    assert [] == actual[differ & (np.abs(actual - 0.5) > CLOSE)].tolist()
    assert differ.mean() < 1e-3
    assert 0.02 < predicted.mean() < 0.98


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("words", [False, True], ids=["numbers", "words"])
def test_a_scaled_pipeline_scores_as_onnx_runtime(rows, records, scores, numbers, tmp_path, estimator, words) -> None:
    """One tensor of floats: scaled in single precision as the graph does, whatever its classes are called."""
    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(ROWS, 2, whole=True)
    pipeline = make_pipeline(RobustScaler(), MinMaxScaler(clip=True), StandardScaler(), ESTIMATORS[estimator]())
    pipeline.fit(frame[NAMES].to_numpy(), np.where(labels == 1, "attack", "benign") if words else labels)
    path = exported(pipeline, tmp_path, [("X", FloatTensorType([None, 3]))])
    feed = {"X": stream[NAMES].to_numpy().astype(np.float32)}
    assert_same(path, pipeline, feed, numbers, records(stream), scores)


@pytest.mark.parametrize("words", [False, True], ids=["numbers", "words"])
def test_a_linear_svc_scores_as_onnx_runtime(rows, records, scores, numbers, tmp_path, words) -> None:
    """Its margin has the same sign and order; skl2onnx converts it by itself only, not within a pipeline."""
    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(ROWS, 2, whole=True)
    for some in (frame, stream):
        some["seconds"], some["size"] = some["seconds"] % 7, np.tanh(some["size"])
    model = LinearSVC().fit(frame[NAMES].to_numpy(), np.where(labels == 1, "attack", "benign") if words else labels)
    path = exported(model, tmp_path, [("X", FloatTensorType([None, 3]))])
    feed = {"X": stream[NAMES].to_numpy().astype(np.float32)}
    assert_same(path, model, feed, numbers, records(stream), scores)


@pytest.mark.parametrize("estimator", ["decision_tree", "random_forest", "gradient_boosted_trees"])
def test_trees_compare_in_single_precision(rows, records, scores, numbers, tmp_path, estimator) -> None:
    """Epoch seconds, extremes and the thresholds themselves: a float graph's trees see rounded numbers."""
    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(ROWS, 2, whole=True)
    pipeline = ESTIMATORS[estimator]().fit(frame[NAMES].to_numpy(), labels)
    found = np.concatenate([t.tree_.threshold for t in np.ravel(getattr(pipeline, "estimators_", [pipeline]))])
    half = np.random.default_rng(0).random(ROWS) < 0.5
    stream["size"] = np.where(half, np.random.default_rng(1).choice(found, ROWS), stream["size"])
    path = exported(pipeline, tmp_path, [("X", FloatTensorType([None, 3]))])
    feed = {"X": stream[NAMES].to_numpy().astype(np.float32)}
    assert_same(path, pipeline, feed, numbers, records(stream), scores)
    assert SINGLE in read_onnx(path, numbers).notes


@pytest.mark.parametrize("estimator", ["logistic_regression", "random_forest"])
def test_graphs_of_double_precision_are_exact(rows, records, scores, numbers, tmp_path, estimator) -> None:
    """Doubles are scaled and compared as doubles; ONNX Runtime has no other double classifiers."""
    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(ROWS, 2, whole=True)
    pipeline = make_pipeline(StandardScaler(), ESTIMATORS[estimator]()).fit(frame[NAMES].to_numpy(), labels)
    types = [("X", DoubleTensorType([None, 3]))]
    path = exported(pipeline, tmp_path, types, options={"zipmap": False})
    assert_same(path, pipeline, {"X": stream[NAMES].to_numpy()}, numbers, records(stream), scores)
    assert SINGLE not in read_onnx(path, numbers).notes


ENCODERS = {
    "one-hot": lambda: OneHotEncoder(handle_unknown="ignore"),
    "one-hot, first dropped": lambda: OneHotEncoder(handle_unknown="ignore", drop="first"),
    "ordinal": lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
}


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_columns_by_name_score_as_onnx_runtime(rows, records, scores, contract, tmp_path, estimator, encoder) -> None:
    """An input for each column: nulls that an Imputer fills, whole numbers, words and unseen words."""
    frame, labels = rows(FITTED, 1)
    stream, _ = rows(ROWS, 2, unseen=True)
    numeric = make_pipeline(SimpleImputer(), MaxAbsScaler())
    encoded = [
        ("n", numeric, ["size", "gap"]),
        ("w", ENCODERS[encoder](), ["word"]),
        ("s", MaxAbsScaler(), ["seconds"]),
    ]
    columns = ["gap", "seconds", "size", "word"]
    pipeline = make_pipeline(ColumnTransformer(encoded), ESTIMATORS[estimator]()).fit(frame[columns], labels)
    kinds = {"gap": FloatTensorType, "seconds": Int64TensorType, "size": FloatTensorType, "word": StringTensorType}
    path = exported(pipeline, tmp_path, [(name, kind([None, 1])) for name, kind in kinds.items()])
    types = {"gap": np.float32, "size": np.float32, "seconds": np.int64, "word": object}
    feed = {name: stream[[name]].to_numpy().astype(types[name]) for name in columns}
    assert_same(path, pipeline, feed, contract, records(stream), scores)


def test_missing_values_in_trees_go_where_the_graph_sends_them(rows, records, scores, contract, tmp_path) -> None:
    """Without an Imputer a missing value is NaN, and each node of the graph says whether it goes left."""
    import onnx

    frame, labels = rows(FITTED, 1)
    stream, _ = rows(ROWS, 2)
    inner = ESTIMATORS["random_forest"]().fit(frame[NAMES].fillna(0.0).to_numpy(), labels)
    kinds = [(name, FloatTensorType([None, 1])) for name in NAMES]
    columns = ColumnTransformer([("all", "passthrough", NAMES)])
    pipeline = make_pipeline(columns, inner).fit(frame[NAMES].fillna(0.0), labels)
    path = exported(pipeline, tmp_path, kinds)
    graph = onnx.load(path)
    tracks = next(a for n in graph.graph.node for a in n.attribute if a.name == "nodes_missing_value_tracks_true")
    tracks.ints[:] = [number % 2 for number in range(len(tracks.ints))]
    onnx.save(graph, path)
    feed = {name: stream[[name]].to_numpy().astype(np.float32) for name in NAMES}
    assert_same(path, pipeline, feed, contract, records(stream), scores)


def test_a_strict_comparison_sends_the_threshold_itself_right(rows, records, scores, numbers, tmp_path) -> None:
    """Other exporters write x < t instead of x <= t: values at thresholds go the other way."""
    import onnx

    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(ROWS, 2, whole=True)
    model = ESTIMATORS["random_forest"]().fit(frame[NAMES].to_numpy(), labels)
    path = exported(model, tmp_path, [("X", FloatTensorType([None, 3]))])
    graph = onnx.load(path)
    attributes = {a.name: a for node in graph.graph.node for a in node.attribute}
    modes, places = attributes["nodes_modes"].strings, attributes["nodes_featureids"].ints
    values = attributes["nodes_values"].floats
    found = [v for m, f, v in zip(modes, places, values, strict=True) if m != b"LEAF" and f == 2]
    attributes["nodes_modes"].strings[:] = [m.replace(b"BRANCH_LEQ", b"BRANCH_LT") for m in modes]
    onnx.save(graph, path)
    stream["size"] = np.random.default_rng(0).choice(np.array(found), ROWS)
    feed = {"X": stream[NAMES].to_numpy().astype(np.float32)}
    assert_same(path, model, feed, numbers, records(stream), scores)
