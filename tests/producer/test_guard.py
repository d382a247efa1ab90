"""The guard: whatever happens to the parent or to the guard, the command it watches ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from producer import guard

GUARD = [sys.executable, "-I", "-S", guard.__file__]
SLEEP = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


def start(
    state: Path, code: str, *, parent: int | None = None, cwd: Path | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    """A guard with a command that prints its process id; both."""
    terms = [str(os.getpid() if parent is None else parent), "0.5", str(state)]
    process = subprocess.Popen(
        [*GUARD, *terms, sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def alive(pid: int) -> bool:
    """Whether a process is there and isn't a zombie."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in ("", "Z")


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within half a minute."""
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The file that says where the broker is."""
    path = tmp_path / "broker.json"
    path.write_text("{}")
    return path


@pytest.mark.parametrize("code", [SLEEP, STUBBORN], ids=["obedient", "stubborn"])
def test_the_command_ends_when_the_pipe_closes(state: Path, code: str) -> None:
    """Closing the pipe ends the command, by SIGKILL if it must, and removes the state file."""
    process, child = start(state, code)
    process.communicate()
    assert not alive(child)
    assert not state.exists()


def test_the_command_ends_when_the_guard_is_told_to_end(state: Path) -> None:
    """SIGTERM to the guard ends the command properly."""
    process, child = start(state, SLEEP)
    process.terminate()
    process.wait()
    assert not alive(child)
    process.communicate()


def test_the_command_ends_when_the_parent_is_another(state: Path) -> None:
    """A guard whose parent is gone ends the command though somebody else holds the pipe open."""
    process, child = start(state, SLEEP, parent=1)
    process.wait()
    assert not alive(child)
    process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_the_command_ends_when_the_guard_is_killed(state: Path) -> None:
    """On Linux the command dies with a guard that was killed."""
    process, child = start(state, SLEEP)
    process.kill()
    process.wait()
    assert eventually(lambda: not alive(child))
    process.communicate()


def test_the_exit_code_is_passed_on(state: Path) -> None:
    """A command that ends by itself gives its exit code, and the state file is left to the parent."""
    process, _ = start(state, "print(1, flush=True); raise SystemExit(7)")
    process.wait()
    process.communicate()
    assert process.returncode == 7
    assert state.exists()


def test_the_command_ends_when_the_guard_is_interrupted(state: Path) -> None:
    """SIGINT sent to the guard itself ends the command as well."""
    process, child = start(state, SLEEP)
    process.send_signal(signal.SIGINT)
    process.wait()
    assert not alive(child)
    process.communicate()


def test_a_strangers_modules_in_the_current_folder_are_not_imported(state: Path, tmp_path: Path) -> None:
    """The guard works where the current folder holds modules with the names of standard ones."""
    (tmp_path / "subprocess.py").write_text("raise SystemExit('the wrong subprocess')")
    (tmp_path / "select.py").write_text("raise SystemExit('the wrong select')")
    process, child = start(state, "print(1, flush=True)", cwd=tmp_path)
    process.wait()
    process.communicate()
    assert (process.returncode, child) == (0, 1)


def test_the_command_holds_what_the_parent_locked(state: Path, tmp_path: Path) -> None:
    """A lock handed to the guard is held by the command too, so it is free only when the command has ended."""
    with (tmp_path / "lock").open("ab") as lock:
        code = f"import os; os.fstat({lock.fileno()}); print(1, flush=True)"
        terms = [str(os.getpid()), "0.5", str(state), sys.executable, "-c", code]
        process = subprocess.Popen([*GUARD, *terms], stdin=subprocess.PIPE, pass_fds=[lock.fileno()])
        process.wait()
        process.communicate()
    assert process.returncode == 0
