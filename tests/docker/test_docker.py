"""The container is what the Makefile makes: its files are clean, valid, and agree with the code. It needs no engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from compose_spec import PyCompose

from driftduel import cli
from producer.jars import pinned_jars
from producer.java import NEEDED

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text("utf-8")
COMPOSE = (DOCKER / "compose.yaml").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
STEPS = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)


def steps(word: str) -> list[str]:
    """What follows each instruction of this name."""
    return [text for name, text in STEPS if name == word]


def service(name: str) -> dict[str, Any]:
    """A service of the compose file."""
    found: dict[str, Any] = PyCompose.from_yaml(COMPOSE).to_dict()["services"][name]
    return found


def hadolint(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """What hadolint says."""
    command = [str(Path(sys.executable).with_name("hadolint")), "--config", str(DOCKER / "hadolint.yaml"), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_the_dockerfile_is_clean() -> None:
    """The linter finds nothing, and would find something."""
    said = hadolint(str(DOCKER / "Dockerfile"))
    assert (0, "") == (said.returncode, said.stdout)
    assert "DL3007" in hadolint("-", text="FROM python:latest\n").stdout


def test_the_compose_file_is_valid() -> None:
    """It fits the Compose specification, and what isn't valid doesn't."""
    PyCompose.from_yaml(COMPOSE).validate()
    with pytest.raises(ValueError, match="port"):
        PyCompose.from_yaml(COMPOSE.replace('"127.0.0.1:9092:9092"', '"not a port"'))
    declared = set(PyCompose.from_yaml(COMPOSE).to_dict()["volumes"])
    assert declared == set(re.findall(r"^ +- (\w+):/", COMPOSE, re.MULTILINE))


def test_the_steps_are_the_makefiles() -> None:
    """The program is installed by a target of the Makefile, and by nothing beside it."""
    targets = re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    made = [step.removeprefix("make ") for step in steps("RUN") if step.startswith("make ")]
    assert ["install"] == made
    assert set(made) <= set(targets)
    assert not re.search(r"\bpip3? install\b", DOCKERFILE)


def test_what_is_copied_is_what_the_package_is_made_of() -> None:
    """Each file and folder exists, none that the wheel or the Makefile needs is left out, and none is ignored."""
    copied = {name for step in steps("COPY") for name in step.split()[1:-1]}
    assert all((ROOT / name).exists() for name in copied)
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    read = {"Makefile", "pyproject.toml", "constraints.txt", PROJECT["project"]["readme"]}
    assert {*wheel, *read, *PROJECT["project"]["license-files"]} == copied
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}


def test_the_container_has_no_rights_and_no_secrets() -> None:
    """The last user is an ordinary one, from before the program is installed; nothing looks like a password."""
    names = [name for name, _ in STEPS]
    assert ["1000"] == steps("USER")
    assert "useradd --create-home --uid 1000 " in DOCKERFILE
    assert names.index("USER") < names.index("COPY")
    for name in ("kafka", "driftduel"):
        assert ["ALL"] == service(name)["cap_drop"]
        assert ["no-new-privileges:true"] == service(name)["security_opt"]
        assert not service(name).get("privileged")
    assert not re.search(
        r"password|secret|token|_KEY", "\n".join([*steps("ENV"), *steps("ARG"), COMPOSE]), re.IGNORECASE
    )


def test_versions_agree() -> None:
    """Apache Kafka is the embedded one's version; Python and Java are ones that the project takes; tags are exact."""
    (kafka,) = (jar.coordinates[2] for jar in pinned_jars() if jar.coordinates[1] == "kafka_2.13")
    assert f"apache/kafka:{kafka}" == service("kafka")["image"]
    ((python,),) = (re.findall(r"^python:(3\.\d+)-slim-bookworm$", step) for step in steps("FROM"))
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert python in (oldest, *re.findall(r"python(3\.\d+)", (ROOT / "Makefile").read_text("utf-8")))
    ((java,),) = (re.findall(r"openjdk-(\d+)-jre-headless", step) for step in steps("RUN") if "openjdk" in step)
    assert NEEDED <= int(java)


def test_the_entry_point_and_the_command_exist() -> None:
    """The image runs the console script, and compose a verb with options that it has."""
    assert [["driftduel"]] == [json.loads(step) for step in steps("ENTRYPOINT")]
    assert "driftduel" in PROJECT["project"]["scripts"]
    understood(service("driftduel")["command"])
    for line in re.findall(r"^\$ docker .* driftduel ((?:demo|produce).*)$", (DOCKER / "README.md").read_text(), re.M):
        understood(line.split())


def understood(words: list[str]) -> None:
    """Fails where these are no verb with its options."""
    context = cli.make_context("driftduel", words[:1])
    name, found, rest = cli.resolve_command(context, words)
    assert isinstance(found, click.Command)
    found.make_context(name, list(rest), parent=context)


def test_ports_and_places_agree() -> None:
    """The duel speaks to a listener that the broker offers to containers; what is to stay lies in a volume."""
    kafka, duel = service("kafka"), service("driftduel")
    listeners, advertised = (
        dict(pair.split("://") for pair in kafka["environment"][name].split(","))
        for name in ("KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS")
    )
    assert advertised["INSIDE"] == duel["command"][duel["command"].index("--bootstrap") + 1]
    assert advertised["INSIDE"].partition(":")[0] == kafka["hostname"]
    assert {name: address.rpartition(":")[2] for name, address in advertised.items()} == {
        name: listeners[name].rpartition(":")[2] for name in advertised
    }
    assert "127.0.0.1:9092:9092" in COMPOSE
    assert advertised["HOST"] in " ".join(kafka["healthcheck"]["test"])
    assert "topics:/var/lib/kafka/data" in COMPOSE
    assert "/var/lib/kafka/data" == kafka["environment"]["KAFKA_LOG_DIRS"]
    assert steps("VOLUME") == ["/data"]
    assert "/data" == steps("WORKDIR")[-1]
    assert "work:/data" in COMPOSE
