"""The front door: exit codes, and failures that nothing nearer puts into words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import driftduel


def call(*arguments: object) -> int:
    """The exit code of `driftduel ARGUMENTS`, in this process."""
    with pytest.raises(SystemExit) as stop:
        driftduel.main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


def test_what_the_machine_refuses_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file name that is too long for the machine ends with exit code 1 and one line, no traceback."""
    out = tmp_path / ("x" * 300 + ".csv")
    assert 1 == call("generate", "dns-exfil", "--records", 5, "--out", out)
    printed = capsys.readouterr().err
    assert printed.startswith("driftduel: ")
    assert "Traceback" not in printed


def test_with_debug_the_traceback_is_shown(tmp_path: Path) -> None:
    """--debug before the verb lets the failure through as it is."""
    out = tmp_path / ("x" * 300 + ".csv")
    with pytest.raises(OSError, match="too long"):
        driftduel.main(["--debug", "generate", "dns-exfil", "--records", "5", "--out", str(out)])


@pytest.mark.parametrize("arguments", [("no-such-verb",), ("evaluate", "--window", 10**20), ("report",)])
def test_wrong_usage_is_exit_code_2(arguments: tuple[object, ...]) -> None:
    """An unknown verb, a value out of bounds and a missing argument are wrong usage."""
    assert 2 == call(*arguments)


def test_a_pipe_is_not_read_as_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe in a model directory is refused; reading it could last for ever."""
    os.mkfifo(tmp_path / "model.json")
    assert 1 == call("evaluate", "--model", tmp_path, "--file", "x.csv", "--run", tmp_path / "run")
    assert "model.json is no regular file" in capsys.readouterr().err


SWALLOWED = """
import os, signal, sys
import driftduel

def swallowing(**_):
    try:
        os.kill(os.getpid(), signal.{name})
        signal.pause()
    except BaseException:
        {then}

class Verb:
    main = staticmethod(swallowing)

driftduel.cli = Verb
driftduel.main(["evaluate"])
"""


@pytest.mark.parametrize("then", ["raise AttributeError('half imported')", "raise", "os.kill(os.getpid(), 15)"])
@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated"), ("SIGHUP", 129, "left by its terminal")],
)
def test_an_end_that_somebody_swallows_is_an_end_all_the_same(name: str, code: int, word: str, then: str) -> None:
    """A library that loses the interrupt while it is imported fails later: a sentence, no traceback of that failure."""
    run = subprocess.run(
        [sys.executable, "-c", SWALLOWED.format(name=name, then=then)], capture_output=True, text=True, timeout=60
    )
    said = f"driftduel: {word}; the same command goes on where it stopped\n"
    assert (code, said) == (run.returncode, run.stderr)


def test_an_ignored_signal_stays_ignored() -> None:
    """`nohup driftduel ...` outlives its terminal."""
    code = SWALLOWED.format(name="SIGHUP", then="raise").replace("signal.pause()", "sys.exit(7)")
    command = ("sh", "-c", 'trap "" HUP; exec "$0" -c "$1"', sys.executable, code)
    assert 7 == subprocess.run(command, timeout=60).returncode


NOT_NUMBERS = [
    ("evaluate", "--model", "m", "--run", "r", "--topic", "t", "--follow", "--idle-timeout"),
    ("evaluate", "--model", "m", "--run", "r", "--topic", "t", "--patience"),
    ("evaluate", "--model", "m", "--run", "r", "--file", "f", "--label-share"),
    ("produce", "f", "--dataset", "d", "--topic", "t", "--rate"),
    ("produce", "f", "--dataset", "d", "--topic", "t", "--label-share"),
    ("train", "f", "--dataset", "d", "--out", "o", "--prevalence"),
    ("train", "f", "--dataset", "d", "--out", "o", "--cost-fn"),
    ("import", "f", "--dataset", "d", "--out", "o", "--threshold"),
]


@pytest.mark.parametrize("arguments", NOT_NUMBERS)
def test_what_is_not_a_number_is_in_no_range(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """`nan` compares as neither too small nor too large: a patience of it would wait for ever."""
    assert 2 == call(*arguments, "nan")
    assert "nan is not a number" in capsys.readouterr().err
