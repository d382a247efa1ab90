"""Tables for a terminal, at most 80 columns wide for short names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def make_table(first: str, titles: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 0) -> Table:
    """A plain table: the first column and `left` more to the left, the others to the right."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    high = any("\n" in title for title in titles)
    table.add_column(f"{first}\n" if high else first, overflow="fold")
    for place, title in enumerate(titles):
        justify = "left" if place < left else "right"
        table.add_column(title if "\n" in title or not high else f"{title}\n", justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*row)
    return table


def number(value: float | None, decimals: int) -> str:
    """A number with its thousands marked; nothing for None.

    >>> number(1234.5, 1), number(None, 1)
    ('1,234.5', '')
    """
    return "" if value is None else f"{value:,.{decimals}f}"
