"""The words for components: taken apart and put together again, whatever kinds there are."""

from __future__ import annotations

import tomllib
from collections import Counter
from contextlib import suppress
from typing import Any, get_args, get_origin

import pytest
import tomli_w
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from online.arms import Arm, make_arm, parse_arm
from online.cli import evaluate
from online.registry import FOLDERS, Role, arguments, build, kinds
from online.words import Call, parse_call, split
from producer.errors import UsageError

WORD = st.from_regex(r"\A[a-z][a-z_]{0,8}\Z")
VALUE = st.from_regex(r"\A[a-z0-9.]{1,6}\Z")
NESTED = st.recursive(
    VALUE,
    lambda inner: st.tuples(WORD, st.lists(inner, max_size=3)).map(lambda pair: f"{pair[0]}({', '.join(pair[1])})"),
    max_leaves=8,
)
NAMED = st.dictionaries(WORD, NESTED, max_size=3)
TRIED = ("2", "0.5", "20", "f1", "logistic-regression", "never", "last-2", "none")
ROLES: list[Role] = list(FOLDERS)


@given(word=WORD, unnamed=st.lists(NESTED, max_size=3), named=NAMED)
def test_a_call_is_taken_apart_as_it_was_put_together(word: str, unnamed: list[str], named: dict[str, str]) -> None:
    """Arguments that hold commas and parentheses of their own stay whole."""
    said = [*unnamed, *(f"{name} = {value}" for name, value in named.items())]
    assert parse_call(f" {word}({', '.join(said)})") == Call(word, tuple(unnamed), named)


@given(parts=st.lists(NESTED, max_size=5), mark=st.sampled_from("+;|"))
def test_splitting_undoes_joining(parts: list[str], mark: str) -> None:
    """Marks within parentheses part nothing."""
    assert split(mark.join(parts), mark) == parts


@given(text=st.text("ab(),+=- 12", max_size=14))
def test_any_text_is_a_call_or_a_sentence(text: str) -> None:
    """Nothing else than ValueError comes out, and what is taken apart holds all letters."""
    with suppress(ValueError):
        call = parse_call(text)
        found = call.word + "".join(call.unnamed) + "".join(k + v for k, v in call.named.items())
        assert Counter(found.replace(" ", "")) <= Counter(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a(b", r"'a\(b' doesn't end with the \)"),
        ("a(b)c", r"doesn't end with the \)"),
        ("a(b))", "the parentheses of 'b\\)' don't match"),
        ("a(b)(c)", "don't match"),
        ("a(b,,c)", "holds an empty part between two ','"),
        ("a(b=1,b=2)", "b is given twice"),
        ("a(b=1,2)", "'2' has no name, but stands after values that have one"),
    ],
)
def test_words_that_are_none(text: str, message: str) -> None:
    """Each is a sentence."""
    with pytest.raises(ValueError, match=message):
        parse_call(text)


def test_a_number_behind_the_word_is_its_first_value() -> None:
    """Unless the word as a whole is a kind."""
    assert parse_call("last-20(minimum=50)") == Call("last", ("20",), {"minimum": "50"})
    assert parse_call("top-5(1)", known=("top-5",)) == Call("top-5", ("1",), {})
    assert parse_call("-5") == Call("-5", (), {})


def made_of(role: Role, kind: str) -> tuple[str, BaseModel]:
    """Words for a kind with a value for each field that needs one, and what they make: found by trying."""
    made = kinds(role)[kind]
    needed = [name for name in arguments(made) if made.model_fields[name].is_required()]
    values: dict[str, str] = {}
    for name in needed:
        values[name] = next(value for value in TRIED if fits(role, kind, values | {name: value}, name))
    if kind == "budgeted":  # a limit is needed, but either will do
        values["retrains"] = "3"
    said = f"{kind}({','.join(f'{name}={value}' for name, value in values.items())})" if values else kind
    return said, build(role, said)


def fits(role: Role, kind: str, values: dict[str, str], name: str) -> bool:
    """Whether that value is none of the problems."""
    try:
        kinds(role)[kind].model_validate({"kind": kind, **values})
    except ValidationError as error:
        return all(name not in problem["loc"] for problem in error.errors())
    return True


ALL = [(role, kind) for role in ROLES for kind in sorted(kinds(role))]


