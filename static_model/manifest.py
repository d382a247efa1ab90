"""A model's `model.json`: everything but the arrays, as text that repeats byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from producer.dataset import Dataset
from producer.errors import ModelError

from .estimator_parts import EstimatorPart
from .parts import Part
from .step_parts import StepPart

FORMAT = 1


class Holdout(Part):
    """How the model did on rows that it was not fitted on."""

    records: int = Field(ge=0)
    errors: int = Field(ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.errors > self.records:
            raise ValueError(f"{self.errors} errors in {self.records} held-out records")
        return self


class Manifest(Part):
    """`model.json`, format 1."""

    format: Literal[1] = 1
    dataset: Dataset
    fingerprint: str
    steps: tuple[Annotated[StepPart, Field(discriminator="kind")], ...]
    estimator: Annotated[EstimatorPart, Field(discriminator="kind")]
    threshold: float = Field(ge=0, le=1)
    holdout: Holdout
    info: dict[str, Any]


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
