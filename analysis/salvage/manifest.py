"""What identifies a run, from manifest.json; what is damaged there is taken from experiment.toml where that says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from online.arms import Arm

from .reading import Number, Unreadable, read_json, read_toml, refuse_newer, several, tolerate

FORMAT = 1
_Size = Annotated[int, Field(ge=1, lt=2**31)]
_Share = Annotated[float, Field(gt=0, le=1)]


class _Late(BaseModel):
    model_config = ConfigDict(extra="allow")

    digest: str = ""
    horizon: Number = 0


class _Identity(BaseModel):
    model_config = ConfigDict(extra="allow")

    source: dict[str, Any] = {}
    contract: str = ""
    model: str = ""
    window: _Size | None = None
    seed: int = 0
    label_delay: Number = 0
    label_share: _Share = 1.0
    labels: _Late | None = None


class Manifest(BaseModel):
    """manifest.json; everything has a default, for what is damaged. `windows` is known of a finished run."""

    model_config = ConfigDict(extra="allow")

    format: Literal[1] | None = None
    identity: _Identity = _Identity()
    arms: dict[str, dict[str, Any]] = {}
    primary: list[str] = []
    static: Annotated[str, Field(pattern="^[0-9a-f]{12}$")] | None = None
    threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None
    versions: dict[str, str] = {}
    state: Literal["running", "stopped", "finished"] | None = None
    windows: Number | None = None
    ends: dict[str, Number] = {}
    imported: str | None = None
    training: str | None = None


class Asked(BaseModel):
    """experiment.toml of a run."""

    model_config = ConfigDict(extra="allow")

    window: _Size | None = None
    seeds: list[int] = []
    arm: list[dict[str, Any]] = []
    primary: list[str] = []
    label_delay: Number = 0
    label_share: _Share = 1.0
    stream: list[dict[str, Any]] = []


def read_manifest(path: Path, missing: list[str]) -> tuple[Manifest, Asked]:
    """What is known of a run, and what was asked for.

    Args:
        path: the run directory.
        missing: takes a sentence for whatever is missing or damaged.

    Raises:
        RunError: the run is of another format.
    """
    asked, words = _read_asked(path)
    if words:
        missing.append(f"experiment.toml {words}: how to repeat the run is lost; the report doesn't need it.")
    try:
        raw = read_json(path / "manifest.json")
    except Unreadable as why:
        missing.append(
            f"manifest.json {why}: whether the run is finished, and which versions made it, isn't known; arms, seed "
            "and window size are those of experiment.toml where that says them. Copy it from where the run was made."
        )
        return _filled(Manifest(), asked), asked
    refuse_newer(path, raw, FORMAT)
    found, bad = tolerate(Manifest, raw)
    lacking = [name for name in ("static", "threshold", "state") if getattr(found, name) is None and name not in bad]
    lacking += ["identity.window"] if found.identity.window is None and "identity.window" not in bad else []
    if wrong := [*bad, *lacking]:
        missing.append(
            f"manifest.json is damaged: {several(wrong)} can't be used, and what the rest of the run says is taken "
            "instead. Copy the file from where the run was made."
        )
    return _filled(found, asked), asked


def _read_asked(path: Path) -> tuple[Asked, str]:
    try:
        asked, bad = tolerate(Asked, read_toml(path / "experiment.toml"))
    except Unreadable as why:
        return Asked(), str(why)
    lacking = [*bad] or ([] if asked.arm and asked.window else ["arm or window"])
    return asked, f"is damaged ({several(lacking)} can't be used)" if lacking else ""


def _filled(found: Manifest, asked: Asked) -> Manifest:
    """With what experiment.toml says where the manifest says nothing."""
    identity = found.identity
    if identity.window is None:
        seed = asked.seeds[0] if asked.seeds else 0
        late = {"label_delay": asked.label_delay, "label_share": asked.label_share}
        identity = identity.model_copy(update={"window": asked.window, "seed": seed, **late})
    arms = {str(arm["name"]): arm for arm in asked.arm if isinstance(arm.get("name"), str)}
    return found.model_copy(
        update={
            "identity": identity,
            "arms": {**arms, **found.arms},
            "primary": found.primary or asked.primary,
        }
    )


def plain(manifest: Manifest) -> dict[str, Any]:
    """The manifest as it stands in the file; what isn't known is left out."""
    identity = _set(manifest.identity)
    if manifest.identity.labels is not None:
        identity["labels"] = _set(manifest.identity.labels)
    return {**_set(manifest), "identity": identity}


def _set(part: BaseModel) -> dict[str, Any]:
    fields = {name: getattr(part, name) for name in part.model_fields_set if getattr(part, name, None) is not None}
    return {**fields, **(part.model_extra or {})}


def name_lost_arms(manifest: Mapping[str, Any], arms: Sequence[str], missing: list[str]) -> None:
    """Name the arms of which it isn't known what they are."""
    if lost := [arm for arm in arms if specification(manifest, arm) is None]:
        missing.append(
            f"manifest.json: what {several(lost)} is can't be made out: its detector isn't scored, and how many labels "
            "it used isn't known. If it came from a package of its own, install that."
        )


def specification(manifest: Mapping[str, Any], name: str) -> Arm | None:
    """The specification of an arm; None where it is lost, or of a kind whose package isn't installed here."""
    try:
        return Arm.model_validate(manifest.get("arms", {}).get(name))
    except ValueError:
        return None
