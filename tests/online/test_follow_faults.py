"""A duel follows a topic while it is ended by a signal, strangers forge stamps, or two replayers fill it: processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import confluent_kafka
import pytest
from contents import content_from_any_source

from producer.dataset import Dataset
from producer.replay import identify
from producer.stamp import make_stamp
from producer.topic import TopicReader, ensure_topic

pytestmark = pytest.mark.kafka

DRIFTDUEL = (sys.executable, "-m", "driftduel")
RECORDS, SIZE, PARTITIONS = 1_250, 100, 3
Send = Callable[..., None]
Follow = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def topic(bootstrap: str) -> str:
    """An empty topic of three partitions."""
    name = f"followed-{uuid.uuid4().hex}"
    ensure_topic(bootstrap, name, partitions=PARTITIONS)
    return name


@pytest.fixture
def files(run_asked, stream_files) -> Path:
    """A folder with the model, the contract, stream.csv of 1,250 records, and the run `whole` over that file."""
    folder: Path = stream_files(RECORDS)
    run_asked(model=folder / "model", file=folder / "stream.csv", run=folder / "whole", window=SIZE)
    return folder


@pytest.fixture
def send(bootstrap: str, topic: str, tiny: Dataset, files: Path) -> Send:
    """Puts records of the file onto the topic as a replay does, or other values under their stamps; or other stamps."""
    own = identify(files / "stream.csv", tiny, wire="csv").id
    lines = (files / "stream.csv").read_bytes().splitlines()[1:]

    def call(seqs: Iterable[int], *, value: bytes | None = None, stream: bytes = own, lead: int = 0) -> None:
        writer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
        for seq in seqs:
            key = make_stamp(fingerprint=tiny.fingerprint, stream=stream, seq=seq + lead)
            writer.produce(topic, key=key, value=value or lines[seq], partition=seq % PARTITIONS)
        assert writer.flush(30) == 0

    return call


@pytest.fixture
def follow(bootstrap: str, topic: str, files: Path) -> Follow:
    """Starts `evaluate --follow` into the run `run`."""

    def call(*, idle: float | None = None) -> subprocess.Popen[str]:
        words = ("--model", files / "model", "--topic", topic, "--bootstrap", bootstrap, "--run", files / "run")
        words += ("--window", SIZE, "--follow", "--json", *(("--idle-timeout", idle) if idle else ()))
        command = [*DRIFTDUEL, "evaluate", *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return call


def reach(files: Path, windows: int, process: subprocess.Popen[str]) -> None:
    """Wait until the run holds so many windows."""
    deadline = time.monotonic() + 120
    while len(list((files / "run/segments").glob("*.arrow"))) < windows:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def segments(run: Path, windows: int) -> list[bytes]:
    """The first windows of a run."""
    return [(run / "segments" / f"{window:06d}.arrow").read_bytes() for window in range(windows)]


def test_terminated_it_says_so_and_goes_on_later(files: Path, send: Send, follow: Follow) -> None:
    """SIGTERM in the middle of a window, twice: exit 143, whole windows only, and in the end the bytes of the file."""
    for filled, windows in ((370, 3), (820, 8)):
        process = follow()
        send(range(0 if filled == 370 else 370, filled))
        reach(files, windows, process)
        process.terminate()
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 143, said
        assert "driftduel: terminated; the same command goes on where it stopped" in said
        assert "Traceback" not in said
        assert len(list((files / "run/segments").iterdir())) == windows
        assert "ends" not in json.loads((files / "run/manifest.json").read_text())
    process = follow(idle=2)
    send(range(820, RECORDS))
    out, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert json.loads(out)["books"]["scored"] == RECORDS
    assert content_from_any_source(files / "run") == content_from_any_source(files / "whole")


@pytest.mark.parametrize(
    "forged", ["a number that was there", "one that is yet to come", "too large", "another stream"]
)
def test_a_forged_stamp_is_counted_or_refused(files: Path, send: Send, follow: Follow, forged: str) -> None:
    """A stranger's record under our stamp: a double, a dead letter beside a double, or a sentence with its place."""
    process = follow(idle=4)
    send(range(430))
    reach(files, 4, process)
    if forged == "a number that was there":
        send([120], value=b"1,2.5,w,attack")
    elif forged == "one that is yet to come":
        send([432], value=b"forged")
    elif forged == "too large":
        send([429], lead=10**6)
    else:
        send([430], stream=b"stranger")
    send(range(430, RECORDS))
    out, said = process.communicate(timeout=120)
    if forged in ("too large", "another stream"):
        assert process.returncode == 1, said
        number = f"is stamped with the number {10**6 + 429:,} in partition 0 at offset 144, but it holds numbers below"
        sentence = number if forged == "too large" else "partition 1"  # with ours beside it, or alone in a fetch
        assert f"topic '{name_of(files)}' " in said
        assert sentence in said
        assert "Traceback" not in said
        held = len(list((files / "run/segments").iterdir()))
        assert held >= 4
        assert segments(files / "run", 4) == segments(files / "whole", 4)
        return
    assert process.returncode == 0, said
    books = json.loads(out)["books"]
    assert (books["numbers"], books["missing"], books["doubles"]) == (RECORDS, 0, 1)
    assert books["dead"] == (forged == "one that is yet to come")
    assert (content_from_any_source(files / "run") == content_from_any_source(files / "whole")) == (
        forged == "a number that was there"
    )


def name_of(files: Path) -> str:
    """The topic that the run has read."""
    return str(json.loads((files / "run/manifest.json").read_text())["identity"]["source"]["topic"])


def test_two_replayers_on_a_followed_topic(
    files: Path, bootstrap: str, topic: str, tiny: Dataset, follow: Follow
) -> None:
    """Each sees that another writes, and says so; what both wrote is counted once, and the books balance."""
    evaluate = follow(idle=5)
    stream = (files / "stream.csv", "--dataset", files / "tiny.toml", "--topic", topic, "--bootstrap", bootstrap)
    command = [*DRIFTDUEL, "produce", *map(str, stream), "--rate", "20"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    replayers = [subprocess.Popen(command, **pipes)]
    reach(files, 1, evaluate)
    replayers.append(subprocess.Popen(command, **pipes))
    ended = [(*process.communicate(timeout=120), process.returncode) for process in replayers]
    assert [code for _, _, code in ended] == [1, 1], ended
    assert all("something else writes to this topic too" in said for _, said, _ in ended), ended
    again = subprocess.run(command, check=False, **pipes)
    assert again.returncode == 1
    assert "isn't the beginning of this stream" in again.stderr, again.stderr
    out, said = evaluate.communicate(timeout=120)
    assert evaluate.returncode == 0, said
    books = json.loads(out)["books"]
    with TopicReader(bootstrap, topic) as reader:
        messages = sum(reader.end.values())
    assert books["numbers"] == books["scored"] + books["missing"]
    assert books["doubles"] == messages - books["scored"] > 0
    whole = books["scored"] // SIZE
    assert segments(files / "run", whole - 1) == segments(files / "whole", whole - 1)
