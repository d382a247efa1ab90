"""What has no exact counterpart is refused by its class and place; what is crafted or foreign, before it is loaded."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import skops.io
from onnx import TensorProto, helper
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from producer.dataset import Dataset, Label
from producer.errors import ModelError
from static_model.foreign import skops_reader
from static_model.foreign.onnx_reader import read_onnx
from static_model.foreign.skops_reader import read_skops

NUMBERS = ["gap", "seconds", "size"]
pytestmark = pytest.mark.filterwarnings("ignore")


def encoder(transformer, columns) -> ColumnTransformer:
    return ColumnTransformer([("n", "passthrough", ["size"]), ("w", transformer, columns)])


def fitted(*steps) -> Callable:
    return lambda frame, labels: make_pipeline(*steps).fit(frame, labels)


ORDINAL = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
TREE = DecisionTreeClassifier(max_depth=2)
REFUSED = [
    (
        fitted(encoder("passthrough", ["seconds"]), PCA(1), TREE),
        "step 2 of the scikit-learn pipeline, PCA, can't be read: only these",
    ),
    (fitted(encoder(PCA(1), ["seconds", "size"]), TREE), "step 1.2 of .*, PCA, .* only these are supported"),
    (fitted(encoder("passthrough", ["seconds"]), SGDClassifier()), "step 2 of .*, SGDClassifier, .* last step must be"),
    (fitted(encoder(OneHotEncoder(), ["word"]), TREE), "step 1.2 of .*, OneHotEncoder, .* fails on a word"),
    (fitted(encoder(OrdinalEncoder(), ["word"]), TREE), "step 1.2 of .*, OrdinalEncoder, .* fails on a word"),
    (fitted(encoder(OrdinalEncoder(**ORDINAL), ["word"]), TREE), "OrdinalEncoder, .* has no number for unknown"),
    (
        fitted(encoder(OneHotEncoder(handle_unknown="ignore"), ["seconds"]), TREE),
        "encodes the numbers of 'seconds'; only words",
    ),
    (fitted(encoder(SimpleImputer(missing_values=-1), ["seconds"]), TREE), "takes -1 for missing"),
    (
        fitted(encoder(FunctionTransformer(np.abs), ["size"]), TREE),
        "FunctionTransformer, can't be read: it calls a function",
    ),
    (fitted(encoder("passthrough", ["note"]), TREE), "'note', which is no feature of the contract; allow it with --fe"),
    (fitted(encoder("passthrough", ["other"]), TREE), "reads 'other', which the contract 'hard' doesn't have"),
    (
        fitted(encoder("passthrough", ["gap"]), LogisticRegression()),
        "fails on missing values, and 'gap' may be missing",
    ),
    (
        lambda frame, labels: GradientBoostingClassifier(loss="exponential", n_estimators=2).fit(
            frame[["size", "seconds"]], labels
        ),
        "step 1 of .*, GradientBoostingClassifier, .* its loss is 'exponential'",
    ),
    (
        lambda frame, labels: TREE.fit(frame[["size"]], np.where(labels == 1, "yes", "no")),
        "classes are 'no', 'yes'; a model needs two, 0 and 1 or words of the contract's label",
    ),
    (lambda frame, labels: TREE.fit(frame[["size"]], labels + (frame["size"] > 0)), "classes are 0, 1, 2"),
    (
        lambda frame, labels: RandomForestClassifier(2, max_depth=2).fit(
            frame[["size"]], np.column_stack([labels, labels])
        ),
        "classes|several outputs",
    ),
    (lambda frame, labels: TREE.fit(frame[["size"]].to_numpy(), labels), "fitted on 1 columns without names, but"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_a_step_without_an_exact_counterpart_is_named(rows, contract: Dataset, tmp_path: Path, make, message) -> None:
    """The sentence names the step by its class and place, and says why."""
    frame, labels = rows(400, 1)
    frame["note"] = frame["other"] = 1.0
    if "gap' may" in message:
        frame["gap"] = 0.0
    path = tmp_path / "m.skops"
    skops.io.dump(make(frame, labels), path)
    with pytest.raises(ModelError, match=message):
        read_skops(path, contract)


def test_numbers_for_classes_are_refused_where_the_contract_calls_0_positive(rows, numbers: Dataset, tmp_path) -> None:
    """Whether 0 means the contract's word or the class can't be known."""
    frame, labels = rows(400, 1, whole=True)
    turned = numbers.model_copy(update={"label": Label(positive=("0",), negative=("1",))})
    skops.io.dump(TREE.fit(frame[NUMBERS], labels), tmp_path / "m.skops")
    with pytest.raises(ModelError, match="calls '0' positive: which is meant can't be known"):
        read_skops(tmp_path / "m.skops", turned)


def test_a_type_that_is_not_trusted_is_named_before_anything_is_loaded(rows, numbers: Dataset, tmp_path) -> None:
    """A class of somebody else's is refused by its name; scikit-learn's own functions are no loophole."""
    frame, labels = rows(400, 1, whole=True)
    model = clone(TREE).fit(frame[NUMBERS], labels)
    model.helper_ = Helper()
    skops.io.dump(model, tmp_path / "m.skops")
    with pytest.raises(ModelError, match=r"holds types that aren't trusted: .*Helper"):
        read_skops(tmp_path / "m.skops", numbers)


class Helper:
    """A class that skops doesn't know."""

    def __init__(self) -> None:
        self.value = 1


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Rewrite each file of a zip."""
    with zipfile.ZipFile(path) as archive:
        content = {name: change(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def tree_file(rows, folder: Path) -> Path:
    frame, labels = rows(400, 1, whole=True)
    skops.io.dump(TREE.fit(frame[NUMBERS], labels), folder / "m.skops")
    return folder / "m.skops"


def changed_nodes(field: str, value: int) -> Callable[[str, bytes], bytes]:
    """Set a field of the first node of each tree."""

    def change(name: str, data: bytes) -> bytes:
        if not name.endswith(".npy"):
            return data
        array = np.load(io.BytesIO(data))
        if array.dtype.names is None:
            return data
        array[field][0] = value
        buffer = io.BytesIO()
        np.save(buffer, array)
        return buffer.getvalue()

    return change


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("feature", 77, "uses feature 77"), ("left_child", 10**6, "'left' names a child"), ("right_child", 0, "'right'")],
)
def test_a_tree_that_points_outside_of_its_arrays_is_refused(rows, numbers, tmp_path, field, value, message) -> None:
    """Compiled code would walk it without looking; here its arrays are checked first."""
    from static_model.foreign.importing import import_model

    path = tree_file(rows, tmp_path)
    rewritten(path, changed_nodes(field, value))
    with pytest.raises(ModelError, match=message):
        import_model(path, numbers, tmp_path / "out", learner="decision_tree", threshold=None)
    assert not (tmp_path / "out").exists()


def test_a_tree_that_miscounts_its_nodes_is_never_looked_into(rows, numbers: Dataset, tmp_path) -> None:
    """Reading its fields would read memory that isn't the tree's."""
    path = tree_file(rows, tmp_path)

    def change(name: str, data: bytes) -> bytes:
        if name != "schema.json":
            return data
        schema = json.loads(data)
        found = schema["content"]["content"]["tree_"]["content"]["content"]["node_count"]
        found |= {"content": "-3", "__id__": 1}  # equal numbers share what was read for their id
        return json.dumps(schema).encode()

    rewritten(path, change)
    with pytest.raises(ModelError, match="one of its trees miscounts its nodes"):
        read_skops(path, numbers)


def test_a_zip_bomb_is_refused_by_its_directory(rows, numbers: Dataset, tmp_path, monkeypatch) -> None:
    """What a file unpacks to is summed before anything is unpacked, and arrays count as often as they are named."""
    path = tree_file(rows, tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", bytes(2**24))
    assert path.stat().st_size < 2**18
    monkeypatch.setattr(skops_reader, "MAX_BYTES", 2**24)
    with pytest.raises(ModelError, match="unpacks to more than a model may have"):
        read_skops(path, numbers)
    path = tree_file(rows, tmp_path)
    rewritten(path, lambda name, data: repeated(data) if name == "schema.json" else data)
    monkeypatch.setattr(skops_reader, "MAX_BYTES", sum(e.file_size for e in zipfile.ZipFile(path).infolist()))
    with pytest.raises(ModelError, match="refers to the same arrays too often"):
        read_skops(path, numbers)


@pytest.mark.parametrize("name", ["bomb.npz", "bomb.bin", "more/schema.json"])
def test_an_archive_within_the_archive_is_refused_unread(rows, numbers: Dataset, tmp_path, name) -> None:
    """The sizes within a sparse matrix's .npz are in no directory that was checked, so no such file passes."""
    path = tree_file(rows, tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"PK")
    with pytest.raises(ModelError, match=f"holds '{name}', which is neither its description nor a plain array; save"):
        read_skops(path, numbers)


