"""ONNX's linear classifiers, read as values: one node, or a product of matrices with a sigmoid after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from static_model.estimators import Linear

from .columns import Features
from .graph import Affine, Answer, Classifier, Node, Reading

Floats = npt.NDArray[np.float64]


def _linear_classifier(node: Node, reading: Reading) -> None:
    """Coefficients, a row for each class or one for both."""
    table, rows = reading.table(node), node.floats("coefficients")
    features = table.features if table.type == "float32" else tuple(f.then("float32") for f in table.features)
    intercepts = node.floats("intercepts")
    if rows is None or not features or rows.size % len(features) or rows.size // len(features) not in (1, 2):
        raise node.refuse(f"it has {0 if rows is None else rows.size} coefficients for {len(features)} features")
    rows = rows.reshape(-1, len(features))
    intercepts = np.zeros(len(rows)) if intercepts is None else intercepts
    transform = node.text("post_transform", "NONE")
    coefficients, intercept = _one_row(node, rows, intercepts, transform)
    _classify(node, reading, features, coefficients, intercept, "hinge" if transform == "NONE" else "log")
    reading.values[node.outputs[0]] = Answer("label")
    reading.values[node.outputs[1]] = Answer("margins" if transform == "NONE" else "scores")


def _one_row(node: Node, rows: Floats, intercepts: Floats, transform: str) -> tuple[Floats, float]:
    """The margin whose logistic is the score: of one row as it is, of two rows by what is done with them."""
    if len(intercepts) != len(rows):
        raise node.refuse(f"it has {len(intercepts)} intercepts for {len(rows)} rows of coefficients")
    if len(rows) == 1:
        margin = rows[0], float(intercepts[0])
    elif transform in ("SOFTMAX", "NONE"):
        share = 1.0 if transform == "SOFTMAX" else 0.5
        margin = share * (rows[1] - rows[0]), share * float(intercepts[1] - intercepts[0])
    elif np.array_equal(rows[0], -rows[1]) and intercepts[0] == -intercepts[1]:
        margin = rows[1], float(intercepts[1])
    else:
        raise node.refuse("its two classes aren't opposite; only a binary classifier is supported")
    if transform not in ("NONE", "LOGISTIC", "SOFTMAX") or (len(rows) == 1 and transform == "SOFTMAX"):
        raise node.refuse(f"its post_transform is {transform}; only LOGISTIC, SOFTMAX and NONE are supported")
    return margin


def _classify(
    node: Node, reading: Reading, features: Features, row: Floats, intercept: float, loss: Literal["log", "hinge"]
) -> None:
    def estimator(upright: bool) -> Linear:
        sign = 1.0 if upright else -1.0
        return Linear(sign * row, sign * intercept, {}, loss=loss)

    reading.classify(node, Classifier(node.op, features, estimator, node.labels() or (0, 1)))


def _product(node: Node, reading: Reading) -> None:
    """`MatMul`: raw scores, float64[features, classes]."""
    table, matrix = reading.table(node), np.asarray(reading.constant(node, 1), np.float64)
    if table.type not in ("float32", "float64") or matrix.ndim != 2 or len(matrix) != len(table.features):
        raise node.refuse(f"its matrix is {list(matrix.shape)} for {len(table.features)} features")
    reading.values[node.outputs[0]] = Affine(table, matrix, np.zeros(matrix.shape[1]))


def _to_scores(node: Node, reading: Reading) -> None:
    """`Sigmoid` or `Softmax` of raw scores."""
    value = reading.values[node.inputs[0]]
    if not isinstance(value, Affine) or value.coefficients.shape[1] not in (1, 2):
        raise node.refuse("it works on what isn't raw scores of two classes")
    transform = "LOGISTIC" if node.op == "Sigmoid" else "SOFTMAX"
    row, intercept = _one_row(node, value.coefficients.T, value.intercepts, transform)
    _classify(node, reading, value.table.features, row, intercept, "log")
    reading.values[node.outputs[0]] = Answer("scores")


def _arg_max(node: Node, reading: Reading) -> None:
    """The label from raw scores; what they come to is said by `Sigmoid` or `Softmax`."""
    value = reading.values[node.inputs[0]]
    if not isinstance(value, Affine) and value != Answer("scores"):
        raise node.refuse("it works on what isn't scores")
    reading.values[node.outputs[0]] = Answer("label")


LINEAR: Mapping[str, Callable[[Node, Reading], None]] = {
    "LinearClassifier": _linear_classifier,
    "MatMul": _product,
    "Sigmoid": _to_scores,
    "Softmax": _to_scores,
    "ArgMax": _arg_max,
}
"""What reads each operation of a linear classifier."""
