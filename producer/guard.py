"""A tiny process between a command and the broker's JVM: when the command ends, however it ends, it stops the JVM.

Started by its file's path in an isolated interpreter, so it imports the standard library only:

    python -I -S guard.py PARENT GRACE STATE COMMAND...

Its standard input is a pipe whose other end the parent holds. The JVM is stopped (SIGTERM, after GRACE seconds
SIGKILL) when that pipe closes, when process PARENT is no longer the guard's parent, or when the guard itself is
told to end. STATE is a file that says where the broker is: it is removed first, so that nobody finds a broker
that is going away. The exit code is that of COMMAND.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LOOK_AGAIN = 1.0
"""Seconds between looks at who the parent is: a forked child of it may hold the pipe open."""

PR_SET_PDEATHSIG = 1
END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def guard(command: Sequence[str], *, parent: int, grace: float, state: Path) -> int:
    """Run the command until it ends by itself or must end; its exit code."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (*END_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    # The JVM inherits the lock on the data folder, so that nobody else starts one there while it lives.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False, preexec_fn=_die_with_guard)
    while process.poll() is None:
        if _must_end(wake, parent):
            state.unlink(missing_ok=True)
            _stop(process, grace)
    return int(process.returncode)


def _must_end(wake: int, parent: int) -> bool:
    """Wait for something to happen; whether it means the end."""
    ready, _, _ = select.select([0, wake], [], [], LOOK_AGAIN)
    told = wake in ready and any(number in END_SIGNALS for number in os.read(wake, 64))
    closed = 0 in ready and not os.read(0, 64)
    return told or closed or os.getppid() != parent


def _stop(process: subprocess.Popen[bytes], grace: float) -> None:
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_guard() -> None:
    """On Linux, have the kernel end the JVM should the guard itself be killed."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(ImportError, OSError):
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _parent, _grace, _state, *_command = sys.argv[1:]
    sys.exit(guard(_command, parent=int(_parent), grace=float(_grace), state=Path(_state)))