def repeated(data: bytes) -> bytes:
    """A description that names the same array a thousand times."""
    schema = json.loads(data)
    file = next(name for name in skops_reader._references(schema))
    schema["again"] = [{"file": file}] * 1000
    return json.dumps(schema).encode()


def test_an_array_that_is_shorter_than_its_header_says_is_refused(rows, numbers: Dataset, tmp_path) -> None:
    """Memory is taken by the header, so the header is held against the file before loading."""
    path = tree_file(rows, tmp_path)
    rewritten(path, lambda name, data: data[:-8] if name.endswith(".npy") else data)
    with pytest.raises(ModelError, match=r"is no readable \.skops file: .* isn't as long as it says"):
        read_skops(path, numbers)


def graph_of(*nodes, initializers=(), inputs=None, outputs=("l", "s")) -> onnx.ModelProto:
    given = inputs or [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 3])]
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 2]) for name in outputs]
    graph = helper.make_graph(list(nodes), "g", given, made, initializer=list(initializers))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def linear(source="X", **changes) -> onnx.NodeProto:
    settings = {
        "coefficients": [-1.0, -2.0, -3.0, 1.0, 2.0, 3.0],
        "intercepts": [-1.0, 1.0],
        "classlabels_ints": [0, 1],
        "post_transform": "LOGISTIC",
    }
    return helper.make_node("LinearClassifier", [source], ["l", "s"], domain="ai.onnx.ml", **settings | changes)


