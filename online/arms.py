"""What the user may ask for: an arm is a policy, training sets, a learner and a gate, each told by its `kind`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from producer.errors import UsageError, nearest

from .gates.shadow import Shadow
from .interfaces import Gate, Policy, TrainingSet
from .learners.batch import ScikitLearn
from .policies.drift import Drift
from .policies.never import Never
from .registry import build, component, problems
from .training_sets.last import Last
from .training_sets.since_change import SinceChange
from .words import split

if TYPE_CHECKING:
    AnyPolicy: TypeAlias = Policy
    AnyTrainingSet: TypeAlias = TrainingSet
    AnyLearner: TypeAlias = Any  # by rows or by record: `by_record` tells
    AnyGate: TypeAlias = Gate
else:
    AnyPolicy = component("policy")
    AnyTrainingSet = component("training_set")
    AnyLearner = component("learner")
    AnyGate = component("gate")


BY_ROWS = ("policy", "training_sets", "gate", "latency")
"""What only an arm has that is retrained from rows."""


def _several(value: object) -> object:
    return split(value, "+") if isinstance(value, str) else value


class Arm(BaseModel):
    """One contestant.

    Attributes:
        name: stands in tables and plots.
        policy: when to retrain.
        training_sets: on what; each attempt trains one challenger from each, and the gate chooses.
        learner: how. One that learns by record needs neither policy, training set nor gate.
        gate: what lets a challenger replace the champion.
        latency: windows from the start of a training until its model is ready.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")
    policy: AnyPolicy = Never()
    training_sets: Annotated[tuple[AnyTrainingSet, ...], BeforeValidator(_several)] = ()
    learner: AnyLearner = ScikitLearn()
    gate: AnyGate = Shadow()
    latency: int = Field(default=0, ge=0, le=1000)

    def plain(self) -> dict[str, Any]:
        """All that specifies it in plain values, as JSON and TOML can hold them; what is None is left out."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def by_record(self) -> bool:
        """Whether it learns each record, instead of being retrained."""
        return getattr(self.learner, "by", "rows") == "record"

    @property
    def needs_static_rows(self) -> bool:
        """Whether it learns from the rows that the starting model was trained on."""
        if self.by_record:
            return bool(getattr(self.learner, "warm_up", False))
        return any(hasattr(chosen, "static") for chosen in self.training_sets)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        try:
            json.dumps(self.plain(), allow_nan=False)
        except ValueError:
            raise ValueError("every number must be finite, not nan or inf") from None
        if self.by_record:
            given = [key for key in BY_ROWS if getattr(self, key) != type(self).model_fields[key].default]
            if given:
                raise ValueError(f"a learner that learns by record takes no {', '.join(given)}")
        elif not self.training_sets and not isinstance(self.policy, Never):
            raise ValueError("train: name at least one training set, such as last-20")
        titles = [str(chosen) for chosen in self.training_sets]
        if len({*titles}) < len(titles):
            raise ValueError("train: a training set is named twice, which would charge two equal fits; name each once")
        if not getattr(self.policy, "dates", False):
            for chosen in self.training_sets:
                if chosen.needs_date:
                    raise ValueError(f"train={chosen.kind} needs a policy that dates changes (policy=drift)")
        return self


STATIC = Arm(name="static", policy=Never(), training_sets=(Last(windows=1),))
DYNAMIC = Arm(name="dynamic", policy=Drift(), training_sets=(SinceChange(), Last(windows=20)))
PRESETS = {arm.name: arm for arm in (STATIC, DYNAMIC)}

KEYS: Mapping[str, str] = {
    "policy": "policy",
    "train": "training_sets",
    "learner": "learner",
    "gate": "gate",
    "latency": "latency",
}
"""The keys of an arm's specification, and the fields that they fill."""
SHORT: Mapping[str, tuple[str, str]] = {
    "metric": ("policy", "metric"),
    "below": ("policy", "below"),
    "c": ("policy", "c"),
    "margin": ("gate", "margin"),
}
"""Keys that say one value of a component: `policy=threshold,below=0.8` is `policy=threshold(below=0.8)`."""


def parse_arms(specs: Iterable[str | Arm]) -> tuple[Arm, ...]:
    """The arms of these specifications, the static arm always first; what is an arm already stays one.

    Raises:
        UsageError: a specification isn't valid, or two arms have one name.
    """
    return with_static([spec if isinstance(spec, Arm) else parse_arm(spec) for spec in specs])


