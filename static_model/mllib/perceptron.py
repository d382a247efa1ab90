"""Spark's saved multilayer perceptrons, from the table in which it saves them to plain arrays."""

from __future__ import annotations

from static_model.estimators import Perceptron
from static_model.steps import Step

from .linear import check_width
from .stage import Stage, vector


def read_perceptron(stage: Stage, steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], Perceptron]:
    """A perceptron: `weights`; its `layers` are a parameter."""
    (row,) = stage.table().to_pylist()
    layers = tuple(int(size) for size in stage.parameter("layers"))
    if layers[-1] != 2:
        raise stage.refuse(f"it has {layers[-1]} outputs, not two")
    check_width(stage, steps, layers[0])
    return steps, Perceptron(layers, vector(row["weights"]), {"max_iter": int(stage.parameter("maxIter"))})
