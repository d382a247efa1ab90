"""`driftduel produce` and `driftduel broker`, run as a user would."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from producer.node import answers
from producer.stamp import read_stamps
from producer.topic import TopicReader

CONTRACT = """
name = "small"
columns = [{ name = "a", type = "int" }, { name = "y", type = "label" }]
label = { positive = ["1"], negative = ["0"] }
"""
RECORDS = 12_000
LINES = [b"%d,%d" % (i, i % 2) for i in range(RECORDS)]
DRIFTDUEL = [sys.executable, "-m", "driftduel"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A CSV file beside its contract."""
    (tmp_path / "small.toml").write_text(CONTRACT)
    path = tmp_path / "file.csv"
    path.write_bytes(b"\n".join([b"a,y", *LINES]) + b"\n")
    return path


def command(file: Path, topic: str, *options: str) -> list[str]:
    """The command line that replays the file."""
    return [
        *DRIFTDUEL,
        "produce",
        str(file),
        "--dataset",
        str(file.with_name("small.toml")),
        "--topic",
        topic,
        *options,
    ]


def run(*arguments: str | list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A finished command."""
    line = [word for part in arguments for word in ([part] if isinstance(part, str) else part)]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=cwd)


def held(bootstrap: str, topic: str) -> int:
    """How many messages a topic holds; 0 where there is none yet."""
    try:
        with TopicReader(bootstrap, topic) as reader:
            return sum(reader.end.values())
    except Exception:
        return 0


def wait_for(process: subprocess.Popen[str], bootstrap: str, topic: str, records: int) -> None:
    """Until a topic holds more than so many messages."""
    deadline = time.monotonic() + 60
    while held(bootstrap, topic) <= records:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "nothing arrives"
        time.sleep(0.05)


def read_back(bootstrap: str, topic: str) -> list[tuple[int, bytes | None]]:
    """All messages with their numbers, in order of the numbers; doubles would show."""
    found = []
    with TopicReader(bootstrap, topic) as reader:
        for chunk in reader.chunks(reader.beginning, reader.end):
            stamps = read_stamps(chunk.keys)
            assert stamps is not None
            found += zip(stamps.seqs.tolist(), chunk.values, strict=True)
    return sorted(found)


@pytest.mark.kafka
@pytest.mark.e2e
@pytest.mark.parametrize(("partitions", "kills"), [(1, 2), (3, 10)])
def test_killed_again_and_again_it_leaves_no_gap_and_no_double(
    bootstrap: str, file: Path, partitions: int, kills: int
) -> None:
    """`produce`, killed with -9 in the middle many times and started again, puts the file on the topic exactly."""
    topic = f"killed-{uuid.uuid4().hex}"
    options = ("--bootstrap", bootstrap, "--partitions", str(partitions))
    for _ in range(kills):
        before = held(bootstrap, topic)
        process = subprocess.Popen(
            command(file, topic, *options, "--rate", "1000"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_for(process, bootstrap, topic, before + 100)
        process.kill()
        process.communicate()
    assert 100 * kills < held(bootstrap, topic) < RECORDS
    last = run(command(file, topic, *options, "--json"))
    assert last.returncode == 0, last.stderr
    summary = json.loads(last.stdout)
    assert RECORDS == summary["records"] == summary["already"] + summary["sent"]
    assert summary["already"] > 100 * kills
    assert list(enumerate(LINES)) == read_back(bootstrap, topic)


@pytest.mark.kafka
@pytest.mark.e2e
def test_two_replayers_on_one_topic_are_told_apart(bootstrap: str, file: Path) -> None:
    """Both stop, or the later one does, with a sentence; what is on the topic then isn't taken for the stream."""
    topic = f"two-{uuid.uuid4().hex}"
    line = command(file, topic, "--bootstrap", bootstrap, "--partitions", "2", "--rate", "3000")
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    stopped = [err for process, err in zip(both, said, strict=True) if process.returncode]
    assert {0, 1} >= {process.returncode for process in both}
    assert stopped
    assert all("something else writes to this topic too" in err or "another topic" in err for err in stopped), said
    again = run(line)
    assert (again.returncode, "isn't the beginning of this stream" in again.stderr) == (1, True), again.stderr


@pytest.mark.kafka
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupt_keeps_what_was_sent(bootstrap: str, file: Path, number: int, code: int, word: str) -> None:
    """Ctrl-C or a termination ends it with its exit code and a sentence; on the topic is a beginning without a gap."""
    topic = f"interrupted-{uuid.uuid4().hex}"
    line = command(file, topic, "--bootstrap", bootstrap, "--partitions", "2", "--rate", "2000")
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(process, bootstrap, topic, 300)
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == code, err
    assert f"driftduel: {word}; the same command goes on where it stopped" in err
    assert "Traceback" not in err
    found = read_back(bootstrap, topic)
    assert list(enumerate(LINES))[: len(found)] == found


@pytest.mark.kafka
@pytest.mark.e2e
def test_a_running_broker_is_found_and_left_running(file: Path, tmp_path: Path) -> None:
    """`broker run` prints its address; `produce` in the same folder finds it, twice; Ctrl-C ends the broker."""
    process = subprocess.Popen([*DRIFTDUEL, "broker", "run"], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        first = run(command(file, "t", "--wire", "json"), cwd=tmp_path)
        assert f"Topic 't' holds all {RECORDS:,} records: {RECORDS:,} sent onto 1 partition," in first.stdout
        again = run(command(file, "t", "--wire", "json", "--json"), cwd=tmp_path)
        assert (address, 0) == (json.loads(again.stdout)["bootstrap"], json.loads(again.stdout)["sent"])
        third = run(command(file, "t", "--wire", "json"), cwd=tmp_path)
        assert (f"Topic 't' already holds all {RECORDS:,} records.\n", 0) == (third.stdout, third.returncode)
        second = run([*DRIFTDUEL, "broker", "run"], cwd=tmp_path)
        assert (2, True) == (second.returncode, f"already running at {address}" in second.stderr)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0
    assert not answers(int(address.rpartition(":")[2]))


@pytest.mark.kafka
@pytest.mark.e2e
def test_another_file_on_the_same_topic_is_refused(bootstrap: str, file: Path) -> None:
    """A topic that holds another stream is refused with exit code 1 and stays as it is."""
    topic = f"taken-{uuid.uuid4().hex}"
    assert run(command(file, topic, "--bootstrap", bootstrap)).returncode == 0
    file.write_bytes(file.read_bytes().replace(b"7,1", b"7,0"))
    refused = run(command(file, topic, "--bootstrap", bootstrap))
    assert refused.returncode == 1
    assert f"topic '{topic}' at {bootstrap} already holds another stream" in refused.stderr
    assert list(enumerate(LINES)) == read_back(bootstrap, topic)


@pytest.mark.kafka
@pytest.mark.e2e
def test_labels_travel_by_themselves(bootstrap: str, file: Path) -> None:
    """Onto a topic and into a file, the same ones; again, nothing is sent; and what `evaluate` needs is said."""
    topic, out = f"apart-{uuid.uuid4().hex}", file.with_name("labels.csv")
    late = ("--label-delay", "10", "--label-jitter", "90", "--label-share", "0.5", "--label-seed", "4")
    where = ("--labels-topic", f"{topic}-labels", "--labels-out", str(out), "--bootstrap", bootstrap)
    done = run(command(file, topic, *where, *late))
    assert done.returncode == 0, done.stderr
    lines = out.read_text().splitlines()
    count = len(lines) - 1
    assert (lines[0], abs(count - RECORDS / 2) < 250) == ("seq,label,after", True)
    assert f"{count:,} labels are in topic '{topic}-labels' and {out}. The records keep their label col" in done.stdout
    assert f"'driftduel evaluate --labels-topic {topic}-labels --label-horizon 100' ignores" in done.stdout
    assert held(bootstrap, f"{topic}-labels") == count
    again = json.loads(run(command(file, topic, *where, *late, "--json")).stdout)
    labels = {"topic": f"{topic}-labels", "file": str(out), "labels": count, "horizon": 100}
    assert (again["sent"], again["labels"]) == (0, labels)
    assert held(bootstrap, f"{topic}-labels") == count
    assert list(enumerate(LINES)) == read_back(bootstrap, topic)
    other = run(command(file, topic, "--labels-topic", f"{topic}-labels", "--bootstrap", bootstrap))
    assert (other.returncode, "already holds something else than these labels" in other.stderr) == (1, True)


@pytest.mark.e2e
def test_a_label_file_alone_needs_no_broker(file: Path) -> None:
    """Without a topic nothing but the label file is written."""
    out = file.with_name("labels.csv.gz")
    words = ("produce", str(file), "--dataset", str(file.with_name("small.toml")), "--labels-out", str(out))
    done = run([*DRIFTDUEL, *words, "--data", str(file.with_name("data"))])
    assert done.returncode == 0, done.stderr
    assert f"'driftduel evaluate --labels-file {out} --label-horizon 0' ignores" in done.stdout
    assert sorted(path.name for path in file.parent.iterdir()) == ["file.csv", "labels.csv.gz", "small.toml"]


@pytest.mark.kafka
@pytest.mark.e2e
def test_fetching_says_what_is_there() -> None:
    """`broker fetch` checks the jars and the Java."""
    done = run([*DRIFTDUEL, "broker", "fetch"])
    assert done.returncode == 0, done.stderr
    assert "46 jars of Apache Kafka are here and checked; they will run on " in done.stdout


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (["--bootstrap", "nonsense"], 2, "'nonsense' is no address of a broker; give HOST:PORT"),
        (["--kafka-config", "nowhere"], 2, "the Kafka settings nowhere can't be read"),
        (["--dataset", "nothing"], 2, "no dataset 'nothing'"),
        (["--rate", "0"], 2, "0 is not in the range"),
        (["--label-delay", "3"], 2, "say where with --labels-topic or --labels-out"),
        (["--labels-topic", "t"], 2, "records and labels can't both go onto topic 't'"),
        (["--labels-topic", "l", "--label-share", "1e-12"], 1, "give a larger --label-share"),
        (["--wire", "smoke"], 2, "'smoke' is not one of"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(file: Path, change: list[str], code: int, message: str) -> None:
    """What can't be meant is said in a sentence, before anything is started."""
    done = run(command(file, "t", "--data", str(file.with_name("data")), *change))
    assert (code, True) == (done.returncode, message in done.stderr), done.stderr
    assert not file.with_name("data").exists()


@pytest.mark.e2e
@pytest.mark.parametrize("options", [[], ["--labels-topic", "l"], ["--labels-topic", "l", "--labels-out", "o.csv"]])
def test_records_need_a_topic(file: Path, options: list[str]) -> None:
    """Without one, only a label file can be asked for."""
    words = ["produce", str(file), "--dataset", str(file.with_name("small.toml")), *options]
    done = run([*DRIFTDUEL, *words])
    assert (2, True) == (done.returncode, "name the topic for the records with --topic" in done.stderr), done.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("verb", [["broker"], ["broker", "run"], ["broker", "fetch"], ["produce"]])
def test_help_shows_an_example(verb: list[str]) -> None:
    """Every command shows how it is called, without loading anything heavy."""
    done = run([*DRIFTDUEL, *verb, "--help"])
    assert (0, True) == (done.returncode, "Example: driftduel " + verb[0] in done.stdout)
    code = f"import sys; sys.argv = {['driftduel', *verb, '--help']!r}\ntry: import driftduel; driftduel.main()\n"
    probe = run([sys.executable, "-c", code + "finally: print('kafka' in sys.modules or 'pyarrow' in sys.modules)"])
    assert probe.stdout.endswith("False\n")
