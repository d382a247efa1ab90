"""Tab-separated lines (TSV): the same cells as in CSV, with a tab where the comma stands there."""

from __future__ import annotations

import re

_CELL = re.compile(rb'(?:"((?:[^"]|"")*+)"([^\t]*+)|([^"\t][^\t]*+|))(\t|\Z)')
"""A cell in quotes and what follows them, or one without; then the tab, or the end of the line."""


def split_tabs(line: bytes) -> list[bytes] | None:
    r"""The cells of one TSV line; None if a quote isn't closed.

    Quotes mean what they mean in CSV: around a cell they are none of it, within them a doubled one is one, and
    elsewhere they are characters like any other.

    >>> split_tabs(b'a, b\t"c ""d"" e"\t5" disk')
    [b'a, b', b'c "d" e', b'5" disk']
    """
    if b'"' not in line:
        return line.split(b"\t")
    cells: list[bytes] = []
    place = 0
    while found := _CELL.match(line, place):
        quoted, rest, plain, tab = found.groups()
        cells.append(plain if quoted is None else quoted.replace(b'""', b'"') + rest)
        if not tab:
            return cells
        place = found.end()
    return None


def comma_line(line: bytes) -> bytes:
    r"""The CSV line that holds the cells of a TSV line.

    What is no record as TSV is none as CSV either: a line break inside stays one, an open quote stays open.

    >>> comma_line(b'a, b\tc')
    b'"a, b",c'
    """
    if b"\r" in line:
        return line
    if b'"' not in line and b"," not in line:
        return line.replace(b"\t", b",")
    cells = split_tabs(line)
    # The quote before all of it is never closed, as every other one is doubled.
    return b'"' + line.replace(b'"', b'""') if cells is None else b",".join(map(_quoted, cells))


def _quoted(cell: bytes) -> bytes:
    return b'"' + cell.replace(b'"', b'""') + b'"' if b'"' in cell or b"," in cell else cell
