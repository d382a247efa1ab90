"""The embedded Apache Kafka of a data folder: found if it runs, else started; stopped with whoever started it.

Everything lies in `DATA/broker/`: `data/` (the topics), `server.properties`, `broker.log` (appended to, never
removed), `lock`, and `broker.json` while it runs. The lock is held by the JVM itself, so it is free exactly
when no broker runs on the folder, whatever was killed in which order.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from .client import NO_CONFIG, Config, cluster_id
from .errors import BrokerError, UsageError
from .jars import broker_jars, missing_jars, pinned_jars
from .java import find_java
from .node import HOST, LOOK_SECONDS, START_SECONDS, Node, answers, free_port
from .progress import progress

ATTEMPTS = 3
"""A free port is free when it is looked at; somebody else may take it before the broker does."""


@dataclass(frozen=True, slots=True)
class Running:
    """What `broker.json` says: where the broker of a data folder is. `pid` is its guard's: end that to end it."""

    port: int
    pid: int
    cluster: str

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"{HOST}:{self.port}"


@contextmanager
def with_broker(bootstrap: str | None, data: Path, *, config: Config = NO_CONFIG) -> Iterator[str]:
    """The broker that a command was told to use, else the embedded one of its data folder.

    Args:
        bootstrap: the address given by the user, if any; it isn't looked at here.
        data: the data folder of the embedded broker.
        config: client settings; `bootstrap_servers` among them counts where `bootstrap` is None.

    Raises:
        BrokerError, UsageError: as `embedded`.
    """
    given = bootstrap or config.get("bootstrap_servers")
    if given:
        yield str(given)
        return
    with embedded(data) as address:
        yield address


@contextmanager
def embedded(data: Path, *, port: int | None = None) -> Iterator[str]:
    """The address of the embedded broker of a data folder: `127.0.0.1:PORT`.

    One that is running is used and left running. Else one is started, and stopped when the block ends or the
    process does, however that ends.

    Args:
        data: the data folder; it is created.
        port: the port to listen on; any free one if None.

    Raises:
        BrokerError: no Java, no jars, the port is taken, or the broker doesn't start; the message says why.
        UsageError: the folder can't be written, or its broker is running on another port.
    """
    claim = _claim(data)
    if isinstance(claim, Running):
        if port not in (None, claim.port):
            raise UsageError(_already(data, claim))
        yield claim.address
        return
    with claim:
        node = _start(data, port, claim)
    with node:
        yield node.address


def serve(data: Path, *, port: int | None, announce: Callable[[str], None]) -> None:
    """Run the embedded broker of a data folder until it is interrupted.

    Args:
        data: the data folder; it is created.
        port: the port to listen on; any free one if None.
        announce: told the address, once the broker answers there.

    Raises:
        BrokerError: as `embedded`; and if the broker ends by itself.
        UsageError: the folder can't be written, or its broker is running already.
    """
    claim = _claim(data)
    if isinstance(claim, Running):
        raise UsageError(_already(data, claim))
    with claim:
        node = _start(data, port, claim)
    with node:
        announce(node.address)
        node.wait()
        raise BrokerError(node.failure())


def find_running(folder: Path) -> Running | None:
    """The broker that `broker.json` in this folder speaks of, if that very one answers there."""
    try:
        running = Running(**json.loads((folder / "broker.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    found = answers(running.port) and cluster_id(running.address, timeout=5) == running.cluster
    return running if found else None


def _claim(data: Path) -> BinaryIO | Running:
    """Either the folder's lock, or the broker of whoever holds it."""
    folder = _folder(data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("ab")
    except OSError as error:
        raise UsageError(
            f"the broker's folder {folder} can't be written ({error.strerror}); give another one with --data"
        ) from None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        running = find_running(folder)
        if running:
            lock.close()
            return running
        time.sleep(LOOK_SECONDS)
    lock.close()
    raise BrokerError(
        f"another process holds the broker's folder {folder}, but no broker has answered for {START_SECONDS:g} "
        f"seconds; look at {folder / 'broker.log'}, end that process, and run the same command again"
    )


def _start(data: Path, port: int | None, lock: BinaryIO) -> Node:
    """A node that answers. The caller holds the lock; from here on the node holds it too."""
    java = find_java()
    jars = fetch_jars()
    for attempt in range(1, ATTEMPTS + 1):
        node = Node(_folder(data), port=port or free_port(), java=java, jars=jars, lock=lock)
        try:
            if node.await_ready():
                _announce(node)
                return node
            failure = node.failure()
            taken = node.ended and answers(node.port)
        except BaseException:
            node.stop()
            raise
        node.stop()
        if attempt == ATTEMPTS or port is not None or not taken:
            break
    raise BrokerError(failure)


def fetch_jars() -> tuple[Path, ...]:
    """The broker's jars, checked; downloaded with a progress bar if some aren't here yet.

    Raises:
        BrokerError: as `broker_jars`.
    """
    if not missing_jars():
        return broker_jars()
    with progress("Fetching Apache Kafka, once", len(pinned_jars())) as advance:
        return broker_jars(advance=advance)


def _announce(node: Node) -> None:
    text = json.dumps(asdict(Running(port=node.port, pid=node.pid, cluster=node.cluster)))
    draft = node.folder / "broker.json.draft"
    draft.write_text(text + "\n", "utf-8")
    draft.replace(node.folder / "broker.json")


def _folder(data: Path) -> Path:
    return data.absolute() / "broker"


def _already(data: Path, running: Running) -> str:
    return (
        f"the broker of {data} is already running at {running.address} (process {running.pid}); use that one, or end "
        "it first, or give another --data"
    )
