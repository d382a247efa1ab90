"""The embedded broker's life: started, found, shared, stopped, and what is said when it can't be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

import producer
from producer import broker as broker_module
from producer.broker import Running, embedded, find_running, with_broker
from producer.client import cluster_id
from producer.errors import BrokerError, UsageError
from producer.node import answers, check_port, free_port
from producer.topic import ensure_topic, last_records
from producer.writer import TopicWriter

FAKE_JAVA = """#!/bin/sh
case "$*" in
  *-version*) echo 'openjdk version "17.0.1"' >&2 ;;
  *StorageTool*) {format} ;;
  *) {run} ;;
esac
"""
FORMATS = "mkdir -p data; echo cluster.id=some-cluster > data/meta.properties"
HOLDER = """
import sys, time
from pathlib import Path
from producer.broker import embedded
with embedded(Path(sys.argv[1])) as address:
    print(address, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def fake_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts a Java in place that does what it is told instead of running Kafka, and needs no jars."""

    def put(format_: str, run: str) -> None:
        java = tmp_path / "home" / "bin" / "java"
        java.parent.mkdir(parents=True)
        java.write_text(FAKE_JAVA.format(format=format_, run=run))
        java.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
        monkeypatch.setattr(broker_module, "fetch_jars", lambda: ())

    return put


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within a minute."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def hold(data: Path, cwd: Path) -> subprocess.Popen[str]:
    """A process of its own that uses the broker of a data folder."""
    root = str(Path(producer.__file__).parent.parent)
    command = [sys.executable, "-P", "-c", HOLDER, str(data)]
    environment = {**os.environ, "PYTHONPATH": root}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=cwd, env=environment)


def read_state(data: Path) -> Running:
    """What broker.json says."""
    return Running(**json.loads((data / "broker" / "broker.json").read_text()))


@pytest.mark.kafka
def test_a_broker_is_started_shared_stopped_and_started_again(tmp_path: Path) -> None:
    """The first to ask starts it, the next one finds it; it stops with the first, and its topics stay."""
    data = tmp_path / "a folder, with ünusual letters"
    port = free_port()
    with embedded(data, port=port) as address:
        assert address == f"127.0.0.1:{port}"
        first = read_state(data)
        assert first == find_running(data / "broker")
        with embedded(data) as again, with_broker(None, data) as third:
            assert address == again == third
        assert answers(port)
        with pytest.raises(UsageError, match=rf"already running at {address} \(process {first.pid}\)"):
            embedded(data, port=free_port()).__enter__()
        assert ensure_topic(address, "kept", partitions=2) == 2
    assert not answers(port)
    assert find_running(data / "broker") is None
    log = (data / "broker" / "broker.log").read_bytes()
    with embedded(data) as address:
        assert first.cluster == cluster_id(address, timeout=10)
        assert ensure_topic(address, "kept", partitions=None) == 2
        assert (data / "broker" / "broker.log").read_bytes().startswith(log)
        _check_a_killed_guard(data, address)


def _check_a_killed_guard(data: Path, address: str) -> None:
    """On Linux the broker dies with its guard; who was writing is told which record didn't arrive."""
    if sys.platform != "linux":
        return
    hasty = {"delivery_timeout_ms": 1_500, "request_timeout_ms": 1_000, "linger_ms": 0}
    writer = TopicWriter(address, "kept", config=hasty)
    writer.send(0, partition=0, offset=0, key=b"k", value=b"v")
    writer.flush()
    os.kill(read_state(data).pid, signal.SIGKILL)
    assert eventually(lambda: not answers(int(address.rpartition(":")[2])))
    writer.send(7, partition=0, offset=1, key=b"k", value=b"v")
    with pytest.raises(BrokerError, match=f"record 7 couldn't be written to topic 'kept' at {address}"):
        writer.flush()
    with pytest.raises(BrokerError, match=f"no broker answers at {address}"):
        last_records(address, "kept", config={"bootstrap_timeout_ms": 300})


@pytest.mark.kafka
def test_two_commands_at_once_start_one_broker_and_killing_them_stops_it(tmp_path: Path) -> None:
    """Started at the same moment, two commands share one broker; killed with -9, they leave none behind.

    All that in a folder where a stranger's `producer` lies.
    """
    (tmp_path / "producer").mkdir()
    for name in ("__init__.py", "guard.py", "subprocess.py"):
        (tmp_path / "producer" / name).write_text("raise SystemExit('a stranger was imported')")
    data = tmp_path / "data"
    holders = [hold(data, tmp_path) for _ in range(2)]
    try:
        addresses = {holder.stdout.readline().strip() for holder in holders if holder.stdout}
        assert {read_state(data).address} == addresses
        log = (data / "broker" / "broker.log").read_text()
        assert log.count("Transition from STARTING to STARTED") == 1
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()
    port = int(addresses.pop().rpartition(":")[2])
    assert eventually(lambda: not answers(port))
    with pytest.raises(FileNotFoundError):
        read_state(data)


@pytest.mark.kafka
def test_a_stale_state_file_is_not_believed(tmp_path: Path, bootstrap: str) -> None:
    """A broker is found only where that very cluster answers at that port."""
    port = int(bootstrap.rpartition(":")[2])
    truth = Running(port=port, pid=1, cluster=str(cluster_id(bootstrap, timeout=10)))
    for state, expected in (
        (json.dumps(asdict(truth)), truth),
        (json.dumps({**asdict(truth), "cluster": "another"}), None),
        (json.dumps({**asdict(truth), "port": free_port()}), None),
        ('{"port": 1', None),
        ('{"harbour": 1}', None),
    ):
        (tmp_path / "broker.json").write_text(state)
        assert expected == find_running(tmp_path)


def test_a_given_address_is_taken_as_it_is(tmp_path: Path) -> None:
    """With an address from the user nothing is started; the option comes before the settings file."""
    settings = {"bootstrap_servers": "c:3"}
    with (
        with_broker("a:1,b:2", tmp_path, config=settings) as first,
        with_broker(None, tmp_path, config=settings) as last,
    ):
        assert ("a:1,b:2", "c:3") == (first, last)
    assert [] == list(tmp_path.iterdir())


def test_a_port_in_use_is_named(tmp_path: Path, fake_java: Callable[[str, str], None]) -> None:
    """A port where somebody listens is refused before anything is started."""
    fake_java("exit 3", "exit 3")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} is already in use on this machine; give another one"):
            embedded(tmp_path / "data", port=port).__enter__()


