"""The verb `watch`, and `evaluate --watch`, as processes."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from analysis.runs import read_run
from static_model.artifact import Linear, Model, Numeric, save_model

COMMAND = [sys.executable, "-P", "-m", "driftduel"]


@contextmanager
def running(*arguments: object, **options) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on until the block ends."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, *map(str, arguments)], **pipes, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def failing(*arguments: object, exit_code: int, **options) -> str:
    """What a command says that fails."""
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options)
    assert (exit_code, "") == (done.returncode, done.stdout)
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def status(address: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{address.partition('?')[0]}api/status", timeout=30) as answer:
        return json.load(answer)


def address_of(process: subprocess.Popen[str]) -> str:
    """The page's address, as an evaluation prints it; that is held at once, so as not to be over before one looks."""
    address = process.stderr.readline().removeprefix("live page: ").strip()
    process.send_signal(signal.SIGSTOP)
    return address


def heard(address: str) -> http.client.HTTPResponse:
    """All that the page is told from now on, to the end."""
    return urllib.request.urlopen(f"{address}api/stream", timeout=60)


def gone(address: str) -> bool:
    """Whether nobody listens there any more, waiting for that."""
    for _ in range(600):
        try:
            status(address)
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def duel(tmp_path: Path) -> list[object]:
    """The arguments of a duel over 3,000 records."""
    from producer.dataset import Column, Dataset, Label

    columns = (Column(name="x", type="int"), Column(name="y", type="label"))
    dataset = Dataset(name="tiny", label=Label(positive=("1",), negative=("0",)), columns=columns)
    save_model(Model(dataset, (Numeric("x"),), Linear(np.array([1.0]), 0.0, {}), 0.5, 0, 0, {}), tmp_path / "model")
    lines = [f"{x},{int(x > 0)}" for x in np.random.default_rng(1).integers(-50, 50, 3000)]
    (tmp_path / "stream.csv").write_text("\n".join(["x,y", *lines]) + "\n")
    places = ("--model", tmp_path / "model", "--file", tmp_path / "stream.csv", "--run", tmp_path / "run")
    return ["evaluate", *places, "--arm", "static", "--window", 100]


def test_the_address_is_the_first_line(drifting: Path) -> None:
    """A script can read where the page is; an interrupt ends it well and silently."""
    with running("watch", drifting, "--port", 0) as process:
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/", address)
        assert str(drifting) == status(address)["run"]
        process.send_signal(2)
        assert ("", "") == process.communicate(timeout=30)
        assert 0 == process.returncode


def test_beyond_loopback_the_address_holds_a_token(drifting: Path) -> None:
    """Whoever has the printed address comes in; the next start has another token."""
    found = []
    for _ in range(2):
        with running("watch", drifting, "--port", 0, "--host", "0.0.0.0") as process:
            found.append(
                re.fullmatch(r"http://0\.0\.0\.0:[0-9]+/\?token=([A-Za-z0-9_-]{32})", process.stdout.readline().strip())
            )
    assert found[0][1] != found[1][1]


def test_a_token_of_ones_own_is_printed_nowhere(drifting: Path, tmp_path: Path) -> None:
    """From the environment or from a file it holds for loopback, too, and stands in no output."""
    secret = "planted-and-long-enough"
    (tmp_path / "token").write_text(secret + "\n")
    ways = [((), {"DRIFTDUEL_WATCH_TOKEN": secret}), (("--token-file", tmp_path / "token"), {})]
    for options, more in ways:
        with running("watch", drifting, "--port", 0, *options, env={**os.environ, **more}) as process:
            address = process.stdout.readline().strip()
            with pytest.raises(urllib.error.HTTPError, match="401"):
                status(address)
            asked = urllib.request.Request(f"{address}api/status", headers={"Authorization": f"Bearer {secret}"})
            assert 200 == urllib.request.urlopen(asked, timeout=30).status
            process.send_signal(2)
            said = address + "".join(process.communicate(timeout=30))
        assert secret not in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--port", "70000"), "70000 is not in the range"),
        (("--token-file", "nowhere"), "the token file nowhere can't be read"),
        (("--token-file", "short"), "the token in short must be 16 or more letters, digits, - or _"),
        (("--token-file", "odd"), "the token in odd must be 16 or more letters"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, options: tuple[str, str], sentence: str) -> None:
    """In a sentence that doesn't repeat a token."""
    (tmp_path / "short").write_text("tooshort")
    (tmp_path / "odd").write_text("a token; with=other signs")
    said = failing("watch", "run", *options, exit_code=2, cwd=tmp_path)
    assert sentence in said
    assert "tooshort" not in said


def test_a_file_is_no_run(drifting: Path) -> None:
    """It would be waited for in vain."""
    assert "windows.csv is a file; name a run directory" in failing("watch", drifting / "windows.csv", exit_code=2)


