"""ONNX operations on features, read as values: single precision is rounded to wherever the graph rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from static_model.steps import Coded, Operation

from .columns import Feature, Features, Word, member
from .graph import Node, Reading, Table

TYPES = {1: "float32", 11: "float64", 7: "int64"}


def _identity(node: Node, reading: Reading) -> None:
    reading.values[node.outputs[0]] = reading.table(node)


def _cast(node: Node, reading: Reading) -> None:
    table, to = reading.table(node), TYPES.get(int(node.attributes["to"]))
    if to is None or table.type == "string" or (to == "int64" != table.type):
        raise node.refuse(f"it makes {table.type} of another kind; only float and double of numbers are supported")
    round_off = to == "float32" != table.type
    features = tuple(f.then("float32") for f in table.features) if round_off else table.features
    reading.values[node.outputs[0]] = Table(features, to)  # type: ignore[arg-type]


def _concat(node: Node, reading: Reading) -> None:
    tables = [reading.table(node, at) for at in range(len(node.inputs))]
    if int(node.attributes["axis"]) not in (1, -1) or len({table.type for table in tables}) != 1:
        raise node.refuse("it joins rows, or columns of several types")
    reading.values[node.outputs[0]] = Table(tuple(f for table in tables for f in table.features), tables[0].type)


def _choose(node: Node, reading: Reading) -> None:
    """`Gather` along the columns, and `ArrayFeatureExtractor`."""
    table, places = reading.table(node), reading.constant(node, 1).ravel().tolist()
    if node.op == "Gather" and int(node.attributes.get("axis", 0)) not in (1, -1, 2):
        raise node.refuse("it chooses rows; only columns are supported")
    if not all(isinstance(place, int) and -len(table.features) <= place < len(table.features) for place in places):
        raise node.refuse(f"it chooses columns outside of the {len(table.features)} that there are")
    reading.values[node.outputs[0]] = Table(tuple(table.features[place] for place in places), table.type)


def _reshape(node: Node, reading: Reading) -> None:
    """Kept only if rows stay rows and columns columns."""
    table = reading.table(node)
    if node.op == "Reshape":
        shape = reading.constant(node, 1).ravel().tolist()
        same = len(shape) == 2 and shape[0] in (-1, 0) and shape[1] in (len(table.features), -1) and shape != [-1, -1]
    else:
        same = int(node.attributes.get("axis", 1)) == 1
    if not same:
        raise node.refuse("it moves values between rows and columns")
    reading.values[node.outputs[0]] = table


def _numbers(node: Node, table: Table, values: Any) -> list[float]:
    """A number for each feature; a single one is for all."""
    array = np.asarray(values, np.float64)
    if array.size not in (1, len(table.features)) or array.ravel().shape[-1] != array.size:
        raise node.refuse(f"it has {array.size} numbers for {len(table.features)} features")
    numbers: list[float] = np.broadcast_to(array.ravel(), len(table.features)).tolist()
    return numbers


def _operate(node: Node, table: Table, operation: Operation, values: Any) -> Features:
    for feature in table.features:
        if feature.problem:
            raise node.refuse(feature.problem)
    numbers = _numbers(node, table, values)
    done = (f.then(operation, number) for f, number in zip(table.features, numbers, strict=True))
    return tuple(f.then("float32") for f in done) if table.type == "float32" else tuple(done)


def _scaler(node: Node, reading: Reading) -> None:
    table = reading.table(node)
    if table.type == "int64":
        table = Table(tuple(f.then("float32") for f in table.features), "float32")
    if table.type != "float32":
        raise node.refuse(f"its input is {table.type}; only float and whole numbers are supported")
    moved = Table(_operate(node, table, "subtract", _or_zeros(node, "offset", 0.0)), "float32")
    reading.values[node.outputs[0]] = Table(_operate(node, moved, "multiply", _or_zeros(node, "scale", 1.0)), "float32")


def _or_zeros(node: Node, name: str, default: float) -> npt.NDArray[np.float64]:
    found = node.floats(name)
    return np.array([default]) if found is None or not found.size else found


def _imputer(node: Node, reading: Reading) -> None:
    table, values = reading.table(node), node.floats("imputed_value_floats")
    replaced = node.attributes.get("replaced_value_float", 0.0)
    if values is None or not values.size or replaced == replaced:
        raise node.refuse("it replaces other values than NaN")
    made = _operate(node, table, "fill", values)
    reading.values[node.outputs[0]] = Table(made, table.type)


_ARITHMETIC: Mapping[str, Operation] = {"Sub": "subtract", "Div": "divide", "Mul": "multiply", "Add": "add"}


def _arithmetic(node: Node, reading: Reading) -> None:
    """Features with a constant; the constant may come first where the order doesn't matter."""
    first = reading.values[node.inputs[0]]
    if not isinstance(first, Table):
        raise node.refuse("it works on what isn't features")
    if first.type not in ("float32", "float64"):
        raise node.refuse(f"its input is {first.type}; only float and double are supported")
    made = _operate(node, first, _ARITHMETIC[node.op], reading.constant(node, 1))
    reading.values[node.outputs[0]] = Table(made, first.type)


