"""A secret in the client settings stays there: it is in no file, no output, no traceback and no list of arguments."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import driftduel
from producer.errors import DriftduelError

SECRET = "hunter2-planted-secret"
SETTINGS = f"sasl.plain.username=someone\nsasl.plain.password={SECRET}\nssl.password={SECRET}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file with the secret, which a connection in plain text has no use for."""
    path = tmp_path / "client.properties"
    path.write_text(SETTINGS)
    return path


def call(*arguments: object) -> tuple[str, set[str]]:
    """What `driftduel --debug ARGUMENTS` prints, and what it and its children show of themselves while they run."""
    command = [sys.executable, "-m", "driftduel", "--debug", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ)
    shown: set[str] = set()
    while process.poll() is None:
        shown.update(_shown(process.pid))
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    printed = process.stdout.read() if process.stdout else ""
    assert 0 == process.returncode, printed
    return printed, shown


def _shown(pid: int) -> Iterator[str]:
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            yield " ".join([*process.cmdline(), *process.environ().values()])
        except psutil.Error:
            continue


def holders(folder: Path, *, but: Path) -> list[Path]:
    """The files below a folder that hold the secret, in plain bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and path != but)
    return [path for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.kafka
def test_a_planted_secret_is_found_nowhere(
    tiny_lines, tiny_file, tiny_model, settings, bootstrap: str, tmp_path: Path, capfd
) -> None:
    """Through produce, evaluate and report the secret stays in its file."""
    file, model, run = tiny_file(tmp_path / "s.csv", tiny_lines(400, seed=3)), tmp_path / "model", tmp_path / "run"
    (tmp_path / "tiny.toml").write_text(_contract())
    broker = ("--topic", "secrets", "--bootstrap", bootstrap, "--kafka-config", settings)
    produced, shown = call("produce", file, "--dataset", tmp_path / "tiny.toml", *broker)
    assert any("driftduel --debug produce" in arguments for arguments in shown)
    assert not any(SECRET in arguments for arguments in shown)
    for command in (("evaluate", "--model", tiny_model(model), "--run", run, *broker), ("report", run)):
        with pytest.raises(SystemExit) as stop:
            driftduel.main([str(word) for word in command])
        assert not stop.value.code
    assert SECRET not in "".join([produced, *capfd.readouterr()])
    assert [] == holders(tmp_path, but=settings)
    assert (run / "summary.json").is_file()


@pytest.mark.parametrize(
    "broken",
    [
        "",
        f"sasl.password={SECRET}\n",
        f"request.timeout.ms={SECRET}\n",
        f"ssl.check.hostname={SECRET}\n",
        f"{SECRET}\n",
        f"security.protocol={SECRET}\n",
        f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN{SECRET}\n",
        f"security.protocol=SSL\nssl.cafile={SECRET}\n",
    ],
)
def test_no_traceback_tells_the_secret(
    broken: str, settings: Path, tiny_model, tmp_path: Path, monkeypatch, capfd
) -> None:
    """With --debug a failure shows its traceback, but no value of a setting, whatever is wrong with the file."""
    for client in ("confluent", "kafka_python"):  # no broker will ever answer
        monkeypatch.setattr(f"producer.{client}_connection.BOOTSTRAP_MS", 300)
    settings.write_text(broken + SETTINGS)
    asked = ("--model", tiny_model(tmp_path / "model"), "--topic", "t", "--run", tmp_path / "run")
    command = ("--debug", "evaluate", *asked, "--bootstrap", "127.0.0.1:1", "--kafka-config", settings)
    with pytest.raises(DriftduelError) as caught:
        driftduel.main([str(word) for word in command])
    shown = "".join([*traceback.format_exception(caught.value), *capfd.readouterr()])
    assert "driftduel.py" in shown
    assert SECRET not in shown
    assert [] == holders(tmp_path, but=settings)


def _contract() -> str:
    columns = (("a", "int", ""), ("b", "float", ""), ("word", "string", "feature = false\n"), ("y", "label", ""))
    tables = "".join(f'[[columns]]\nname = "{name}"\ntype = "{kind}"\n{more}' for name, kind, more in columns)
    return f'format = 1\nname = "tiny"\nwire = "csv"\n[label]\npositive = ["attack"]\nnegative = ["benign"]\n{tables}'
