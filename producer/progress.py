"""How far a command is: a bar for a person at a terminal, one plain line for a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr while the block runs; the yielded function advances it by n.

    At a terminal this is a bar that stays when it is done. Elsewhere it is one line, written when the block
    has ended without an error: `DESCRIPTION: N of TOTAL`.

    Args:
        description: what is being done, in a word or two.
        total: how many steps there are, or None where nobody knows.
    """
    from rich.console import Console

    console = Console(stderr=True)
    shown = _bar(console, description, total) if console.is_terminal else _line(console, description, total)
    with shown as advance:
        yield advance


@contextmanager
def _bar(console: Console, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(description, total=total)
        yield lambda n: bar.advance(task, n)


@contextmanager
def _line(console: Console, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n

    yield advance
    of = "" if total is None else f" of {total:,}"
    console.print(f"{description}: {done:,}{of}", highlight=False, markup=False, soft_wrap=True)
