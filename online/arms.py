"""What the user may ask for: an arm is a policy, training sets, a learner and a gate, each told by its `kind`."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from producer.errors import UsageError

from .gates.none import NoGate
from .gates.shadow import Shadow
from .learners.batch import ScikitLearn
from .policies.drift import Drift
from .policies.never import Never
from .policies.threshold import Threshold
from .training_sets.last import Last
from .training_sets.since_change import SinceChange

AnyPolicy = Annotated[Never | Threshold | Drift, Field(discriminator="kind")]
AnyTrainingSet = Annotated[Last | SinceChange, Field(discriminator="kind")]
AnyGate = Annotated[NoGate | Shadow, Field(discriminator="kind")]


class Arm(BaseModel):
    """One contestant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")
    policy: AnyPolicy
    training_sets: tuple[AnyTrainingSet, ...] = Field(min_length=1)
    learner: ScikitLearn = ScikitLearn()
    gate: AnyGate = Shadow()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        try:
            json.dumps(self.model_dump(mode="json"), allow_nan=False)
        except ValueError:
            raise ValueError("every number must be finite, not nan or inf") from None
        if not isinstance(self.policy, Drift) and any(isinstance(s, SinceChange) for s in self.training_sets):
            raise ValueError("train=since-change needs a policy that dates changes (policy=drift)")
        return self


STATIC = Arm(name="static", policy=Never(), training_sets=(Last(windows=1),))
DYNAMIC = Arm(name="dynamic", policy=Drift(), training_sets=(SinceChange(), Last(windows=20)))
PRESETS = {arm.name: arm for arm in (STATIC, DYNAMIC)}

PLACES = {
    "policy": ("policy", "kind"),
    "metric": ("policy", "metric"),
    "below": ("policy", "below"),
    "c": ("policy", "detector", "c"),
    "train": ("training_sets",),
    "gate": ("gate", "kind"),
    "margin": ("gate", "margin"),
}
"""Where each key of an arm's specification belongs."""


def parse_arms(specs: Iterable[str]) -> tuple[Arm, ...]:
    """The arms of these specifications, the static arm always first.

    Raises:
        UsageError: a specification isn't valid, or two arms have one name.
    """
    arms = [parse_arm(spec) for spec in specs]
    names = [arm.name for arm in arms]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UsageError(f"two arms are called '{doubled[0]}'; each arm needs a name of its own")
    return (STATIC, *(arm for arm in arms if arm.name != STATIC.name))


def parse_arm(spec: str) -> Arm:
    """An arm from `NAME` (static, dynamic) or `NAME:key=value,...`.

    What isn't said is as in the dynamic arm, but the training set of a policy other than drift is `last-1`.

    Raises:
        UsageError: an unknown key or value; the message names the nearest valid one.

    >>> arm = parse_arm("classical:policy=threshold,below=0.81,train=last-1,gate=none")
    >>> arm.policy.kind, arm.training_sets[0].title, arm.gate.kind
    ('threshold', 'last 1', 'none')
    """
    name, colon, rest = spec.partition(":")
    if not colon:
        if name not in PRESETS:
            raise UsageError(
                f"no arm '{name}'{_nearest(name, PRESETS)}; known are {', '.join(PRESETS)}, or describe one: "
                f"--arm {name}:policy=threshold,metric=accuracy,below=0.81,train=last-1,gate=none"
            )
        return PRESETS[name]
    if name == STATIC.name:
        raise UsageError("the arm 'static' can't be described: it's the model as it was trained. Choose another name")
    content: dict[str, Any] = {"name": name}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if key not in PLACES or not equals:
            hint = "" if key in PLACES else _nearest(key, PLACES)
            raise UsageError(f"'{pair}' in --arm {spec}: expected key=value{hint}; the keys are {', '.join(PLACES)}")
        if not _put(content, PLACES[key], parse_training_sets(value) if key == "train" else value):
            raise UsageError(f"'{key}' is given twice in --arm {spec}; name each key once")
    return _validate(content, spec)


def parse_training_sets(text: str) -> list[dict[str, Any]]:
    """Training sets joined by `+`, in order: `since-change`, `last-N`.

    >>> parse_training_sets("since-change+last-20")
    [{'kind': 'since-change'}, {'kind': 'last', 'windows': 20}]
    """
    return [_training_set(word) for word in text.split("+")]


def _training_set(word: str) -> dict[str, Any]:
    if word == "since-change":
        return {"kind": word}
    if match := re.fullmatch(r"last-([1-9][0-9]{0,5})", word):
        return {"kind": "last", "windows": int(match[1])}
    raise UsageError(f"no training set '{word}'; known are since-change and last-N (N windows, such as last-20)")


def _put(content: dict[str, Any], place: Sequence[str], value: object) -> bool:
    *path, last = place
    for part in path:
        content = content.setdefault(part, {})
    fresh = last not in content
    content[last] = value
    return fresh


def _validate(content: dict[str, Any], spec: str) -> Arm:
    kind = content.setdefault("policy", {}).setdefault("kind", "drift")
    like = DYNAMIC if kind == "drift" else STATIC  # only drift dates changes, as since-change needs
    content.setdefault("training_sets", [s.model_dump() for s in like.training_sets])
    for part in ("learner", "gate"):
        content.setdefault(part, {}).setdefault("kind", getattr(DYNAMIC, part).kind)
    try:
        return Arm.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'arm'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise UsageError(f"--arm {spec}: {problems}") from None


def _nearest(word: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{found[0]}'?)" if found else ""