def test_a_pipe_in_a_run_is_refused(drifting: Path) -> None:
    """Reading it might never end: the page would hang, and say nothing."""
    (drifting / "timings.jsonl").unlink(missing_ok=True)
    os.mkfifo(drifting / "timings.jsonl")
    assert "timings.jsonl is a pipe, a socket or a device" in failing("watch", drifting, exit_code=1, timeout=60)


def test_a_port_or_host_that_cannot_be_had_is_said(drifting: Path) -> None:
    """A named port that is taken, and an address that is not this machine's."""
    with running("watch", drifting, "--port", 0) as process:
        port = process.stdout.readline().strip(" /\n").rpartition(":")[2]
        said = failing("watch", drifting, "--port", port, exit_code=1)
    assert f"can't listen on 127.0.0.1, port {port}" in said
    said = failing("watch", drifting, "--host", "192.0.2.1", "--port", 0, exit_code=1)
    assert "can't listen on 192.0.2.1" in said
    assert "Name another --port" in said


def test_without_a_port_the_next_free_one_is_taken(drifting: Path) -> None:
    """Two pages stand side by side."""
    with running("watch", drifting) as one, running("watch", drifting) as other:
        assert one.stdout.readline() != other.stdout.readline()


def test_without_the_extra_it_says_what_to_install(drifting: Path, tmp_path: Path) -> None:
    """One sentence, no traceback."""
    (tmp_path / "fastapi.py").write_text("raise ImportError('no FastAPI here')")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    said = failing("watch", drifting, exit_code=2, env={**os.environ, "PYTHONPATH": path})
    assert said.endswith("watch needs FastAPI and uvicorn (no FastAPI here); pip install 'driftduel[watch]'")


def test_evaluate_with_watch_serves_and_ends(duel: list[object], tmp_path: Path) -> None:
    """The address comes on stderr, stdout stays JSON, the page hears of the end, and then its process goes."""
    with running(*duel, "--watch", "--json") as process:
        address = address_of(process)
        assert status(address)["state"] in ("waiting", "running")
        with heard(address) as stream:
            process.send_signal(signal.SIGCONT)
            told = json.loads(process.stdout.read())
            last = [json.loads(line.removeprefix(b"data: ")) for line in stream if b'"state"' in line][-1]
        assert (0, 30, True) == (process.wait(), told["windows"], told["finished"])
        assert (30, "finished") == (last["windows"], last["state"])
        assert gone(address)


def test_a_duel_that_was_to_stop_is_said_to_have_stopped(duel: list[object], tmp_path: Path) -> None:
    """With --max-windows the page's last word is no interruption; the same command without it finishes the run."""
    with running(*duel, "--watch", "--json", "--max-windows", "3") as process:
        with heard(address_of(process)) as stream:
            process.send_signal(signal.SIGCONT)
            last = [json.loads(line.removeprefix(b"data: ")) for line in stream if b'"state"' in line][-1]
        assert (3, "stopped") == (last["windows"], last["state"])
        assert (0, False) == (process.wait(), json.loads(process.stdout.read())["finished"])
    assert (3, False, ()) == (
        (run := read_run(tmp_path / "run")).windows["window"].nunique(),
        run.finished,
        run.missing,
    )
    done = subprocess.run([*COMMAND, *map(str, duel), "--json"], capture_output=True, text=True, check=True)
    assert (30, True) == (json.loads(done.stdout)["windows"], read_run(tmp_path / "run").finished)


def test_an_evaluator_that_is_killed_takes_the_page_along(duel: list[object]) -> None:
    """The page shows the interruption for a moment, and no process is left behind."""
    with running(*duel, "--watch") as process:
        address = address_of(process)
        with heard(address) as stream:
            process.kill()
            process.wait()
            lines = stream.read().splitlines()
        assert b"event: end" in lines
        assert gone(address)


def test_evaluate_without_the_extra_does_not_begin(duel: list[object], tmp_path: Path) -> None:
    """Who asks for a page gets one, or a sentence and no run."""
    (tmp_path / "fastapi.py").write_text("raise ImportError('no FastAPI here')")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    said = failing(*duel, "--watch", exit_code=1, env={**os.environ, "PYTHONPATH": path})
    assert "pip install 'driftduel[watch]'" in said
    assert "the live page could not be started, for the reason above" in said
    assert not (tmp_path / "run").exists()


def test_a_strangers_folder_is_not_taken_for_the_package(duel: list[object], tmp_path: Path) -> None:
    """The page's process starts in any current folder."""
    for name in ("analysis", "online"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        (tmp_path / "elsewhere" / name / "__init__.py").write_text("raise SystemExit('a stranger')")
    done = subprocess.run(
        [*COMMAND, *map(str, duel), "--watch"], cwd=tmp_path / "elsewhere", capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
