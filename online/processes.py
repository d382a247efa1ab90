"""Worker processes that end with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait


@contextmanager
def worker_pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes, none of which goes on once this process is gone, even if that was killed.

    Leaving the block waits for what is under way; leaving it by Ctrl-C or a termination ends that at once.
    """
    context = multiprocessing.get_context("spawn")
    told, tell = context.Pipe(duplex=False)
    with ProcessPoolExecutor(processes, mp_context=context, initializer=leave_with_parent, initargs=(told,)) as pool:
        try:
            yield pool
        except (KeyboardInterrupt, GeneratorExit):
            tell.close()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def leave_with_parent(told: Connection) -> None:
    """End this worker as soon as its parent has ended, or says so; what it was writing is left as after any kill."""
    threading.Thread(target=_leave, args=(told,), daemon=True).start()


def _leave(told: Connection) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel, told])
        os._exit(1)