def _clip(node: Node, reading: Reading) -> None:
    table = reading.table(node)
    bounds: tuple[tuple[int, Operation], ...] = ((1, "at-least"), (2, "at-most"))
    for at, operation in bounds:
        if len(node.inputs) > at and node.inputs[at]:
            table = Table(_operate(node, table, operation, reading.constant(node, at)), table.type)
    if {"min", "max"} & set(node.attributes):
        raise node.refuse("its bounds are attributes, as before version 11; export it anew")
    reading.values[node.outputs[0]] = table


def _word(node: Node, feature: Feature) -> Word:
    if not isinstance(feature.base, Word):
        raise node.refuse("it encodes numbers; only words are supported")
    return feature.base


def _one_hot(node: Node, reading: Reading) -> None:
    labels = tuple(word.decode("utf-8") for word in node.attributes.get("cats_strings", ()))
    if not labels or int(node.attributes.get("zeros", 1)) != 1:
        raise node.refuse("it encodes numbers, or fails on a word that it doesn't know; only words with zeros=1")
    made = [
        member(_word(node, feature), labels, [place], missing=None, nullable=feature.nullable)
        for feature in reading.table(node).features
        for place in range(len(labels))
    ]
    reading.values[node.outputs[0]] = Table(tuple(made), "float32")


def _label_encoder(node: Node, reading: Reading) -> None:
    labels = tuple(word.decode("utf-8") for word in node.attributes.get("keys_strings", ()))
    whole = "values_int64s" in node.attributes
    numbers = node.floats("values_int64s" if whole else "values_floats")
    if not labels or numbers is None or len(numbers) != len(labels):
        raise node.refuse("it encodes other things than words as numbers")
    default = float(node.attributes.get("default_int64" if whole else "default_float", -1 if whole else -0.0))
    made = [
        Feature(Coded(_word(node, feature).column, labels, tuple(numbers.tolist()), default, default), nullable=False)
        for feature in reading.table(node).features
    ]
    reading.values[node.outputs[0]] = Table(tuple(made), "int64" if whole else "float32")


FEATURES: Mapping[str, Callable[[Node, Reading], None]] = {
    "Identity": _identity,
    "Cast": _cast,
    "Concat": _concat,
    "Gather": _choose,
    "ArrayFeatureExtractor": _choose,
    "Reshape": _reshape,
    "Flatten": _reshape,
    "Scaler": _scaler,
    "Imputer": _imputer,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    "Clip": _clip,
    "OneHotEncoder": _one_hot,
    "LabelEncoder": _label_encoder,
}
"""What reads each operation on features."""
