"""An end that a signal asks for, put off while a library calls back into Python: it would print and swallow it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _PutOff:
    """Whether ends are put off, and the one that was asked for meanwhile."""

    __slots__ = ("asked", "now")

    def __init__(self) -> None:
        self.now = False
        self.asked: BaseException | None = None


_PUT_OFF = _PutOff()


def end(ending: BaseException) -> None:
    """Raise it, or put it off until `uninterrupted` is left. A signal's handler calls this."""
    if not _PUT_OFF.now:
        raise ending
    _PUT_OFF.asked = ending


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put an end off for a moment; leaving the block raises it. In other threads no handler runs: nothing is put off.

    >>> with uninterrupted():
    ...     end(RuntimeError("a signal"))
    Traceback (most recent call last):
    RuntimeError: a signal
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _PUT_OFF.now = True
    try:
        yield
    finally:
        _PUT_OFF.now, asked, _PUT_OFF.asked = False, _PUT_OFF.asked, None
        if asked is not None:
            raise asked