def ensemble(**changes) -> onnx.NodeProto:
    settings = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [1, 0, 0],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "nodes_values": [5.0, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "class_ids": [0, 0],
        "class_treeids": [0, 0],
        "class_nodeids": [1, 2],
        "class_weights": [0.25, 0.75],
        "classlabels_int64s": [0, 1],
        "post_transform": "NONE",
    }
    return helper.make_node("TreeEnsembleClassifier", ["X"], ["l", "s"], domain="ai.onnx.ml", **settings | changes)


def scaler(**settings) -> onnx.NodeProto:
    return helper.make_node("Scaler", ["X"], ["Y"], domain="ai.onnx.ml", **settings)


WORDS = [helper.make_tensor_value_info("X", TensorProto.STRING, [None, 3])]
TWO = [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])]
OTHERS = helper.make_node("Exp", ["X"], ["Y"])
MIXED = {"class_weights": [-1.0, 2.0], "post_transform": "SOFTMAX"}
GRAPHS = [
    (graph_of(OTHERS, linear("Y")), "node 1 of the ONNX graph, Exp, can't be read: only these are supported"),
    (graph_of(linear(post_transform="PROBIT")), "LinearClassifier, .* post_transform is PROBIT"),
    (graph_of(linear(intercepts=[0.0, 1.0])), "its two classes aren't opposite"),
    (graph_of(linear(coefficients=[1.0, 2.0])), "it has 2 coefficients for 3 features"),
    (graph_of(linear(classlabels_ints=[0, 1, 2])), "classes are 0, 1, 2"),
    (graph_of(scaler(offset=[1.0, 2.0], scale=[1.0]), linear("Y")), "node 1 .*, Scaler, .* 2 numbers for 3 features"),
    (graph_of(ensemble(nodes_modes=["BRANCH_EQ", "LEAF", "LEAF"])), "3 nodes, of modes BRANCH_EQ"),
    (graph_of(ensemble(nodes_featureids=[9, 0, 0])), "uses feature 9, the graph makes 3"),
    (graph_of(ensemble(nodes_truenodeids=[0, 0, 0])), "one of its trees goes round in a circle"),
    (graph_of(ensemble(nodes_truenodeids=[2, 0, 0])), "has a node that no other leads to, or that several do"),
    (graph_of(ensemble(class_weights=[0.25, 7.0])), "its leaves hold neither the shares of two classes nor margins"),
    (graph_of(ensemble(**MIXED)), "its leaves hold neither the shares of two classes nor margins"),
    (graph_of(linear(), inputs=TWO), "takes 2 columns without names, but the contract 'numbers' has 3 features"),
    (graph_of(linear(), inputs=WORDS), "the input 'X' of the ONNX graph is string, but 'gap' holds numbers"),
    (graph_of(scaler(offset=[0.0], scale=[1.0]), outputs=("Y",)), "ends without a classifier"),
]


@pytest.mark.parametrize(("graph", "message"), GRAPHS)
def test_a_node_without_an_exact_counterpart_is_named(numbers: Dataset, tmp_path: Path, graph, message) -> None:
    """The sentence names the node by its operation and place, and says why."""
    (tmp_path / "m.onnx").write_bytes(graph.SerializeToString())
    with pytest.raises(ModelError, match=message):
        read_onnx(tmp_path / "m.onnx", numbers)


def test_constants_in_other_files_are_refused(numbers: Dataset, tmp_path: Path) -> None:
    """A graph may name any file of the machine as its constants; none is opened."""
    tensor = helper.make_tensor("c", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/hostname"
    node = helper.make_node("Mul", ["X", "c"], ["Y"])
    (tmp_path / "m.onnx").write_bytes(graph_of(node, linear("Y"), initializers=[tensor]).SerializeToString())
    with pytest.raises(ModelError, match=r"keeps constants in other files|is no readable \.onnx file"):
        read_onnx(tmp_path / "m.onnx", numbers)


def test_unused_columns_need_not_be_the_contracts(rows, records, scores, contract: Dataset, tmp_path: Path) -> None:
    """A DataFrame's other columns, the label among them, are harmless until a step reads them."""
    frame, labels = rows(400, 1)
    frame["y"] = frame["other"] = frame["note"] = labels
    pipeline = make_pipeline(encoder(StandardScaler(), ["seconds"]), TREE).fit(frame, labels)
    skops.io.dump(pipeline, tmp_path / "m.skops")
    foreign = read_skops(tmp_path / "m.skops", contract)
    expected = pipeline.predict_proba(frame)[:, 1]
    np.testing.assert_allclose(expected, scores(foreign, contract, records(frame[list(frame)[:5]])), rtol=0, atol=1e-15)
