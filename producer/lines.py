"""CSV lines and the one parser that reads them: Arrow's."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

BOM = b"\xef\xbb\xbf"

SENTINEL, SENTINEL_OF_ONE = b"x", b"x,x"
"""A last line that is never a record. A quote left open in the line before swallows it, and so is noticed."""


def strip_line_end(line: bytes) -> bytes:
    r"""The line without one trailing ``\n`` or ``\r\n``."""
    return line[:-2] if line.endswith(b"\r\n") else line.removesuffix(b"\n")


def shorten(value: object, limit: int = 60) -> str:
    """The value's `repr`, cut so that a reason stays readable, however long the message is."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def read_block(
    lines: Sequence[bytes], *, names: Sequence[str] | None, convert: pa_csv.ConvertOptions
) -> tuple[pa.Table, list[int]] | None:
    """Read lines as a table: quotes doubled within quotes, no escapes, no line breaks in cells.

    A row of the sentinel is among the rows left out, unless `names` is None and there is a single column.

    Args:
        lines: each without any line break, not empty, and in UTF-8: pyarrow can't call the handler of rows
            with the wrong number of columns otherwise, and prints a traceback.
        names: the columns' names; None to take as many as the first line has (`f0`, `f1`, ...).
        convert: how cells become values.

    Returns:
        The table, and the positions of the lines left out as their number of columns is wrong; or None, if a
        cell isn't of its column's type, or if a quote left open swallowed the end of a line: then there are
        fewer rows than lines. Which of the lines is at fault isn't said.
    """
    # Arrow drops a byte order mark at the start of a block; it gets one to drop, so that the first line is
    # read like any other.
    sentinel = SENTINEL_OF_ONE if names is not None and len(names) == 1 else SENTINEL
    block = BOM + b"\n".join([*lines, sentinel])
    skipped: list[int] = []

    def skip(row: pa_csv.InvalidRow) -> str:
        skipped.append(row.number - 1)
        return "skip"

    try:
        table = pa_csv.read_csv(
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
        )
    except pa.ArrowInvalid:
        return None
    return (table, skipped) if table.num_rows + len(skipped) == len(lines) + 1 else None


def _read_options(block: bytes, names: Sequence[str] | None) -> pa_csv.ReadOptions:
    """One thread and one block, so that rows are counted in the order of the lines."""
    return pa_csv.ReadOptions(
        use_threads=False,
        block_size=len(block) + 1,
        column_names=names,
        autogenerate_column_names=names is None,
    )


def split_line(line: bytes) -> list[bytes] | None:
    """The cells of one CSV line, unquoted by the parser that decodes; None if a quote isn't closed.

    The line must be UTF-8 text and hold no line break.
    """
    if b'"' not in line:
        return line.split(b",")
    names = [f"f{index}" for index in range(line.count(b",") + 1)]
    convert = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.binary()), null_values=[], strings_can_be_null=False
    )
    read = read_block([line], names=None, convert=convert)
    return None if read is None else [column[0].as_py() for column in read[0].columns]
