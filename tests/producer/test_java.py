"""Finding a Java: by JAVA_HOME, on the PATH, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.errors import BrokerError
from producer.java import find_java, java_version


def make_java(folder: Path, answer: str, code: int = 0) -> Path:
    """A program named `java` that answers `-version` like that."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{answer}' >&2\nexit {code}\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "24-ea" 2025-03-18', 24),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_the_version_is_read_from_what_java_says(tmp_path: Path, answer: str, version: int | None) -> None:
    """Every way in which a Java spells its version gives its number; a program that is none gives None."""
    java = make_java(tmp_path, answer.replace("'", ""))
    assert version == java_version(java)


def test_a_java_that_fails_has_no_version(tmp_path: Path) -> None:
    """A program that ends with an error, or isn't there, is no Java."""
    assert java_version(make_java(tmp_path, 'openjdk version "17.0.1"', code=1)) is None
    assert java_version(tmp_path / "nowhere") is None


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAVA_HOME is taken before the PATH."""
    home = make_java(tmp_path / "home", 'openjdk version "17.0.1"')
    path = make_java(tmp_path / "path", 'openjdk version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{path.parent}:/bin")
    assert home == find_java()


def test_too_old_a_java_home_gives_way_to_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where JAVA_HOME is too old and the PATH isn't, the PATH is taken."""
    make_java(tmp_path / "home", 'openjdk version "11.0.2"')
    path = make_java(tmp_path / "path", 'openjdk version "17.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{path.parent}:/bin")
    assert path == find_java()


def test_no_java_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any Java the sentence says where it was looked for and how to get one."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerError, match=r"No Java was found on the PATH, .* Install a Java 17 or later"):
        find_java()


def test_a_wrong_java_home_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JAVA_HOME that leads nowhere is named in the sentence."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerError, match=rf"No Java was found at JAVA_HOME \({tmp_path}/gone\) or on the PATH"):
        find_java()


def test_too_old_a_java_is_said_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every Java is too old, each is named with its version and its place."""
    java = make_java(tmp_path, 'openjdk version "11.0.2"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BrokerError, match=rf"Java 11 was found at {java}; 17 or later is needed"):
        find_java()
