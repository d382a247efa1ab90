"""The registry: kinds of our folders and of installed packages, and packages that can't be used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar, Literal

import pytest
from click.testing import CliRunner
from pydantic import BaseModel, ConfigDict

from driftduel import cli
from online import registry
from online.arms import Arm, parse_arm
from online.policies.always import Always
from producer.errors import DriftduelError, UsageError

Install = Callable[..., None]


class Weekly(BaseModel):
    """Asks every seven windows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dates: ClassVar[bool] = False
    kind: Literal["weekly"] = "weekly"


class Taken(Always):
    """Goes by the word of one of ours."""


class Nameless(BaseModel):
    """Says no kind."""


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Makes an entry point for a policy, as an installed package would have it."""

    def call(name: str, value: str) -> None:
        point = EntryPoint(name, value, "driftduel.policies")
        found = {"driftduel.policies": (point,)}
        monkeypatch.setattr(registry, "entry_points", lambda group: found.get(group, ()))
        registry.kinds.cache_clear()

    monkeypatch.setitem(sys.modules, "theirs", sys.modules[__name__])
    yield call
    registry.kinds.cache_clear()


def test_a_policy_of_another_package_is_one_of_ours(install: Install) -> None:
    """It can be said in words, is known by its kind and is listed."""
    install("weekly", "theirs:Weekly")
    arm = parse_arm("a:policy=weekly,train=last-2")
    assert type(arm.policy).__name__ == "Weekly"
    assert Arm.model_validate(arm.plain()).policy == arm.policy
    assert "weekly" in CliRunner().invoke(cli, ["evaluate", "--kinds"]).output


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("nowhere_at_all:Weekly", r"it can't be loaded \(ModuleNotFoundError: No module named 'nowhere_at_all'\)"),
        ("theirs:Monthly", r"it can't be loaded \(AttributeError: .* has no attribute 'Monthly'\)"),
        ("theirs:Nameless", r"it is no class with a field 'kind: Literal\[...\]'"),
        ("theirs:pytest", r"it is no class with a field 'kind: Literal\[...\]'"),
        ("theirs:Taken", r"its kind 'always' is taken by online\.policies\.always"),
    ],
)
@pytest.mark.parametrize("words", ["a:policy=weekly,train=last-2", "dynamic:c=9"])
def test_an_entry_point_that_cannot_be_used_is_one_sentence(install: Install, value: str, why: str, words: str) -> None:
    """It names the entry point, the reason and what to do; exit code 2, also where another policy is asked for."""
    install("weekly", value)
    with pytest.raises(
        UsageError, match=f"^the policy weekly = {value} can't be used: {why}. Mend or remove"
    ) as caught:
        parse_arm(words)
    assert caught.value.exit_code == 2


def test_listing_the_kinds_says_it_too(install: Install) -> None:
    """Not in a traceback."""
    install("weekly", "nowhere_at_all:Weekly")
    done = CliRunner().invoke(cli, ["evaluate", "--kinds"])
    assert isinstance(done.exception, DriftduelError)


def test_every_file_of_a_folder_that_holds_a_kind_holds_one() -> None:
    """Adding a kind is one class in one file; what kinds share lies in files without any."""
    for role, folder in registry.FOLDERS.items():
        places = [made.__module__ for made in registry.kinds(role).values()]
        assert len(places) == len(set(places))
        assert all(place.startswith(f"online.{folder}.") for place in places)
        files = {path.stem for path in (Path(registry.__file__).parent / folder).glob("[a-z]*.py")}
        assert {place.rpartition(".")[2] for place in places} <= files
