"""Worker processes that end with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait


def worker_pool(processes: int) -> ProcessPoolExecutor:
    """A pool of fresh processes, none of which goes on once this process is gone, even if that was killed."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=leave_with_parent)


def leave_with_parent() -> None:
    """End this worker as soon as its parent has ended; what it was writing is left as after any kill."""
    threading.Thread(target=_leave, daemon=True).start()


def _leave() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
