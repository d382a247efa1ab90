"""A live page beside a duel: `driftduel watch` as a process of its own, which the duel does not wait for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from producer.errors import RunError


@contextmanager
def watched(run: Path, *, say: Callable[[str], None]) -> Iterator[None]:
    """Serve a live page of the run while the block runs.

    The page's process holds the other end of a pipe: when this process ends, however it ends, it shows how the run
    ended, stays for a moment, and goes. Ctrl-C is for this process only.

    Args:
        run: the run directory; it need not be there yet.
        say: is told the page's address, once it can be opened.

    Raises:
        RunError: the page's process ended before it served anything; it has said why on stderr.
    """
    # -P: a stranger's folder `online` in the current one is not to be taken for this package.
    command = [sys.executable, "-P", "-m", "driftduel", "watch", "--with-parent", "--", str(run)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin:
        address = process.stdout.readline().decode().strip()
        process.stdout.close()
        if not address:
            process.wait()
            raise RunError("the live page could not be started, for the reason above; run without --watch, or mend it")
        say(address)
        yield
