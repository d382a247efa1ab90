"""Messages and CSV lines: how one record travels on each wire.

Every wire is read by way of one CSV line, so that there is one parser and one idea of what a record is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter

import orjson

from .dataset import Dataset, Wire
from .lines import LINE_BYTES, shorten, split_line, strip_line_end

_JSON_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_CELL_TYPES = frozenset((str, int, float))
_NESTED: dict[type, str] = {dict: "an object", list: "an array"}
"""How these are called: what is in them may be nested too deep for `repr`."""


class BadMessage(ValueError):  # noqa: N818 - it describes a message, not a failure of the program
    """A message that holds no CSV line; the text says why."""


def line_reader(dataset: Dataset, wire: Wire) -> Callable[[bytes | None], bytes]:
    """A function from one message to its CSV line, without a line end; it raises `BadMessage`."""
    if wire == "csv":
        return lambda message: _checked(_text(strip_line_end(_present(message))))
    if wire == "json-csv":
        return lambda message: _checked(strip_line_end(_quoted_line(_present(message))))
    names = dataset.names
    keys = frozenset(names)
    pick = itemgetter(*names)
    absent = {c.name: c.clean.missing[0] if c.clean.missing else "" for c in dataset.columns if c.nullable}

    def read(message: bytes | None) -> bytes:
        found = _object(_present(message))
        if found.keys() != keys:
            raise BadMessage(_wrong_keys(found, names))
        found |= {name: word for name, word in absent.items() if found[name] is None}
        cells: tuple[object, ...] = pick(found)
        _refuse_values(names, cells)
        _refuse_doubled(message or b"", cells)
        return _checked(_join(cells).encode())

    return read


def plain_lines(messages: Sequence[bytes | None], wire: Wire) -> list[bytes] | None:
    """All messages' CSV lines at once, where nothing about any of them is unusual; else None.

    Then `line_reader` takes a closer look at each. Sound although the block is looked at as one: every message has
    been taken by itself, and as many line breaks as stand between them leave none for the inside of any.
    """
    if wire == "json":
        return None
    try:
        if max(map(len, messages), default=0) > LINE_BYTES:  # type: ignore[arg-type]
            return None
        texts = [orjson.loads(m) for m in messages] if wire == "json-csv" else [m.decode() for m in messages]  # type: ignore[arg-type, union-attr]
        block = "\n".join([text[:-1] if text[-1:] == "\n" else text for text in texts])
    except (ValueError, TypeError, AttributeError):
        return None
    unusual = "\r" in block or "\n\n" in block or block[:1] in ("", "\n") or block[-1:] == "\n"
    if unusual or block.count("\n") != len(messages) - 1:
        return None
    return block.encode().split(b"\n")


def _present(message: bytes | None) -> bytes:
    if message is None:
        raise BadMessage("no message at all, only a key (a tombstone)")
    if len(message) > LINE_BYTES:
        raise BadMessage(f"{len(message):,} bytes, of which the first {LINE_BYTES:,} are kept: no record is so long")
    return message


def _text(line: bytes) -> bytes:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise BadMessage(f"not UTF-8 text from byte {error.start} on: {shorten(line)}") from None
    return line


def _checked(line: bytes) -> bytes:
    if not line:
        raise BadMessage("an empty message")
    if b"\n" in line or b"\r" in line:
        raise BadMessage(f"a line break inside the record: {shorten(line)}")
    return line


def _loads(message: bytes, expected: str) -> object:
    try:
        return orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise BadMessage(f"{shorten(message)} is no JSON {expected}: {error}") from None


def _quoted_line(message: bytes) -> bytes:
    line = _loads(message, "string")
    if not isinstance(line, str):
        raise BadMessage(f"{shorten(message)} is no JSON string that holds a CSV line")
    return line.encode()


def _object(message: bytes) -> dict[str, object]:
    found = _loads(message, "object")
    if not isinstance(found, dict):
        raise BadMessage(f"{shorten(message)} is no JSON object")
    return found


def _wrong_keys(found: dict[str, object], names: tuple[str, ...]) -> str:
    missing = [name for name in names if name not in found]
    unknown = [name for name in found if name not in names]
    both = (("missing", missing), ("not in the contract", unknown))
    return "; ".join(f"{what}: {shorten(', '.join(which))}" for what, which in both if which)


def _refuse_values(names: tuple[str, ...], cells: tuple[object, ...]) -> None:
    if set(map(type, cells)) <= _CELL_TYPES:
        return
    name, cell = next((n, c) for n, c in zip(names, cells, strict=True) if type(c) not in _CELL_TYPES)
    found = _NESTED.get(type(cell)) or shorten(cell)
    raise BadMessage(f"'{name}': {found} is neither a number nor a string")


def _refuse_doubled(message: bytes, cells: tuple[object, ...]) -> None:
    """Refuse an object that names a column twice.

    The parsed object hides it, but the quotes don't: two for each key and string, more if one is doubled.
    """
    strings = list(map(type, cells)).count(str)
    if message.count(b'"') == 2 * (len(cells) + strings):
        return
    try:
        pairs = json.loads(message, object_pairs_hook=list)
    except RecursionError:
        raise BadMessage("a JSON object with too deep a nesting") from None
    doubled = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    if doubled:
        raise BadMessage(f"doubled: {shorten(', '.join(doubled))}")


def _join(cells: tuple[object, ...]) -> str:
    texts = [str(cell) for cell in cells]
    line = ",".join(texts)
    if '"' not in line and line.count(",") == len(texts) - 1:
        return line
    return ",".join('"' + text.replace('"', '""') + '"' if '"' in text or "," in text else text for text in texts)


def encode_line(line: bytes, dataset: Dataset, *, wire: Wire) -> bytes:
    """One CSV line of a file as one message.

    On the wire `json`, a cell of a numeric column travels as a number where it is one in JSON, any other cell
    (the label too) as a string. A line that the wire can't carry (no UTF-8, or not the contract's columns)
    travels as it is, so that it becomes a dead letter on the other side, at the same sequence number.

    Args:
        line: without its line end, as `read_lines` gives it.
        dataset: the contract.
        wire: how the record is to travel.
    """
    if wire == "csv":
        return line
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return line
    if wire == "json-csv":
        # A stray \r at the end must not become half of a line end, which the other side would strip.
        return orjson.dumps(text if text.endswith("\r") else text + "\n")
    cells = None if b"\r" in line or b"\n" in line else split_line(line)
    if cells is None or len(cells) != len(dataset.columns):
        # As it is, a line that happens to be a JSON object would come alive on the other side.
        return orjson.dumps(text) if text.lstrip().startswith("{") else line
    pairs = zip(dataset.columns, cells, strict=True)
    return b"{" + b",".join(orjson.dumps(c.name) + b":" + _token(c.type, cell) for c, cell in pairs) + b"}"


def _token(column_type: str, cell: bytes) -> bytes:
    """A cell as JSON. Minus zero stays a string, as JSON readers make a plain 0 of it."""
    if column_type in ("int", "float") and cell != b"-0" and _JSON_NUMBER.fullmatch(cell):
        return cell
    return orjson.dumps(cell.decode())
