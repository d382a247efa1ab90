"""One Apache Kafka node as a process: configured, formatted once, launched under a guard, awaited, stopped."""

from __future__ import annotations

import base64
import errno
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from . import guard
from .client import cluster_id
from .errors import BrokerError, UsageError

HOST = "127.0.0.1"
START_SECONDS = 60.0
GRACE_SECONDS = 15.0
LOOK_SECONDS = 0.1
LOG_LINES = 12

JVM = (
    "-Xmx512m",
    # A third less CPU until it answers; the client is what limits the rates afterwards.
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)
PROPERTIES: Mapping[str, object] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # Relative to the working directory: in this file a path with a comma or an accent would be another path.
    "log.dirs": "data",
    "auto.create.topics.enable": "false",
    "log.retention.ms": -1,
    "log.segment.bytes": 64 * 1024 * 1024,
    "log.index.size.max.bytes": 256 * 1024,
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    "num.network.threads": 2,
    "num.io.threads": 2,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
}


class Node:
    """A Kafka node on its way up or running. Leaving its block stops it.

    Args:
        folder: where its files lie; nobody else may run one there.
        port: the port it listens on; the controller takes any free one.
        java: the JVM to run it with.
        jars: the class path.
        lock: an open, locked file; the JVM holds it open, and so locked, for as long as it lives.

    Raises:
        BrokerError: the port is taken, or the folder can't be formatted.
        UsageError: the system allows no such port.
    """

    def __init__(self, folder: Path, *, port: int, java: Path, jars: Sequence[Path], lock: BinaryIO) -> None:
        self.folder = folder
        self.port = port
        self._java = (str(java), *JVM)
        self._classes = ("-cp", os.pathsep.join(map(str, jars)))
        self._lock = lock.fileno()
        check_port(port)
        self._configure()
        with self._log() as log:
            self._log_from = log.tell()
            self.cluster = self._identity() or self._format(log)
            self._process = self._launch(log)

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The guard's process; ending that one ends the broker properly."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the broker has ended."""
        return self._process.poll() is not None

    def await_ready(self) -> bool:
        """Wait until it answers in Kafka's own protocol; False if it has ended instead, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self.ended:
            if answers(self.port) and cluster_id(self.address, timeout=5) == self.cluster:
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def wait(self) -> None:
        """Wait until the broker ends."""
        self._process.wait()

    def failure(self) -> str:
        """What the broker said last."""
        text = self.log_path.read_bytes()[self._log_from :].decode("utf-8", "replace")
        tail = "\n".join(f"  {line[:300]}" for line in text.splitlines()[-LOG_LINES:])
        what = "ended" if self.ended else f"didn't answer within {START_SECONDS:g} seconds"
        return (
            f"the embedded Kafka {what}; its log is {self.log_path}. Put right what its last lines say, and run the "
            f"same command again:\n{tail}"
        )

    @property
    def log_path(self) -> Path:
        """The log, to which every start appends."""
        return self.folder / "broker.log"

    def stop(self) -> None:
        """Stop the broker and wait until it is gone."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(GRACE_SECONDS + 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        (self.folder / "broker.json").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.stop()

    def _log(self) -> BinaryIO:
        return self.log_path.open("ab")

    def _configure(self) -> None:
        controller = free_port()
        listeners = f"PLAINTEXT://{self.address},CONTROLLER://{HOST}:{controller}"
        own = {
            "listeners": listeners,
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
        }
        lines = (f"{key}={value}\n" for key, value in {**PROPERTIES, **own}.items())
        (self.folder / "server.properties").write_text("".join(lines), "utf-8")

    def _identity(self) -> str | None:
        """The cluster's id, if the folder is formatted."""
        with suppress(FileNotFoundError):
            for line in (self.folder / "data" / "meta.properties").read_text("utf-8").splitlines():
                if line.startswith("cluster.id="):
                    return line.removeprefix("cluster.id=")
        return None

    def _format(self, log: BinaryIO) -> str:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "0")
        tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster, "-c", "server.properties")
        done = subprocess.run(
            (*self._java, *self._classes, *tool),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(self._lock,),
            check=False,
        )
        found = self._identity()
        if done.returncode or found is None:
            text = self.log_path.read_bytes()[self._log_from :].decode("utf-8", "replace").strip()
            raise BrokerError(
                f"the folder {self.folder} couldn't be prepared for the embedded Kafka; put right what it says, and "
                f"run the same command again:\n  {text[-2000:]}"
            )
        return found

    def _launch(self, log: BinaryIO) -> subprocess.Popen[bytes]:
        # By its path and isolated: a folder 'producer' in the current folder must not stand in for ours.
        watch = (sys.executable, "-I", "-S", str(Path(guard.__file__).absolute()))
        terms = (str(os.getpid()), str(GRACE_SECONDS), str(self.folder / "broker.json"))
        return subprocess.Popen(
            (*watch, *terms, *self._java, *self._classes, "kafka.Kafka", "server.properties"),
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(self._lock,),
            start_new_session=True,
        )


def free_port() -> int:
    """A port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether anything accepts connections on that port."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=5):
        return True
    return False


def check_port(port: int) -> None:
    """Refuse a port that can't be listened on.

    Raises:
        BrokerError: somebody else listens there.
        UsageError: the system allows no such port.
    """
    advice = "give another one with --port, or leave it out for any free one"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise BrokerError(f"port {port} is already in use on this machine; {advice}") from None
            raise UsageError(f"port {port} can't be used ({error.strerror}); {advice}") from None
