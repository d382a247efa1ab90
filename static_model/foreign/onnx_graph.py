"""An ONNX graph, read as values: from its inputs through its nodes to its classifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from producer.dataset import Dataset
from producer.errors import ModelError

from .columns import Feature, Features, features_of, named_features, steps_of
from .graph import Graph, Input, Node, Reading, Table
from .labels import half, positive_place
from .onnx_answers import ANSWERS
from .onnx_features import FEATURES
from .onnx_linear import LINEAR
from .onnx_trees import tree_ensemble
from .part import Foreign

SINGLE = (
    "The graph adds in single precision, and here sums have double: scores differ by about 1e-7 of the largest term, "
    "and a record within that of the threshold may be called otherwise."
)


def read_graph(graph: Graph, dataset: Dataset) -> Foreign:
    """Read a graph with one classifier of two classes.

    Raises:
        ModelError: a node isn't supported, or it doesn't fit the contract.
    """
    reading = Reading({**graph.constants, **_inputs(graph, dataset)})
    if any(entry.type == "float32" for entry in graph.inputs):
        reading.notes.append(SINGLE)
    if not _by_name(graph, dataset):
        listed = ", ".join(column.name for column in dataset.features)
        reading.notes.append(f"The model names no columns: the contract's features are taken in their order: {listed}.")
    for node in graph.nodes:
        if node.op not in OPERATIONS:
            raise node.refuse(f"only these are supported: {', '.join(sorted(OPERATIONS))}")
        OPERATIONS[node.op](node, reading)
    found = reading.classifier
    if found is None:
        raise ModelError("the ONNX graph ends without a classifier; nothing can be predicted")
    positive = positive_place(reading.classes or found.classes, dataset)
    last = next(node for node in graph.nodes if node.op == found.op)
    for feature in found.features:
        if feature.problem:
            raise last.refuse(feature.problem)
    steps = steps_of(found.features, last.refuse)
    parts = tuple(node.op for node in graph.nodes)
    return Foreign("onnx", parts, steps, found.estimator(positive == 1), half(positive), tuple(reading.notes))


def _by_name(graph: Graph, dataset: Dataset) -> bool:
    """Whether the graph's inputs are columns by name, and not all features side by side."""
    return len(graph.inputs) != 1 or _column(graph.inputs[0].name, dataset) in dataset.names


def _inputs(graph: Graph, dataset: Dataset) -> Mapping[str, Table]:
    if not _by_name(graph, dataset):
        only, features = graph.inputs[0], features_of(dataset)
        if only.width not in (None, len(features)):
            listed = ", ".join(column.name for column in dataset.features)
            raise ModelError(
                f"the ONNX graph takes {only.width} columns without names, but the contract '{dataset.name}' has "
                f"{len(features)} features: {listed}; add the missing ones with --feature, or export it with an input "
                "for each column"
            )
        return {only.name: _table(only, features)}
    for entry in graph.inputs:
        if entry.width not in (None, 1):
            raise ModelError(
                f"the input '{entry.name}' of the ONNX graph has {entry.width} columns; name each by itself"
            )
    names = {entry.name: _column(entry.name, dataset) for entry in graph.inputs}
    return {entry.name: _table(entry, named_features([names[entry.name]], dataset)) for entry in graph.inputs}


def _column(name: str, dataset: Dataset) -> str:
    """The contract's column of an input: exporters put `_` for what isn't a letter or a digit."""
    plain = [column for column in dataset.names if re.sub(r"\W", "_", column) == name]
    return plain[0] if name not in dataset.names and len(plain) == 1 else name


def _table(entry: Input, features: Features) -> Table:
    return Table(tuple(_given(entry, feature) for feature in features), entry.type)


def _given(entry: Input, feature: Feature) -> Feature:
    """A column as the graph is given it: numbers rounded to its precision."""
    if feature.problem and not feature.is_word:
        return feature  # refused where a node reads it
    column = getattr(feature.base, "column", "")
    if feature.is_word != (entry.type == "string"):
        is_what = "words" if feature.is_word else "numbers"
        raise ModelError(f"the input '{entry.name}' of the ONNX graph is {entry.type}, but '{column}' holds {is_what}")
    if feature.nullable and entry.type in ("string", "int64"):
        raise ModelError(
            f"the input '{entry.name}' of the ONNX graph is {entry.type}, which has no missing values, and '{column}' "
            "may be missing by the contract; how the graph would be given one can't be known"
        )
    return feature.then("float32") if entry.type == "float32" else feature


def _constant(node: Node, reading: Reading) -> None:
    value = node.attributes.get("value", node.attributes.get("value_floats", node.attributes.get("value_ints")))
    if value is None:
        raise node.refuse("it isn't a tensor of numbers")
    reading.values[node.outputs[0]] = np.asarray(value)


def _either(node: Node, reading: Reading) -> None:
    """Operations that mean one thing before the classifier, and another after it."""
    before = isinstance(reading.values[node.inputs[0]], Table) or node.op == "Concat"
    group = FEATURES if before and node.op in FEATURES else ANSWERS
    if node.op not in group:
        raise node.refuse("it works on what the classifier gives" if not before else "it works on features")
    group[node.op](node, reading)


OPERATIONS: Mapping[str, Callable[[Node, Reading], None]] = {
    **dict.fromkeys([*FEATURES, *ANSWERS], _either),
    **LINEAR,
    "Constant": _constant,
    "TreeEnsembleClassifier": tree_ensemble,
}
"""What reads each supported operation."""
