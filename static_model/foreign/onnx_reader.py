"""Reads an ONNX classifier. The only file that knows onnx: it turns the graph into plain values; nothing is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from producer.dataset import Dataset
from producer.errors import ModelError

from .files import read_bounded
from .graph import Graph, Input, Node, Type
from .onnx_graph import read_graph
from .part import Foreign, damaged

if TYPE_CHECKING:
    import onnx

MAX_NODES = 10_000
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def read_onnx(path: Path, dataset: Dataset) -> Foreign:
    """Read a classifier of two classes.

    Args:
        path: an `.onnx` file.
        dataset: the contract of the records.

    Raises:
        ModelError: it's damaged or too large, a node isn't supported, or it doesn't fit the contract; a node is named
            by its operation and place.
    """
    content = read_bounded(path)
    try:
        return read_graph(_graph(content), dataset)
    except Exception as error:
        raise damaged(f"{path} is no readable .onnx file", error, "export it again") from error


def _graph(content: bytes) -> Graph:
    import onnx

    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model)
    return _plain(model)


def _plain(model: onnx.ModelProto) -> Graph:
    from onnx import numpy_helper

    graph = model.graph
    if model.functions or graph.sparse_initializer or len(graph.node) > MAX_NODES:
        raise ModelError(
            f"the ONNX graph has functions, sparse constants or more than {MAX_NODES:,} nodes; "
            "export the classifier without them"
        )
    if any(tensor.external_data or tensor.data_location for tensor in graph.initializer):
        raise ModelError("the ONNX graph keeps constants in other files; export it as one file")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    inputs = tuple(_input(value) for value in graph.input if value.name not in constants)
    nodes = tuple(_node(node, place) for place, node in enumerate(graph.node, start=1))
    return Graph(inputs, constants, nodes)


def _input(value: onnx.ValueInfoProto) -> Input:
    tensor = value.type.tensor_type
    types: dict[int, Type] = {1: "float32", 11: "float64", 7: "int64", 6: "int64", 8: "string"}
    if tensor.elem_type not in types or len(tensor.shape.dim) != 2:
        raise ModelError(
            f"the input '{value.name}' of the ONNX graph isn't rows and columns of numbers or words; "
            "export it with inputs of shape [None, columns]"
        )
    return Input(value.name, types[tensor.elem_type], tensor.shape.dim[1].dim_value or None)


def _node(node: onnx.NodeProto, place: int) -> Node:
    attributes = {attribute.name: _value(attribute) for attribute in node.attribute}
    plain = Node(node.op_type, place, tuple(node.input), tuple(node.output), attributes)
    if node.domain not in DOMAINS:
        raise plain.refuse(f"it is of the domain '{node.domain}'; only ONNX's own operations are supported")
    if any(value is None for value in attributes.values()):
        raise plain.refuse("it holds a graph or a tensor in another file")
    return plain


def _value(attribute: onnx.AttributeProto) -> Any:
    """An attribute as plain values; None for what isn't."""
    from onnx import AttributeProto, helper, numpy_helper

    if attribute.type == AttributeProto.TENSOR:
        outside = attribute.t.external_data or attribute.t.data_location
        return None if outside else numpy_helper.to_array(attribute.t)
    plain = (AttributeProto.FLOAT, AttributeProto.INT, AttributeProto.STRING)
    if attribute.type in plain:
        return helper.get_attribute_value(attribute)
    lists = {AttributeProto.FLOATS: attribute.floats, AttributeProto.INTS: attribute.ints}
    if attribute.type in lists:
        return np.asarray(lists[attribute.type])
    return list(attribute.strings) if attribute.type == AttributeProto.STRINGS else None
