"""A duel that follows a topic while its broker is killed, restarted and paused: real processes, both clients."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cluster import Cluster
from contents import content_from_any_source

from online.duel import Duel, Stream, run_duel

pytestmark = pytest.mark.kafka

DRIFTDUEL = (sys.executable, "-m", "driftduel")
RECORDS, SIZE, RATE = 2_400, 100, 150
SETTINGS = "request.timeout.ms = 2000\nclient = {client}\n"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Cluster]:
    """One of its own: it is killed."""
    with Cluster(tmp_path / "data", size=1) as made:
        yield made


def until(condition: Callable[[], bool], processes: Sequence[subprocess.Popen[str]], seconds: float = 120) -> None:
    """Wait for something that happens while all these processes go on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        for process in processes:
            assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_a_broker_killed_three_times_and_paused_costs_time_only(broker: Cluster, stream_files) -> None:
    """Replayer and followers wait for it, and the duels end as the one over the file."""
    files = stream_files(RECORDS)
    run_duel(Duel(model=files / "model", stream=Stream(file=files / "stream.csv"), window=SIZE), run=files / "whole")
    topic = ("--topic", "tiny", "--bootstrap", broker.address)
    stream = (files / "stream.csv", "--dataset", files / "tiny.toml", "--rate", RATE)
    replay = started("produce", *stream, *topic, "--partitions", 3)
    time.sleep(1)
    duels = []
    for client in ("confluent-kafka", "kafka-python"):
        (files / f"{client}.properties").write_text(SETTINGS.format(client=client))
        settings = ("--kafka-config", files / f"{client}.properties", "--follow", "--idle-timeout", 10)
        run = ("--model", files / "model", "--run", files / client, "--window", SIZE)
        duels.append(started("evaluate", *run, *topic, *settings))
    runs = [files / "confluent-kafka", files / "kafka-python"]

    def reached(windows: int) -> bool:
        return all(len(list(run.glob("segments/*"))) >= windows for run in runs)

    for times in range(3):
        until(lambda times=times: reached(2 + 4 * times), duels)
        broker.kill()
        time.sleep(6)  # until they have looked
        broker.start(1)
    until(lambda: reached(14), duels)
    broker.members[1].pause(8)  # longer than its own session, and than any request
    ended = [process.communicate(timeout=120) for process in (replay, *duels)]
    assert [0, 0, 0] == [process.returncode for process in (replay, *duels)], ended
    assert all("no broker answers for topic 'tiny' at" in err for _, err in ended[1:]), ended
    for run in runs:
        assert content_from_any_source(run) == content_from_any_source(files / "whole"), run.name


def started(*arguments: object) -> subprocess.Popen[str]:
    """A command that goes on by itself."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*DRIFTDUEL, *map(str, arguments)], **pipes)
