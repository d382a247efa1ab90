"""Worker processes never outlive what started them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SCRIPT = """
import signal
import time

import driftduel
from online.processes import worker_pool

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, driftduel._terminate)
    with worker_pool(2) as pool:
        for future in [pool.submit(time.sleep, 600) for _ in range(2)]:
            future.result()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_what_started_them(tmp_path: Path, number: int) -> None:
    """Interrupted, terminated or killed: it ends at once, and so do they, in the middle of their work."""
    (tmp_path / "script.py").write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, tmp_path / "script.py"], stderr=subprocess.PIPE, text=True)
    workers: list[psutil.Process] = []
    while len(workers) < 3 or min(worker.num_threads() for worker in workers[-2:]) < 2:  # one tracks resources
        assert process.poll() is None
        time.sleep(0.05)
        workers = sorted(psutil.Process(process.pid).children(), key=lambda worker: worker.pid)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode != 0
    assert number == signal.SIGKILL or "KeyboardInterrupt" in err or "Terminated" in err
    assert psutil.wait_procs(workers, timeout=60)[1] == []
