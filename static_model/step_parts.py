"""Feature steps as `model.json` holds them. What a later version added is left out where it isn't used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

from pydantic import Field

from .parts import Part
from .steps import (
    Coded,
    Hashed,
    Index,
    Membership,
    NGrams,
    Numeric,
    OneHot,
    Operation,
    Picked,
    Plain,
    Scaled,
    Step,
    WordVectors,
)
from .tokenizing import CHARACTERS, Tokens


class _StepPart(Part):
    made: ClassVar[type[Any]]

    def value(self) -> Plain:
        """The step itself."""
        step: Plain = self.made(**{field.name: getattr(self, field.name) for field in fields(self.made)})
        return step


class NumericStep(_StepPart):
    """`Numeric` as JSON."""

    made = Numeric
    kind: Literal["numeric"] = "numeric"
    column: str
    fill: float | None = Field(default=None, exclude_if=lambda fill: fill is None)
    missing: float | None = Field(default=None, exclude_if=lambda missing: missing is None)


class OneHotStep(_StepPart):
    """`OneHot` as JSON."""

    made = OneHot
    kind: Literal["one-hot"] = "one-hot"
    column: str
    labels: tuple[str, ...]
    width: int


class IndexStep(_StepPart):
    """`Index` as JSON."""

    made = Index
    kind: Literal["index"] = "index"
    column: str
    labels: tuple[str, ...]


class MembershipStep(_StepPart):
    """`Membership` as JSON."""

    made = Membership
    kind: Literal["membership"] = "membership"
    column: str
    labels: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]
    missing: int | None = Field(default=None, exclude_if=lambda missing: missing is None)


class CodedStep(_StepPart):
    """`Coded` as JSON."""

    made = Coded
    kind: Literal["coded"] = "coded"
    column: str
    labels: tuple[str, ...]
    numbers: tuple[float, ...]
    other: float
    missing: float


class HashedStep(_StepPart):
    """`Hashed` as JSON."""

    made = Hashed
    kind: Literal["hashed"] = "hashed"
    columns: tuple[str, ...]
    width: int
    categorical: tuple[str, ...] = Field(default=(), exclude_if=lambda categorical: not categorical)


class NGramsStep(_StepPart):
    """`NGrams` as JSON."""

    made = NGrams
    kind: Literal["n-grams"] = "n-grams"
    column: str
    n: int
    width: int
    tokens: Tokens = Field(default=CHARACTERS, exclude_if=lambda tokens: tokens == CHARACTERS)
    binary: bool = Field(default=False, exclude_if=lambda binary: not binary)


class WordVectorsStep(_StepPart):
    """`WordVectors` as JSON."""

    made = WordVectors
    kind: Literal["word-vectors"] = "word-vectors"
    column: str
    tokens: Tokens
    words: tuple[str, ...]
    vectors: tuple[tuple[float, ...], ...]


PlainPart: TypeAlias = (
    NumericStep | OneHotStep | IndexStep | MembershipStep | CodedStep | HashedStep | NGramsStep | WordVectorsStep
)
_PARTS: Mapping[type[Any], type[Any]] = {part.made: part for part in get_args(PlainPart)}


class PickedStep(Part):
    """`Picked` as JSON."""

    kind: Literal["picked"] = "picked"
    step: Annotated[PlainPart, Field(discriminator="kind")]
    features: tuple[int, ...]

    def value(self) -> Picked:
        """The step itself."""
        return Picked(self.step.value(), self.features)


class ScaledStep(Part):
    """`Scaled` as JSON."""

    kind: Literal["scaled"] = "scaled"
    step: Annotated[PlainPart | PickedStep, Field(discriminator="kind")]
    operations: tuple[tuple[Operation, tuple[float, ...]], ...]

    def value(self) -> Scaled:
        """The step itself."""
        return Scaled(self.step.value(), self.operations)


StepPart: TypeAlias = PlainPart | PickedStep | ScaledStep


def step_part(step: Step) -> StepPart:
    """A feature step as JSON."""
    if isinstance(step, Scaled):
        return ScaledStep(step=_inner_part(step.step), operations=step.operations)
    return _inner_part(step)


def _inner_part(step: Plain | Picked) -> PlainPart | PickedStep:
    if isinstance(step, Picked):
        return PickedStep(step=_plain_part(step.step), features=step.features)
    return _plain_part(step)


def _plain_part(step: Plain) -> PlainPart:
    part: PlainPart = _PARTS[type(step)](**{field.name: getattr(step, field.name) for field in fields(step)})
    return part
