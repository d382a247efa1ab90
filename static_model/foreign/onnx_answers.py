"""ONNX operations on what a classifier gives, read as values: they name, cut and norm it, and must not change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .graph import Affine, Answer, Node, Reading


def _same(node: Node, reading: Reading) -> None:
    """What keeps labels and scores as they are."""
    value = reading.values[node.inputs[0]]
    if not isinstance(value, Answer):
        raise node.refuse("it works on what isn't the classifier's")
    reading.values[node.outputs[0]] = value


def _normalizer(node: Node, reading: Reading) -> None:
    """Probabilities sum to 1 already; raw margins would change."""
    value = reading.values[node.inputs[0]]
    if value != Answer("scores") or node.text("norm", "MAX") != "L1":
        raise node.refuse("it norms other values than probabilities")
    reading.values[node.outputs[0]] = value


def _choose(node: Node, reading: Reading) -> None:
    """A column of the scores, or the classes by their places: `classes[label]`."""
    first, second = (reading.values[name] for name in node.inputs[:2])
    if isinstance(first, np.ndarray) and second == Answer("label"):
        reading.classes = tuple(first.ravel().tolist())
        reading.values[node.outputs[0]] = Answer("label")
    elif isinstance(first, Answer) and isinstance(second, np.ndarray):
        reading.values[node.outputs[0]] = first
    else:
        raise node.refuse("it chooses from what isn't the classifier's")


def _sum(node: Node, reading: Reading) -> None:
    if reading.values[node.inputs[0]] != Answer("scores"):
        raise node.refuse("it sums other values than probabilities")
    reading.values[node.outputs[0]] = Answer("norm")


def _div(node: Node, reading: Reading) -> None:
    """Probabilities by their sum, which is 1."""
    first, second = (reading.values[name] for name in node.inputs[:2])
    if (first, second) != (Answer("scores"), Answer("norm")):
        raise node.refuse("it divides other values than probabilities by their sum")
    reading.values[node.outputs[0]] = Answer("scores")


def _add(node: Node, reading: Reading) -> None:
    """Intercepts to raw scores."""
    first = reading.values[node.inputs[0]]
    if not isinstance(first, Affine):
        raise node.refuse("it adds to what isn't features or raw scores")
    added = np.asarray(reading.constant(node, 1), np.float64).ravel()
    intercepts = first.intercepts + np.broadcast_to(added, first.intercepts.shape)
    reading.values[node.outputs[0]] = Affine(first.table, first.coefficients, intercepts)


ANSWERS: Mapping[str, Callable[[Node, Reading], None]] = {
    "Identity": _same,
    "Cast": _same,
    "Reshape": _same,
    "ZipMap": _same,
    "Abs": _same,
    "Normalizer": _normalizer,
    "ArrayFeatureExtractor": _choose,
    "Gather": _choose,
    "ReduceSum": _sum,
    "Div": _div,
    "Add": _add,
}
"""What reads each operation on labels and scores."""
