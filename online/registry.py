"""Which policies, detectors, training sets, learners and gates there are: ours, and those of installed packages.

A kind is one frozen pydantic class with a field `kind: Literal["its-word"]`. Ours are found in the modules of their
folder; a third party names a module's class in an entry point of the group `driftduel.ROLE`, such as

    [project.entry-points."driftduel.policies"]
    weekly = "their_package.weekly:Weekly"
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, SerializeAsAny, ValidationError

from producer.errors import UsageError, nearest

from .words import parse_call

Role: TypeAlias = Literal["policy", "detector", "training_set", "learner", "gate"]
FOLDERS: Mapping[Role, str] = {
    "policy": "policies",
    "detector": "detectors",
    "training_set": "training_sets",
    "learner": "learners",
    "gate": "gates",
}


class UnknownKindError(ValueError):
    """No such kind: a misspelt one, or one of a package that isn't installed."""


def component(role: Role) -> Any:
    """The annotation of a field that holds a component: an instance, a dict with its `kind`, or words for one."""
    return Annotated[SerializeAsAny[BaseModel], BeforeValidator(partial(build, role))]


def build(role: Role, value: object) -> BaseModel:
    """A component from what the user wrote.

    Args:
        role: what it is to be.
        value: a component, a dict with its `kind` and fields, or words such as `periodic(5)`, whose arguments without
            a name fill the fields in their order.

    Raises:
        ValueError: no such kind, no such field, or a value that doesn't fit; the message names the nearest valid one.

    >>> build("policy", "threshold(accuracy, below=0.81)").below
    0.81
    """
    if isinstance(value, BaseModel):
        return value
    found = dict(value) if isinstance(value, Mapping) else _from_words(role, str(value))
    kind = found.get("kind")
    made = _class(role, str(kind))
    _refuse_unknown(role, str(kind), found, made)
    try:
        return made.model_validate(found)
    except ValidationError as error:
        raise ValueError(f"{_title(role)} '{kind}': {problems(error)}") from None


@cache
def kinds(role: Role) -> Mapping[str, type[BaseModel]]:
    """All kinds of a role by their word: ours, then those of installed packages, which can't replace ours.

    Raises:
        UsageError: an entry point of an installed package can't be used.
    """
    found = {kind: made for made in _ours(role) if (kind := _kind(made)) is not None}
    for point in entry_points(group=f"driftduel.{FOLDERS[role]}"):
        made = _load(point, role)
        kind = _kind(made)
        if kind is None:
            raise _unusable(point, role, "it is no class with a field 'kind: Literal[...]'")
        if kind in found:
            raise _unusable(point, role, f"its kind '{kind}' is taken by {found[kind].__module__}")
        found[kind] = made
    return found


def problems(error: ValidationError) -> str:
    """What pydantic found, in one line and without its links."""
    return "; ".join(
        ": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, "))))
        for e in error.errors(include_url=False)
    )


def arguments(made: type[BaseModel]) -> list[str]:
    """The names of a kind's fields without `kind`: its own in their order, then those that it shares with others."""
    own = inspect.get_annotations(made)
    return sorted((name for name in made.model_fields if name != "kind"), key=lambda name: name not in own)


def _from_words(role: Role, text: str) -> dict[str, Any]:
    call = parse_call(text, kinds(role))
    names = arguments(_class(role, call.word))
    if len(call.unnamed) > len(names):
        has = f"has only {', '.join(names)}" if names else "takes none"
        raise ValueError(f"{_title(role)} '{call.word}' is given {len(call.unnamed)} values, but {has}")
    placed = dict(zip(names, call.unnamed, strict=False))
    if doubled := placed.keys() & call.named.keys():
        raise ValueError(f"{_title(role)} '{call.word}': {min(doubled)} is given twice")
    return {"kind": call.word, **placed, **call.named}


def _class(role: Role, kind: str) -> type[BaseModel]:
    known = kinds(role)
    if kind not in known:
        raise UnknownKindError(
            f"no {_title(role)} '{kind}'{nearest(kind, known)}; known are {', '.join(sorted(known))}"
        )
    return known[kind]


def _refuse_unknown(role: Role, kind: str, found: Iterable[str], made: type[BaseModel]) -> None:
    known = arguments(made)
    for name in found:
        if name != "kind" and name not in known:
            has = f"it has {', '.join(known)}" if known else "it has no fields"
            raise ValueError(f"{_title(role)} '{kind}' has no '{name}'{nearest(name, known)}; {has}")


def _title(role: Role) -> str:
    return role.replace("_", " ")


def _ours(role: Role) -> Iterator[type[BaseModel]]:
    package = importlib.import_module(f"online.{FOLDERS[role]}")
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for _, made in inspect.getmembers(module, inspect.isclass):
            if made.__module__ == module.__name__ and issubclass(made, BaseModel):
                yield made


def _load(point: EntryPoint, role: Role) -> Any:
    try:
        return point.load()
    except Exception as error:  # somebody else's module may fail in any way
        raise _unusable(point, role, f"it can't be loaded ({type(error).__name__}: {error})") from error


def _unusable(point: EntryPoint, role: Role, why: str) -> UsageError:
    package = f" of the package {point.dist.name}" if point.dist else ""
    return UsageError(
        f"the {_title(role)} {point.name} = {point.value}{package} can't be used: {why}. Mend or remove that package"
    )


def _kind(made: object) -> str | None:
    if not (isinstance(made, type) and issubclass(made, BaseModel) and "kind" in made.model_fields):
        return None
    words = get_args(made.model_fields["kind"].annotation)
    return str(words[0]) if words else None
