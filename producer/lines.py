"""CSV lines and the one parser that reads them: Arrow's."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

from .ending import uninterrupted

BOM = b"\xef\xbb\xbf"

LINE_BYTES = 16 * 2**20
"""The longest line or message that can be a record; what is longer isn't looked into, so that memory is bounded."""

SENTINEL, SENTINEL_OF_ONE = b"x", b"x,x"
"""A last line that is never a record. A quote left open in the line before swallows it, and so is noticed."""


_CELL = {
    mark: re.compile(rb'(?:"((?:[^"]|"")*+)"([^%b]*+)|([^"%b][^%b]*+|))(%b|\Z)' % ((mark,) * 4))
    for mark in (b",", b"\t")
}
"""A cell in quotes and what follows them, or one without; then the mark, or the end of the line."""


def strip_line_end(line: bytes) -> bytes:
    r"""The line without one trailing ``\n`` or ``\r\n``."""
    return line[:-2] if line.endswith(b"\r\n") else line.removesuffix(b"\n")


def shorten(value: object, limit: int = 60) -> str:
    """The value's `repr`, cut so that a reason stays readable, however long the message is."""
    text = repr(value[: limit + 1] if isinstance(value, bytes | str) else value)  # no repr of megabytes to cut it
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def read_block(
    lines: Sequence[bytes], *, names: Sequence[str], convert: pa_csv.ConvertOptions
) -> tuple[pa.Table, list[int]] | None:
    """Read lines as a table: quotes doubled within quotes, no escapes, no line breaks in cells.

    A row of the sentinel is among the rows left out.

    Args:
        lines: each without any line break, not empty, and in UTF-8: pyarrow can't call the handler of rows
            with the wrong number of columns otherwise, and prints a traceback.
        names: the columns' names.
        convert: how cells become values.

    Returns:
        The table, and the positions of the lines left out as their number of columns is wrong; or None, if a
        cell isn't of its column's type, or if a quote left open swallowed the end of a line: then there are
        fewer rows than lines. Which of the lines is at fault isn't said.
    """
    # Arrow drops a byte order mark at the start of a block; it gets one to drop, so that the first line is
    # read like any other.
    sentinel = SENTINEL_OF_ONE if len(names) == 1 else SENTINEL
    block = BOM + b"\n".join([*lines, sentinel])
    skipped: list[int] = []

    def skip(row: pa_csv.InvalidRow) -> str:
        skipped.append(row.number - 1)
        return "skip"

    try:
        # `read_csv` would hand the block to a thread, which takes longer than reading some lines.
        with (
            uninterrupted(),
            pa_csv.open_csv(
                pa.py_buffer(block),
                read_options=_read_options(block, names),
                parse_options=pa_csv.ParseOptions(
                    # Without a quote in the block, not looking for any is faster and gives the same cells.
                    quote_char='"' if b'"' in block else False,
                    double_quote=True,
                    escape_char=False,
                    newlines_in_values=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=convert,
            ) as reader,
        ):
            table = reader.read_all()
    except pa.ArrowInvalid:
        return None
    return (table, skipped) if table.num_rows + len(skipped) == len(lines) + 1 else None


def _read_options(block: bytes, names: Sequence[str]) -> pa_csv.ReadOptions:
    """One thread and one block, so that rows are counted in the order of the lines."""
    return pa_csv.ReadOptions(
        use_threads=False,
        block_size=len(block) + 1,
        column_names=names,
    )


def split_line(line: bytes, mark: bytes = b",") -> list[bytes] | None:
    r"""The cells of one line, without their quotes; None if a quote isn't closed.

    Quotes mean what they mean to Arrow: around a cell they are none of it, within them a doubled one is one, and
    elsewhere they are characters like any other. (Arrow itself would take a kilobyte for each of millions of columns.)

    Args:
        line: UTF-8 text without a line break.
        mark: what parts the cells, a comma or a tab.

    >>> split_line(b'a, b\t"c ""d"" e"\t5" disk', b"\t")
    [b'a, b', b'c "d" e', b'5" disk']
    """
    if b'"' not in line:
        return line.split(mark)
    cells: list[bytes] = []
    place = 0
    while found := _CELL[mark].match(line, place):
        quoted, rest, plain, parted = found.groups()
        cells.append(plain if quoted is None else quoted.replace(b'""', b'"') + rest)
        if not parted:
            return cells
        place = found.end()
    return None


def count_cells(line: bytes, *, most: int) -> int | None:
    """How many cells a CSV line has, or `most` if it has more; None if a quote among these isn't closed.

    >>> count_cells(b'1,"2,3",4', most=9), count_cells(b"1,2,3", most=2), count_cells(b'1,"2', most=9)
    (3, 2, None)
    """
    if b'"' not in line:
        return min(line.count(b",") + 1, most)
    place = 0
    for count in range(1, most + 1):
        found = _CELL[b","].match(line, place)
        if found is None:
            return None
        if not found[4]:
            return count
        place = found.end()
    return most
