"""Generate, train, produce, evaluate and report from the command line, on the real broker."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.spark]

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.97,train=last-1,gate=none"
ARMS = ("--window", "100", "--arm", "static", "--arm", "dynamic", "--arm", CLASSICAL)


@pytest.fixture(scope="module")
def from_file(driftduel, synthetic: Path) -> Path:
    """The duel over the file."""
    run = synthetic / "from-file"
    driftduel("evaluate", "--model", synthetic / "model", "--file", synthetic / "stream.csv", "--run", run, *ARMS)
    return run


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_topic_gives_the_same_bytes_as_the_file(
    driftduel, content, synthetic: Path, from_file: Path, bootstrap: str, partitions: int
) -> None:
    """Replayed onto any number of partitions and read back, the run equals the one over the file."""
    topic, run = f"e2e-{partitions}", synthetic / f"from-topic-{partitions}"
    stream = ("--dataset", "dns-exfil", "--partitions", partitions)
    driftduel("produce", synthetic / "stream.csv", *stream, "--topic", topic, "--bootstrap", bootstrap)
    where = ("--topic", topic, "--bootstrap", bootstrap)
    driftduel("evaluate", "--model", synthetic / "model", *where, "--run", run, *ARMS)
    assert content(run) == content(from_file)


def test_killed_at_random_and_started_again_it_has_the_same_bytes(
    driftduel, content, synthetic: Path, from_file: Path, bootstrap: str
) -> None:
    """Kill -9 at random instants of a duel over three partitions; the last start finishes the undisturbed run."""
    rng = random.Random(4)
    stream = ("--dataset", "dns-exfil", "--topic", "e2e-killed", "--partitions", 3, "--bootstrap", bootstrap)
    driftduel("produce", synthetic / "stream.csv", *stream)
    run = synthetic / "killed"
    where = ("--topic", "e2e-killed", "--bootstrap", bootstrap)
    evaluate = ("evaluate", "--model", synthetic / "model", *where, "--run", run, *ARMS)
    kills = 0
    for _ in range(8):
        committed = len(list(run.glob("segments/*.arrow")))
        process = subprocess.Popen(
            [Path(sys.executable).with_name("driftduel"), *map(str, evaluate)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and len(list(run.glob("segments/*.arrow"))) <= committed:
            time.sleep(0.005)
        time.sleep(rng.random() * 0.1)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert kills >= 3
    driftduel(*evaluate)
    assert content(run) == content(from_file)


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_stopped_by_a_signal_it_says_how_to_go_on(
    driftduel, content, synthetic: Path, from_file: Path, number: int, code: int, word: str
) -> None:
    """What is committed is exported on the way out; the same command finishes the undisturbed run."""
    run = synthetic / f"signal-{word}"
    evaluate = ("evaluate", "--model", synthetic / "model", "--file", synthetic / "stream.csv", "--run", run, *ARMS)
    command = [Path(sys.executable).with_name("driftduel"), *map(str, evaluate)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (run / "segments" / "000007.arrow").exists():
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate()
    assert code == process.returncode, err
    assert f"driftduel: {word}; the same command goes on where it stopped\n" in err
    assert "Traceback" not in err
    committed = len(list(run.glob("segments/*.arrow")))
    assert 8 <= committed < 104
    assert committed == len({line.split(",")[0] for line in (run / "windows.csv").read_text().splitlines()[1:]})
    driftduel(*evaluate)
    assert content(run) == content(from_file)


def test_the_dynamic_arm_recovers_and_the_report_says_so(driftduel, synthetic: Path, from_file: Path) -> None:
    """After the planted change the dynamic arm is clearly better; table, plot and verdict say it."""
    printed = driftduel("report", from_file, "--truth", synthetic / "stream.csv.truth.json")
    assert "dynamic" in printed
    summary = json.loads((from_file / "summary.json").read_text())
    static, dynamic = (summary["arms"][arm]["metrics"]["accuracy"] for arm in ("static", "dynamic"))
    assert dynamic > static + 0.03
    png = (from_file / "figures" / "accuracy.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert (from_file / "figures" / "f1.csv").read_text().count("\n") > 20


def test_interrupted_it_says_so_and_keeps_what_was_committed(driftduel, synthetic: Path, content) -> None:
    """SIGINT ends with exit code 130 and readable tables; the same command then finishes."""
    run = synthetic / "interrupted"
    command = ("evaluate", "--model", synthetic / "model", "--file", synthetic / "stream.csv", "--run", run, *ARMS)
    process = subprocess.Popen(
        [Path(sys.executable).with_name("driftduel"), *map(str, command)], stderr=subprocess.PIPE
    )
    while process.poll() is None and not list(run.glob("segments/*.arrow")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()
    assert process.returncode == 130, stderr.decode()
    assert (run / "windows.csv").read_text().startswith("window,arm,")
    driftduel(*command)


def test_evaluate_imports_neither_spark_nor_matplotlib(synthetic: Path, tmp_path: Path) -> None:
    """A duel over a file loads no Spark, no plotting and no Kafka client."""
    script = (
        "import sys, driftduel\n"
        "try: driftduel.main(sys.argv[1:])\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "print(sorted({'pyspark', 'py4j', 'matplotlib', 'kafka', 'jgo'} & set(sys.modules)))\n"
    )
    options = ["--model", synthetic / "model", "--file", synthetic / "stream.csv", "--run", tmp_path / "run"]
    command = [sys.executable, "-c", script, "evaluate", *map(str, options)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("--topic", "no-such-topic"), 1, "no topic 'no-such-topic'"),
        (("--topic", "dns", "--bootstrap", "127.0.0.1:1"), 1, "127.0.0.1:1"),
        (("--topic", "dns", "--arm", "dynamik"), 2, "did you mean 'dynamic'?"),
        ((), 2, "name either a topic or a file"),
        (("--file", "nowhere.csv"), 2, "nowhere.csv"),
    ],
)
def test_bad_calls_end_in_a_sentence(
    driftduel, synthetic: Path, bootstrap: str, tmp_path: Path, arguments, exit_code: int, sentence: str
) -> None:
    """What can't work says what happened, with exit code 1 or 2 and no traceback."""
    where = () if "--bootstrap" in arguments else ("--bootstrap", bootstrap)
    call = ("evaluate", "--model", synthetic / "model", "--run", tmp_path / "run", *arguments, *where)
    printed = driftduel(*call, exit_code=exit_code)
    assert sentence in printed
    assert "Traceback" not in printed


def test_a_damaged_model_is_named(driftduel, synthetic: Path, tmp_path: Path) -> None:
    """A model directory with a changed file is refused, and the file is named."""
    import shutil

    shutil.copytree(synthetic / "model", tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    path.write_text(
        path.read_text().replace('"threshold": 0.5', '"threshold": 0.4').replace('"threshold":0.5', '"threshold":0.4')
    )
    file = ("--file", synthetic / "stream.csv")
    printed = driftduel("evaluate", "--model", tmp_path / "model", *file, "--run", tmp_path / "run", exit_code=1)
    assert "model.json" in printed
    assert "Traceback" not in printed
