"""The front door: exit codes, and failures that nothing nearer puts into words."""

from __future__ import annotations

import os
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
