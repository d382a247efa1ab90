"""Licences are listed and versions pinned: of everything that driftduel runs with, nothing left out."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from producer.jars import broker_jars, pinned_jars

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    """The module `tests/licences.py`."""
    spec = importlib.util.spec_from_file_location("licences_of_tests", ROOT / "tests" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_licences_is_what_is_installed(licences: ModuleType) -> None:
    """docs/licences.md is what `make licences` would write now."""
    broker_jars()
    assert licences.page() == licences.PAGE.read_text("utf-8"), "run `make licences` and look at what is new"


def test_each_jar_and_each_direct_dependency_is_listed(licences: ModuleType) -> None:
    """The page has a row with a licence for each package that is asked for, and for each pinned jar."""
    rows = dict(re.findall(r"^\| (\S+) \| (\S.*) \|$", licences.PAGE.read_text("utf-8"), re.MULTILINE))
    asked = {canonicalize_name(Requirement(text).name) for text in licences._asked()}
    jars = {":".join(jar.coordinates[:2]) for jar in pinned_jars()}
    assert set() == (asked | jars) - set(rows)


def test_every_package_that_may_be_installed_is_pinned(licences: ModuleType) -> None:
    """constraints.txt has an exact version of all that is asked for, for tests too, and of all that these ask for."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert {"=="} == {spec.operator for pin in pins for spec in pin.specifier}
    asked = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    found = set(licences.distributions(asked))
    assert set() == found - {canonicalize_name(pin.name) for pin in pins} - {"pip", "setuptools"}
