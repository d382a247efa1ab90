"""Tab-separated lines (TSV): the same cells as in CSV, with a tab where the comma stands there."""

from __future__ import annotations

from .lines import split_line

TAB = b"\t"


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
    cells = split_line(line, TAB)
    # The quote before all of it is never closed, as every other one is doubled.
    return b'"' + line.replace(b'"', b'""') if cells is None else b",".join(map(_quoted, cells))


def _quoted(cell: bytes) -> bytes:
    return b'"' + cell.replace(b'"', b'""') + b'"' if b'"' in cell or b"," in cell else cell