def said_with_all(role: Role, component: BaseModel) -> str:
    """Words that name every value of a component."""
    values = {name: getattr(component, name) for name in arguments(type(component))}
    said = [f"{name}={words_of(value)}" for name, value in values.items() if value is not None]
    return f"{component.kind}({','.join(said)})"  # type: ignore[attr-defined]


def words_of(value: Any) -> str:
    """Words for one value."""
    return said_with_all("policy", value) if isinstance(value, BaseModel) else str(value)


@pytest.mark.parametrize(("role", "kind"), ALL)
def test_every_kind_can_be_said_in_words(role: Role, kind: str) -> None:
    """With only what it needs, and with every value named: the same component; its fields have plain names."""
    said, component = made_of(role, kind)
    assert component.kind == kind  # type: ignore[attr-defined]
    assert build(role, said_with_all(role, component)) == component, said
    assert all(name.isidentifier() for name in arguments(type(component)))


def arm_with(role: Role, component: BaseModel) -> Arm:
    """An arm that has it."""
    from online.policies.drift import Drift
    from online.training_sets.last import Last

    if getattr(component, "by", "rows") == "record":
        return Arm.model_validate({"name": "a", "learner": component})
    parts: dict[str, Any] = {"policy": Drift(), "training_sets": (Last(windows=2),)}
    field = {"detector": "policy", "training_set": "training_sets"}.get(role, role)
    value = {"detector": lambda: Drift(detector=component), "training_set": lambda: (component,)}  # type: ignore[arg-type]
    return Arm.model_validate({"name": "a", **parts, field: value.get(role, lambda: component)()})


@pytest.mark.parametrize(("role", "kind"), ALL)
def test_every_kind_survives_toml(role: Role, kind: str) -> None:
    """What experiment.toml and the manifest hold is the arm, in full."""
    _, component = made_of(role, kind)
    arm = arm_with(role, component)
    content = tomllib.loads(tomli_w.dumps(arm.plain()))
    assert Arm.model_validate(content) == make_arm(content, "arm a") == arm
    assert component == (arm.policy.detector if role == "detector" else part_of(arm, role))  # type: ignore[attr-defined]


def part_of(arm: Arm, role: Role) -> Any:
    """The arm's component of that role."""
    return arm.training_sets[0] if role == "training_set" else getattr(arm, role)


@pytest.mark.parametrize(("role", "kind"), ALL)
def test_every_kind_is_frozen_and_says_what_it_is(role: Role, kind: str) -> None:
    """One frozen class that takes no other fields, with a first line for `--kinds`."""
    made = kinds(role)[kind]
    assert (made.model_config.get("frozen"), made.model_config.get("extra")) == (True, "forbid")
    assert (made.__doc__ or "").strip()
    assert get_origin(made.model_fields["kind"].annotation) is not None
    assert get_args(made.model_fields["kind"].annotation) == (made.model_fields["kind"].default,)


def test_the_command_lists_every_kind() -> None:
    """`driftduel evaluate --kinds` shows each with its fields and what it is, and needs no other option."""
    shown = CliRunner().invoke(evaluate, ["--kinds"])
    assert shown.exit_code == 0
    for role, kind in ALL:
        names = arguments(kinds(role)[kind])
        assert f"\n  {kind}({', '.join(names)})\n" in shown.output if names else f"\n  {kind}\n" in shown.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("policy=periodic(5,6)", "policy 'periodic' is given 2 values, but has only every"),
        ("policy=periodic(5,every=6)", "policy 'periodic': every is given twice"),
        ("policy=periodic(evry=6)", r"policy 'periodic' has no 'evry' \(did you mean 'every'\?\); it has every"),
        ("policy=drift(adwim)", r"no detector 'adwim' \(did you mean 'adwin'\?\)"),
        ("policy=drift(detector=adwin(delta=2))", "detector 'adwin': delta: Input should be less than 1"),
        ("learner=sklearn", r"no learner 'sklearn' \(did you mean 'scikit-learn'\?\)"),
        ("policy=threshold(),below=x", "policy 'threshold': below: Input should be a valid number"),
    ],
)
def test_what_cannot_be_meant_names_the_nearest_valid(words: str, message: str) -> None:
    """Component, field and reason are in the sentence."""
    with pytest.raises(UsageError, match=message):
        parse_arm(f"a:{words}")
