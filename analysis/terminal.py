"""Tables for a terminal, at most 80 columns wide for short names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

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


def show_summary(main: Tabular, sentences: Iterable[str], tables: Iterable[tuple[str, Tabular]]) -> None:
    """Print the main table, what it says in sentences, and the other tables with their titles."""
    from rich.console import Console

    console = Console()
    console.print(make_table(main))
    for sentence in sentences:
        click.echo(f"\n{sentence}")
    for title, table in tables:
        console.print(f"\n[bold]{title}[/bold]")
        console.print(make_table(table))
    click.echo()
