"""The one file that starts Spark: local, quiet, and gone when it's no longer needed."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from producer.errors import ModelError
from producer.java import find_java

FOREIGN = (
    "JAVA_HOME",
    "SPARK_HOME",
    "SPARK_CONF_DIR",
    "SPARK_LOCAL_DIRS",
    "SPARK_REMOTE",
    "PYSPARK_SUBMIT_ARGS",
    "PYSPARK_GATEWAY_PORT",
)
"""Settings of another Java or Spark on this machine: set aside while ours starts."""


@contextmanager
def spark_session(*, cores: int | None = None, memory: str = "2g") -> Iterator[SparkSession]:
    """A local Spark for as long as the block lasts.

    It is PySpark's own Spark, whatever `SPARK_HOME` says; it listens on loopback only and keeps its files in a
    temporary folder. Its Java process ends with the block, and with this process even if that is killed.
    Inside another `spark_session` the outer one is given, as it is, and left running: a process has one Spark.

    Args:
        cores: how many tasks run at the same time; all cores if None. Results don't depend on it.
        memory: the heap of the Java process, as Java writes it.

    Raises:
        BrokerError: there is no Java, or one that is too old.
        ModelError: Spark doesn't start; the message ends with what it said last.
    """
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    java, gateway = find_java(), None
    with _quiet_py4j(), tempfile.TemporaryDirectory(prefix="driftduel-spark-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        try:
            with _interrupts_held():
                gateway = _launch(java, _settings(Path(folder), cores, memory), log)
            yield from _session(gateway, log, memory)
        finally:
            if gateway is not None:
                _end(gateway)


def _session(gateway: Any, log: Path, memory: str) -> Iterator[SparkSession]:
    session = _connect(gateway, log)
    try:
        yield session
    except PySparkException as error:
        said = str(error).strip().splitlines()  # while its Java still runs: it is asked for the words
        reason = said[0] if said else type(error).__name__
        raise ModelError(f"Spark failed: {reason}. Are there extreme numbers among the features?") from error
    except (Py4JError, ConnectionError) as error:
        if gateway.proc.poll() is None and "OutOfMemoryError" not in str(error):
            if "No space left on device" in str(error):
                raise ModelError(_full(tempfile.gettempdir())) from error
            raise
        raise ModelError(_died(log, memory)) from error
    finally:
        if gateway.proc.poll() is None:
            session.stop()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until Java has started: PySpark would lose track of it, and it would stay for ever."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        before(signal.SIGINT, None)


@contextmanager
def _quiet_py4j() -> Iterator[None]:
    """Keep py4j, which logs a traceback on Ctrl-C before it passes it on, from doing so."""
    root, py4j = logging.getLogger(), logging.getLogger("py4j")
    before = py4j.level
    py4j.setLevel(logging.CRITICAL)
    root.addFilter(_not_from_py4j)
    try:
        yield
    finally:
        root.removeFilter(_not_from_py4j)
        py4j.setLevel(before)


def _not_from_py4j(record: logging.LogRecord) -> bool:
    return Path(record.pathname).parent.name != "py4j"


def _settings(folder: Path, cores: int | None, memory: str) -> Mapping[str, str]:
    return {
        "spark.master": f"local[{cores or '*'}]",
        "spark.app.name": "driftduel",
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        # Fixed, so that nothing that is computed depends on how many cores the machine has.
        "spark.default.parallelism": "2",
        "spark.sql.shuffle.partitions": "2",
        # A record has the columns "upper" and "Upper" if its contract says so.
        "spark.sql.caseSensitive": "true",
        # Arrow batches become partitions one to one: whoever makes the batches decides.
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(2**31 - 1),
    }


@contextmanager
def _environment(java: Path) -> Iterator[None]:
    """This process' environment as Spark's start scripts should see it; put back afterwards."""
    before = dict(os.environ)
    for name in FOREIGN:
        os.environ.pop(name, None)
    # By PATH and not by JAVA_HOME, as the `java` found may be a launcher of another layout.
    path = os.pathsep.join([str(java.parent), os.environ.get("PATH", os.defpath)])
    os.environ.update({"PATH": path, "SPARK_LOCAL_IP": "127.0.0.1"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _launch(java: Path, settings: Mapping[str, str], log: Path) -> Any:
    """Start the Java process. All that it says goes to the log file: it is chatty even when all is well."""
    with _environment(java), log.open("wb") as stream:
        try:
            return launch_gateway(
                SparkConf(loadDefaults=False).setAll(list(settings.items())),
                popen_kwargs={"stdout": stream, "stderr": subprocess.STDOUT},
            )
        except (PySparkException, OSError) as error:
            raise ModelError(_not_started(log, error)) from None


def _connect(gateway: Any, log: Path) -> SparkSession:
    """A session on the Java process, whose settings came with it. What PySpark changes in Python is put back."""
    path, interrupt = list(sys.path), signal.getsignal(signal.SIGINT)
    try:
        return SparkSession(SparkContext(gateway=gateway))
    except Exception as error:
        raise ModelError(_not_started(log, error)) from error
    finally:
        sys.path[:] = path
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt)


def _not_started(log: Path, error: Exception) -> str:
    return (
        "Spark didn't start: it needs bash, a Java 17 or later that it knows, and memory for its heap. "
        f"What it said last:\n  {_last_words(log) or error}"
    )


def _died(log: Path, memory: str) -> str:
    return (
        f"Spark's Java process ended in the middle of its work, or its heap of {memory} was too small. "
        f"Train on fewer records, or free some memory. What it said last:\n  {_last_words(log)}"
    )


def _full(folder: str) -> str:
    return (
        f"Spark found no space left on the disk of {folder}, where it keeps rows while it works; free some, or name "
        "another folder in the environment variable TMPDIR"
    )


def _last_words(log: Path) -> str:
    said = log.read_text("utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return "\n  ".join(said[-8:])


def _end(gateway: Any) -> None:
    """End the Java process: it leaves when its input is closed, and is killed if it doesn't."""
    gateway.shutdown()
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(timeout=20)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()
    # PySpark keeps the gateway for the process' next session, which shall get a Java of its own.
    SparkContext._gateway = None
    SparkContext._jvm = None
