"""README doesn't rot: its commands parse, its files exist, its verbs are all of them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from driftduel import VERBS, cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [line.replace("\\\n", " ") for line in re.findall(r"^\$ (driftduel (?:.*\\\n)*.*)$", README, re.MULTILINE)]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_in_readme_is_understood(command: str) -> None:
    """Every command that README shows parses: verb, options and values exist."""
    words = shlex.split(command.split(" | ")[0].removesuffix(" &"))[1:]
    context = cli.make_context("driftduel", words[:1])
    name, found, rest = cli.resolve_command(context, words)
    while isinstance(found, click.Group):
        name, found, rest = found.resolve_command(found.make_context(name, [], resilient_parsing=True), rest)
    assert found is not None
    found.make_context(name, list(rest), parent=context)


def test_readme_shows_every_verb() -> None:
    """Each verb of the command line has at least one command in README."""
    shown = {shlex.split(command)[1] for command in COMMANDS}
    assert set(VERBS) == shown


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_and_pictures_of_readme_exist(target: str) -> None:
    """Every file that README links or shows is in the repository."""
    assert (ROOT / target).exists()


def test_readmes_first_two_commands_are_the_makefiles() -> None:
    """A new user types `make demo` and `make test`."""
    assert re.findall(r"^\$ (make \w+)$", README, re.MULTILINE)[:2] == ["make demo", "make test"]