def test_a_free_port_is_not_in_use() -> None:
    """A port just found free passes the check."""
    check_port(free_port())


def test_a_broker_that_dies_while_starting_shows_its_last_words(
    tmp_path: Path, fake_java: Callable[[str, str], None]
) -> None:
    """The sentence holds the end of the log of this start, where the log is, and nothing of earlier starts."""
    fake_java(FORMATS, "seq 100; echo the disk is on fire >&2; exit 1")
    log = tmp_path / "data" / "broker" / "broker.log"
    log.parent.mkdir(parents=True)
    log.write_text("an earlier start\n")
    with pytest.raises(BrokerError, match=f"embedded Kafka ended; its log is {log}.*") as caught:
        embedded(tmp_path / "data").__enter__()
    assert [*map(str, range(90, 101)), "the disk is on fire"] == [s.strip() for s in str(caught.value).splitlines()[1:]]
    assert log.read_text().startswith("an earlier start\n")
    assert log.read_text().count("the disk is on fire") == 1, "only for a port that was taken it is tried again"
    assert not (log.parent / "broker.json").exists()


def test_a_failed_start_leaves_the_folder_free(tmp_path: Path, fake_java: Callable[[str, str], None]) -> None:
    """After a start that failed the next one fails for the same reason, not because the folder is locked."""
    fake_java(FORMATS, "exit 1")
    for _ in range(2):
        with pytest.raises(BrokerError, match="the embedded Kafka ended"):
            embedded(tmp_path / "data").__enter__()


def test_a_folder_that_cannot_be_formatted_says_why(tmp_path: Path, fake_java: Callable[[str, str], None]) -> None:
    """What the formatting tool said is passed on."""
    fake_java("echo no space left; exit 1", "exit 1")
    with pytest.raises(BrokerError, match=r"couldn't be prepared .*\n  no space left"):
        embedded(tmp_path / "data").__enter__()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A data folder that can't be made is a wrong call, named by its path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"the broker's folder .*file/data/broker can't be written .*--data"):
        embedded(tmp_path / "file" / "data").__enter__()


def test_no_java_is_said_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java nothing is downloaded: the sentence comes at once."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(broker_module, "fetch_jars", lambda: pytest.fail("something was fetched"))
    with pytest.raises(BrokerError, match="No Java was found"):
        embedded(tmp_path / "data").__enter__()
