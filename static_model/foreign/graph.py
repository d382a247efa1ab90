"""An ONNX graph as plain values, and what is known of a tensor midway through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from producer.errors import ModelError
from static_model.estimators import Estimator

from .columns import Features

Type = Literal["float32", "float64", "int64", "string"]


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its operation, its place (1 is the first), its inputs and outputs by name, its attributes."""

    op: str
    place: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def refuse(self, why: str) -> ModelError:
        """The error that names this node."""
        return ModelError(f"node {self.place} of the ONNX graph, {self.op}, can't be read: {why}")

    def floats(self, name: str) -> npt.NDArray[np.float64] | None:
        """Numbers of single precision from an attribute, or of double precision from its twin `..._as_tensor`."""
        found = self.attributes.get(f"{name}_as_tensor", self.attributes.get(name))
        return None if found is None else np.asarray(found, np.float64).ravel()

    def text(self, name: str, default: str) -> str:
        """An attribute that is a word."""
        value = self.attributes.get(name, default)
        return value.decode("utf-8") if isinstance(value, bytes) else str(value)

    def labels(self) -> tuple[object, ...]:
        """The classes of a classifier."""
        found: list[object] = [word.decode("utf-8") for word in self.attributes.get("classlabels_strings", ())]
        for name in ("classlabels_int64s", "classlabels_ints"):
            found += np.asarray(self.attributes.get(name, ()), np.int64).tolist()
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor that the graph is given: its name, type, and number of columns (None where it isn't said)."""

    name: str
    type: Type
    width: int | None


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph; nodes stand in the order in which they are computed."""

    inputs: tuple[Input, ...]
    constants: Mapping[str, npt.NDArray[Any]]
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Features, a column each."""

    features: Features
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """Raw scores: features times coefficients, float64[features, classes], plus intercepts, float64[classes]."""

    table: Table
    coefficients: npt.NDArray[np.float64]
    intercepts: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the classifier gave: labels, scores (probabilities), raw margins, or the sum of its probabilities."""

    what: Literal["label", "scores", "margins", "norm"]


Value: TypeAlias = Table | Affine | Answer | npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """The one classifier of a graph.

    Attributes:
        op: its operation.
        features: what it looks at.
        estimator: makes the estimator for the second of its two classes; if false, for the first.
        classes: its two classes.
    """

    op: str
    features: Features
    estimator: Callable[[bool], Estimator]
    classes: tuple[object, ...]


@dataclass(slots=True, eq=False)
class Reading:
    """What is known midway through a graph.

    Attributes:
        values: tensors by name.
        classifier: the classifier once it has come.
        classes: its two classes, where another node names them.
        notes: what a user must know.
    """

    values: dict[str, Value]
    classifier: Classifier | None = None
    classes: tuple[object, ...] = ()
    notes: list[str] = field(default_factory=list)

    def table(self, node: Node, at: int = 0) -> Table:
        """An input that must be features.

        Raises:
            ModelError: it's something else.
        """
        value = self.values[node.inputs[at]]
        if not isinstance(value, Table):
            raise node.refuse("it works on what isn't features")
        return value

    def constant(self, node: Node, at: int) -> npt.NDArray[Any]:
        """An input that must be a constant.

        Raises:
            ModelError: it's something else.
        """
        value = self.values[node.inputs[at]]
        if not isinstance(value, np.ndarray):
            raise node.refuse(f"its input '{node.inputs[at]}' must be a constant")
        return value

    def classify(self, node: Node, found: Classifier) -> None:
        """Take note of the classifier.

        Raises:
            ModelError: there was one already.
        """
        if self.classifier is not None:
            raise node.refuse("it's a second classifier; only one is supported")
        self.classifier = found
