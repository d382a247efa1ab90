"""A model's `model.json`: everything but the arrays, as text that repeats byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from producer.dataset import Dataset
from producer.errors import ModelError

from .estimators import Boosted, Estimator, Linear
from .steps import Hashed, Index, Membership, NGrams, Numeric, OneHot, Operation, Plain, Scaled, Step

FORMAT = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _StepPart(_Part):
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


class HashedStep(_StepPart):
    """`Hashed` as JSON."""

    made = Hashed
    kind: Literal["hashed"] = "hashed"
    columns: tuple[str, ...]
    width: int


class NGramsStep(_StepPart):
    """`NGrams` as JSON."""

    made = NGrams
    kind: Literal["n-grams"] = "n-grams"
    column: str
    n: int
    width: int


PlainPart: TypeAlias = NumericStep | OneHotStep | IndexStep | MembershipStep | HashedStep | NGramsStep
_PARTS: Mapping[type[Any], type[Any]] = {part.made: part for part in get_args(PlainPart)}


class ScaledStep(_Part):
    """`Scaled` as JSON."""

    kind: Literal["scaled"] = "scaled"
    step: Annotated[PlainPart, Field(discriminator="kind")]
    operations: tuple[tuple[Operation, tuple[float, ...]], ...]

    def value(self) -> Step:
        """The step itself."""
        return Scaled(self.step.value(), self.operations)


StepPart: TypeAlias = PlainPart | ScaledStep


class ForestPart(_Part):
    """What JSON holds of a `Forest`."""

    kind: Literal["forest"] = "forest"
    compares: Literal["float64", "float32"]
    parameters: dict[str, int | float | str]


class BoostedPart(_Part):
    """What JSON holds of a `Boosted`."""

    kind: Literal["boosted"] = "boosted"
    compares: Literal["float64", "float32"]
    parameters: dict[str, int | float | str]


class LinearPart(_Part):
    """What JSON holds of a `Linear`."""

    kind: Literal["linear"] = "linear"
    intercept: float
    parameters: dict[str, int | float | str]
    loss: Literal["log", "hinge"] = Field(default="log", exclude_if=lambda loss: loss == "log")


EstimatorPart: TypeAlias = ForestPart | BoostedPart | LinearPart


class Holdout(_Part):
    """How the model did on rows that it was not fitted on."""

    records: int = Field(ge=0)
    errors: int = Field(ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.errors > self.records:
            raise ValueError(f"{self.errors} errors in {self.records} held-out records")
        return self


class Manifest(_Part):
    """`model.json`, format 1."""

    format: Literal[1] = 1
    dataset: Dataset
    fingerprint: str
    steps: tuple[Annotated[StepPart, Field(discriminator="kind")], ...]
    estimator: Annotated[EstimatorPart, Field(discriminator="kind")]
    threshold: float = Field(ge=0, le=1)
    holdout: Holdout
    info: dict[str, Any]


def step_part(step: Step) -> StepPart:
    """A feature step as JSON."""
    if isinstance(step, Scaled):
        return ScaledStep(step=_plain_part(step.step), operations=step.operations)
    return _plain_part(step)


def _plain_part(step: Plain) -> PlainPart:
    part: PlainPart = _PARTS[type(step)](**{field.name: getattr(step, field.name) for field in fields(step)})
    return part


def estimator_part(estimator: Estimator) -> EstimatorPart:
    """What JSON holds of an estimator."""
    parameters = dict(estimator.parameters)
    if isinstance(estimator, Linear):
        return LinearPart(intercept=estimator.intercept, parameters=parameters, loss=estimator.loss)
    part = BoostedPart if isinstance(estimator, Boosted) else ForestPart
    return part(compares=estimator.compares, parameters=parameters)


def manifest_bytes(manifest: Manifest) -> bytes:
    """The manifest as canonical JSON: sorted keys, floats as Python writes them, a newline at the end.

    Raises:
        ModelError: `info` holds what JSON doesn't know, such as NaN.
    """
    content: Mapping[str, Any] = {**manifest.model_dump(exclude={"info"}), "info": manifest.info}
    try:
        plain = json.loads(json.dumps(content, allow_nan=False))  # keys become strings before they are sorted
        return (json.dumps(plain, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise ModelError(f"the model's info can't be written as JSON: {error}") from None


def refuse_newer(content: bytes, where: str) -> None:
    """Refuse a `model.json` of a newer format, before anything else is expected of it.

    Raises:
        ModelError: it says that it has a newer format.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return  # what is no JSON at all is for `parse_manifest`
    version = found.get("format") if isinstance(found, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise ModelError(
            f"{where} has format {version}: it was written by a newer driftduel, and this one reads format {FORMAT}; "
            "upgrade driftduel"
        )


def parse_manifest(content: bytes, where: str) -> Manifest:
    """The manifest in `model.json`; `where` names it in messages.

    Raises:
        ModelError: it's no JSON, doesn't hold what a model needs, or contradicts itself.
    """
    try:
        manifest = Manifest.model_validate_json(content, strict=True)
    except ValidationError as error:
        raise ModelError(f"{where} isn't a valid model description: {problems_in(error)}") from None
    if manifest.fingerprint != manifest.dataset.fingerprint:
        raise ModelError(f"{where} contradicts itself: its fingerprint isn't that of the contract it holds")
    return manifest


def problems_in(error: ValidationError) -> str:
    """What is wrong, and where, in one line."""
    return "; ".join(
        f"{'.'.join(str(part) for part in e['loc']) or 'file'}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors()[:5]
    )
