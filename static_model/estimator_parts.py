"""What `model.json` holds of an estimator, and which of its arrays stand beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from pydantic import Field

from .estimators import Boosted, Estimator, Forest, GaussianBayes, Linear, Parameter, Perceptron
from .parts import Part

_TREES = ("feature", "threshold", "left", "right", "roots")


class _EstimatorPart(Part):
    made: ClassVar[type[Any]]
    arrays: ClassVar[tuple[str, ...]]

    parameters: dict[str, Parameter]

    def value(self, arrays: Mapping[str, Any]) -> Estimator:
        """The estimator itself, with its arrays by name."""
        own = {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}
        estimator: Estimator = self.made(**arrays, **own)
        return estimator


class ForestPart(_EstimatorPart):
    """What JSON holds of a `Forest`."""

    made = Forest
    arrays = (*_TREES, "votes")
    kind: Literal["forest"] = "forest"
    compares: Literal["float64", "float32"]


class BoostedPart(_EstimatorPart):
    """What JSON holds of a `Boosted`."""

    made = Boosted
    arrays = (*_TREES, "values", "weights")
    kind: Literal["boosted"] = "boosted"
    compares: Literal["float64", "float32"]
    output: Literal["probability", "sum", "mean"] = Field(
        default="probability", exclude_if=lambda output: output == "probability"
    )


class LinearPart(_EstimatorPart):
    """What JSON holds of a `Linear`."""

    made = Linear
    arrays = ("coefficients",)
    kind: Literal["linear"] = "linear"
    intercept: float
    loss: Literal["log", "hinge", "bayes", "squared"] = Field(default="log", exclude_if=lambda loss: loss == "log")


class GaussianBayesPart(_EstimatorPart):
    """What JSON holds of a `GaussianBayes`."""

    made = GaussianBayes
    arrays = ("means", "variances", "priors")
    kind: Literal["gaussian-bayes"] = "gaussian-bayes"


class PerceptronPart(_EstimatorPart):
    """What JSON holds of a `Perceptron`."""

    made = Perceptron
    arrays = ("weights",)
    kind: Literal["perceptron"] = "perceptron"
    layers: tuple[int, ...]


EstimatorPart: TypeAlias = ForestPart | BoostedPart | LinearPart | GaussianBayesPart | PerceptronPart
_PARTS: Mapping[type[Any], type[Any]] = {part.made: part for part in get_args(EstimatorPart)}


def estimator_part(estimator: Estimator) -> EstimatorPart:
    """What JSON holds of an estimator."""
    made = _PARTS[type(estimator)]
    own = {name: getattr(estimator, name) for name in made.model_fields if name not in ("kind", "parameters")}
    part: EstimatorPart = made(**own, parameters=dict(estimator.parameters))
    return part