def with_static(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """These arms, the static one first.

    Raises:
        UsageError: two arms have one name, or another arm is called static.
    """
    names = [arm.name for arm in arms]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UsageError(f"two arms are called '{doubled[0]}'; each arm needs a name of its own")
    return (STATIC, *(arm for arm in arms if arm.name != STATIC.name))


def check_primary(names: Iterable[str], arms: Iterable[Arm]) -> None:
    """Check that all arms which are declared primary are there.

    Raises:
        UsageError: one isn't.
    """
    known = [arm.name for arm in arms]
    for name in names:
        if name not in known:
            raise UsageError(f"primary: no arm '{name}'{nearest(name, known)}; the arms are {', '.join(known)}")


def parse_arm(spec: str) -> Arm:
    """An arm from `NAME` (static, dynamic) or `NAME:key=value,...`.

    What isn't said is as in the dynamic arm, but the training set of a policy that dates no change is `last-1`.

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
                f"no arm '{name}'{nearest(name, PRESETS)}; known are {', '.join(PRESETS)}, or describe one: "
                f"--arm {name}:policy=threshold,metric=accuracy,below=0.81,train=last-1,gate=none"
            )
        return PRESETS[name]
    try:
        pairs = _pairs(rest)
    except ValueError as error:
        raise UsageError(f"--arm {spec}: {error}") from None
    return make_arm({"name": name, **pairs}, f"--arm {spec}")


def make_arm(content: Mapping[str, Any], where: str) -> Arm:
    """An arm from its fields, those that aren't given as in the dynamic arm where that makes sense.

    Raises:
        UsageError: a field or value isn't valid; the message begins with `where`.
    """
    fields = dict(content)
    if fields.get("name") == STATIC.name and len(fields) > 1:
        raise UsageError("the arm 'static' can't be described: it's the model as it was trained. Choose another name")
    for key in fields:
        if key not in Arm.model_fields:
            raise UsageError(f"{where}: an arm has no '{key}'{nearest(key, Arm.model_fields)}; it has {_fields()}")
    try:
        return Arm.model_validate(_completed(fields))
    except ValidationError as error:
        raise UsageError(f"{where}: {problems(error)}") from None
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def _fields() -> str:
    return ", ".join(Arm.model_fields)


def _completed(fields: dict[str, Any]) -> dict[str, Any]:
    learner = build("learner", fields.get("learner", DYNAMIC.learner))
    if getattr(learner, "by", "rows") == "record":
        return {**fields, "learner": learner}
    policy = build("policy", fields.get("policy", DYNAMIC.policy))
    like = DYNAMIC if getattr(policy, "dates", False) else STATIC
    return {"training_sets": like.training_sets, **fields, "policy": policy, "learner": learner}


def _pairs(rest: str) -> dict[str, Any]:
    """The fields of an arm from `key=value,...`."""
    fields: dict[str, Any] = {}
    parts: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for pair in split(rest, ","):
        key, equals, value = pair.partition("=")
        if not equals or key not in (*KEYS, *SHORT):
            hint = nearest(key, (*KEYS, *SHORT)) if equals else ""
            raise ValueError(f"'{pair}': expected key=value{hint}; the keys are {', '.join((*KEYS, *SHORT))}")
        if key in seen:
            raise ValueError(f"'{key}' is given twice; name each key once")
        seen.add(key)
        if key in KEYS:
            fields[KEYS[key]] = value
        else:
            component, name = SHORT[key]
            parts.setdefault(component, {})[name] = value
    for component, values in parts.items():
        default = DYNAMIC.policy.kind if component == "policy" else DYNAMIC.gate.kind
        fields[component] = _with_values(str(fields.get(component, default)), values)
    return fields


def _with_values(words: str, values: Mapping[str, str]) -> str:
    """Words for a component with some more values: `threshold` and `{"below": "0.8"}` -> `threshold(below=0.8)`."""
    said = ",".join(
        f"detector=ss-sr(c={value})" if name == "c" and words == "drift" else f"{name}={value}"
        for name, value in values.items()
    )
    if not words.endswith(")"):
        return f"{words}({said})"
    return f"{words[:-1]}{said})" if words[:-1].rstrip().endswith("(") else f"{words[:-1]},{said})"
