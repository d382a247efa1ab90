"""Tables for a terminal, at most 80 columns wide for short names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .tabular import Tabular

if TYPE_CHECKING:
    from rich.table import Table


def make_table(shown: Tabular) -> Table:
    """A plain table: words to the left, numbers to the right."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    first, *titles = shown.headings
    high = any("\n" in title for title in titles)
    table.add_column(f"{first}\n" if high else first, overflow="fold")
    for place, title in enumerate(titles):
        justify = "left" if place < shown.left else "right"
        table.add_column(title if "\n" in title or not high else f"{title}\n", justify=justify)  # type: ignore[arg-type]
    for row in shown.rows:
        table.add_row(*row)
    return table
