"""The pinned jars: downloaded once, checked always."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

import pytest

from producer.errors import BrokerError
from producer.jars import Jar, broker_jars, local_jars, pinned_jars

CONTENTS = b"a jar"
JAR = Jar(PurePosixPath("org/example/thing/1.2/thing-1.2.jar"), hashlib.sha256(CONTENTS).hexdigest())


def deliver(jar: Jar, root: Path) -> None:
    """A download that works."""
    (root / jar.path).parent.mkdir(parents=True)
    (root / jar.path).write_bytes(CONTENTS)


def refuse(jar: Jar, root: Path) -> None:
    """A download where there is no network, cut off in the middle."""
    (root / jar.path).parent.mkdir(parents=True)
    (root / jar.path).write_bytes(b"a j")
    raise ConnectionError("the network is away")


def test_the_list_pins_kafka_and_one_log_binding() -> None:
    """The list holds the broker, its client and the binding that makes its log, each once and in a full hash."""
    jars = pinned_jars()
    names = [jar.path.name for jar in jars]
    assert len(names) == len(set(names))
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar", "slf4j-simple-1.7.36.jar"} <= set(names)
    assert {64} == {len(jar.sha256) for jar in jars}


def test_a_path_tells_the_coordinates() -> None:
    """Group, artifact and version are those of the path."""
    assert JAR.coordinates == ("org.example", "thing", "1.2")


def test_a_missing_jar_is_fetched_once(tmp_path: Path) -> None:
    """The first call downloads, the second finds; both give the same path and report progress."""
    seen: list[int] = []
    first = local_jars([JAR], tmp_path, fetch=deliver, advance=seen.append)
    again = local_jars([JAR], tmp_path, fetch=refuse, advance=seen.append)
    assert first == again == (tmp_path / JAR.path,)
    assert seen == [1, 1]


def test_without_a_network_the_first_use_says_so(tmp_path: Path) -> None:
    """A failed download names the jar, the reason and the way out, and leaves no torn file behind."""
    with pytest.raises(BrokerError, match=r"needs thing-1.2.jar.*ConnectionError.*driftduel broker fetch.*--bootstrap"):
        local_jars([JAR], tmp_path, fetch=refuse)
    assert not (tmp_path / JAR.path).exists()


def test_a_changed_jar_is_named_and_refused(tmp_path: Path) -> None:
    """A jar with another checksum is refused by its path, with the advice to delete it."""
    deliver(JAR, tmp_path)
    (tmp_path / JAR.path).write_bytes(CONTENTS + b"!")
    with pytest.raises(BrokerError, match=rf"{tmp_path}/.*thing-1.2.jar isn't the jar .* Delete it"):
        local_jars([JAR], tmp_path, fetch=refuse)


@pytest.mark.kafka
def test_the_real_jars_are_what_the_list_says() -> None:
    """The jars on this machine, downloaded if need be, all pass the check."""
    assert [jar.path.name for jar in pinned_jars()] == [path.name for path in broker_jars()]
