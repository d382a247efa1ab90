"""What is read of a stranger's model, and how a part of it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from producer.errors import DriftduelError, ModelError
from static_model.estimators import Estimator
from static_model.steps import Step

from .columns import Features

Kind = Literal["spark", "scikit-learn", "onnx"]


def damaged(what: str, error: Exception, remedy: str) -> DriftduelError:
    """The error for a file that can't be unpacked; a crafted one may make the libraries that unpack it raise anything.

    Args:
        what: what isn't there, e.g. "m.onnx is no readable .onnx file".
        error: what was raised; the project's own errors say all themselves.
        remedy: what to do.
    """
    if isinstance(error, DriftduelError):
        return error
    said = (str(error).splitlines() or [""])[0][:200]
    return ModelError(f"{what}: {type(error).__name__}: {said}; {remedy}")


@dataclass(frozen=True, slots=True)
class Foreign:
    """What was read of somebody else's model.

    Attributes:
        kind: who made it.
        parts: its stages, steps or nodes by class, in order; the classifier is the last.
        steps: how a record becomes features.
        estimator: how features become a score.
        threshold: of the score; positive iff strictly above.
        notes: what a user must know about the reading, in sentences.
    """

    kind: Kind
    parts: tuple[str, ...]
    steps: tuple[Step, ...]
    estimator: Estimator
    threshold: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a scikit-learn pipeline: its place (1 is the first; 2.1 inside another), and the fitted object."""

    place: str
    value: Any

    @property
    def name(self) -> str:
        """Its class."""
        return type(self.value).__name__

    def inside(self, place: object, value: Any) -> Part:
        """A step inside this one."""
        return Part(f"{self.place}.{place}".removeprefix("."), value)

    def refuse(self, why: str) -> ModelError:
        """The error that names this step."""
        return ModelError(f"step {self.place or '1'} of the scikit-learn pipeline, {self.name}, can't be read: {why}")

    def check_width(self, features: Features) -> None:
        """Hold the features that come in against those that it was fitted on.

        Raises:
            ModelError: their numbers differ.
        """
        fitted = int(self.value.n_features_in_)
        if fitted != len(features):
            raise self.refuse(f"it was fitted on {fitted} features, but gets {len(features)}")

    def check_numbers(self, features: Features) -> None:
        """Make sure that the features are numbers that the contract has.

        Raises:
            ModelError: one is a column of words, or none of the contract's.
        """
        self.check_width(features)
        for feature in features:
            if feature.problem:
                raise self.refuse(feature.problem)
