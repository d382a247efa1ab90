"""Spark's own process: started, given away, and gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.spark

LIFE = """
import os, signal, sys, time
from static_model.session import spark_session
os.environ["SPARK_HOME"] = "/nowhere"
before = list(sys.path), signal.getsignal(signal.SIGINT)
with spark_session() as spark:
    first = spark.sparkContext._gateway.proc
    with spark_session() as inner:
        assert inner is spark
    assert spark.range(5).count() == 5
    assert before == (list(sys.path), signal.getsignal(signal.SIGINT))
assert first.poll() is not None
assert os.environ["SPARK_HOME"] == "/nowhere"
with spark_session() as spark:
    print(spark.sparkContext._gateway.proc.pid, flush=True)
    time.sleep(600)
"""


DIES = """
from static_model.session import spark_session
with spark_session() as spark:
    spark.sparkContext._gateway.proc.kill()
    spark.sparkContext._gateway.proc.wait()
    spark.range(5).count()
"""

INTERRUPTED = """
import os, signal, sys, threading
import psutil
from static_model.session import spark_session
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with spark_session():
        print("started")
except KeyboardInterrupt:
    print("interrupted with", len(psutil.Process().children()), "children")
"""


def _alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_spark_ends_with_its_block_and_with_a_killed_process(tmp_path):
    """Blocks may follow each other or be nested; a kill leaves no Java behind; stderr stays empty."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # what a killed process leaves behind
    pipe, command = subprocess.PIPE, [sys.executable, "-c", LIFE]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment) as process:
        line = process.stdout.readline()
        process.kill()
        said = process.stderr.read()
    assert (line.strip().isdigit(), said) == (True, b"")
    ends = time.monotonic() + 60
    while _alive(int(line)) and time.monotonic() < ends:
        time.sleep(0.1)
    assert not _alive(int(line))


def test_a_spark_that_does_not_start_is_a_sentence_with_its_last_words():
    """A heap that Java refuses is reported in Java's own words."""
    said = _run("from static_model.session import spark_session\nwith spark_session(memory='1k'): pass").stderr
    assert "producer.errors.ModelError: Spark didn't start" in said
    assert "Too small maximum heap" in said


def test_a_spark_that_dies_at_work_is_a_sentence():
    """What Python says of a lost connection becomes what happened."""
    said = _run(DIES).stderr
    assert "producer.errors.ModelError: Spark's Java process ended in the middle of its work" in said


def test_an_interrupt_while_spark_starts_leaves_no_java_behind():
    """Ctrl-C in the seconds in which Java starts is obeyed once Java is ours to end."""
    done = _run(INTERRUPTED)
    assert (done.stdout, done.stderr) == ("interrupted with 0 children\n", "")
