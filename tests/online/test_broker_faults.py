"""A duel that follows a topic while its broker is killed, restarted and paused: real processes, both clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import tomli_w

from online.duel import run_duel
from producer.node import free_port

pytestmark = pytest.mark.kafka

DRIFTDUEL = (sys.executable, "-m", "driftduel")
OUTSIDE = {"positions.jsonl", "timings.jsonl", ".lock", "manifest.json", "experiment.toml"}
RECORDS, SIZE, RATE = 2_400, 100, 150
SETTINGS = "request.timeout.ms = 2000\nclient = {client}\n"


class Broker:
    """An embedded broker as a process of its own, at a port that stays the same."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self._state = data / "broker" / "broker.json"
        self.address = f"127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it, on the data that are there."""
        command = (*DRIFTDUEL, "broker", "run", "--port", str(self.port), "--data", str(self.data))
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self._state.exists():  # which says that it answers
            assert self._process.poll() is None
            time.sleep(0.05)

    @property
    def guard(self) -> int:
        """The process that the JVM dies with."""
        return int(json.loads(self._state.read_text())["pid"])

    def kill(self) -> None:
        """Kill -9."""
        os.kill(self.guard, signal.SIGKILL)
        self._process.wait()
        self._state.unlink()

    def pause(self, seconds: float) -> None:
        """Stop the JVM for so long."""
        guard = self.guard
        (java,) = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
        os.kill(int(java), signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(int(java), signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """One of its own: it is killed."""
    made = Broker(tmp_path / "data")
    yield made
    made.stop()


@pytest.fixture
def files(tiny_lines, tiny_file, tiny_model, tiny, tmp_path: Path) -> Path:
    """A model, a contract, and a stream with a change."""
    tiny_model(tmp_path / "model")
    tiny_file(tmp_path / "stream.csv", tiny_lines(RECORDS, seed=3, flip_from=1_000))
    contract = {"format": 1, **tiny.model_dump(mode="json", exclude_defaults=True)}
    (tmp_path / "tiny.toml").write_text(tomli_w.dumps(contract))
    return tmp_path


def content(run: Path) -> dict[str, bytes]:
    """What must be the same from a topic and from a file."""
    found = (path for path in sorted(run.rglob("*")) if path.is_file() and path.name not in OUTSIDE)
    return {str(path.relative_to(run)): path.read_bytes() for path in found}


def until(condition: Callable[[], bool], processes: Sequence[subprocess.Popen[str]], seconds: float = 120) -> None:
    """Wait for something that happens while all these processes go on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        for process in processes:
            assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_a_broker_killed_three_times_and_paused_costs_time_only(broker: Broker, files: Path) -> None:
    """Replayer and followers wait for it, however much shorter the idle timeout is, and end as over the file."""
    run_duel(model=files / "model", file=files / "stream.csv", run=files / "whole", window=SIZE)
    topic = ("--topic", "tiny", "--bootstrap", broker.address)
    stream = (files / "stream.csv", "--dataset", files / "tiny.toml", "--rate", RATE)
    replay = started("produce", *stream, *topic, "--partitions", 3)
    time.sleep(1)
    duels = []
    for client in ("confluent-kafka", "kafka-python"):
        (files / f"{client}.properties").write_text(SETTINGS.format(client=client))
        settings = ("--kafka-config", files / f"{client}.properties", "--follow", "--idle-timeout", 4)
        run = ("--model", files / "model", "--run", files / client, "--window", SIZE)
        duels.append(started("evaluate", *run, *topic, *settings))
    runs = [files / "confluent-kafka", files / "kafka-python"]

    def reached(windows: int) -> bool:
        return all(len(list(run.glob("segments/*"))) >= windows for run in runs)

    for times in range(3):
        until(lambda times=times: reached(2 + 4 * times), duels)
        broker.kill()
        time.sleep(5)  # longer than a stream may be idle
        broker.start()
    until(lambda: reached(14), duels)
    broker.pause(6)
    ended = [process.communicate(timeout=120) for process in (replay, *duels)]
    assert [0, 0, 0] == [process.returncode for process in (replay, *duels)], ended
    assert all("no broker answers for topic 'tiny' at" in err for _, err in ended[1:]), ended
    for run in runs:
        assert content(run) == content(files / "whole"), run.name


def started(*arguments: object) -> subprocess.Popen[str]:
    """A command that goes on by itself."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*DRIFTDUEL, *map(str, arguments)], **pipes)
