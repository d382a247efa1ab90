"""The dead letters of a run: what was no record, why, and where it came from; read from the ledger by windows."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from .ledger import Ledger
from .positions import Positions
from .run import read_contract, read_manifest
from .tracker import located

KINDS = 1_000
"""Reasons counted apart; what comes after so many different ones is counted together, so that memory is bounded."""
REST = "other reasons"

_LITERAL = re.compile(r"""(?<!\w)b?(['"])(?P<text>(?:\\.|(?!\1)[^\\])*?)(?:\1|\.\.\.)""")
_PLACE = re.compile(r"\b(byte|line|column|char) \d+")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was no record.

    Attributes:
        seq: its number in the stream.
        reason: why it is none, in words.
        raw: its bytes.
        source: `{"topic": name}` or `{"file": name}`; empty where nobody knows.
        partition, offset: where it stands in a topic; in a file, the offset is the row, counted from 0. None where
            nobody knows.
    """

    seq: int
    reason: str
    raw: bytes
    source: Mapping[str, str]
    partition: int | None
    offset: int | None

    @property
    def place(self) -> str:
        """Where it stands, as a user would look for it."""
        if "file" not in self.source:
            known = ((self.source.get("topic"), "topic"), (self.partition, "partition"), (self.offset, "offset"))
            return ", ".join(f"{what} {value}" for value, what in known if value is not None)
        name = self.source["file"]
        what, first = ("row", 1) if name.endswith(".parquet") else ("line", 2)
        return f"{name}, {what} {self.seq + first}"

    def plain(self) -> dict[str, Any]:
        """It as JSON values; bytes that are no UTF-8 are lone surrogates in the text (Python's `surrogateescape`)."""
        places = {"partition": self.partition, "offset": self.offset}
        text = self.raw.decode("utf-8", "surrogateescape")
        return {"seq": self.seq, "message": text, "reason": self.reason, **self.source, **places}


def read_letters(run: Path) -> Iterator[Letter]:
    """The dead letters of a run in the order of their numbers; one window is in memory at a time.

    A run that is still going on, or was killed, is read as far as it is committed.

    Raises:
        RunError: this is no run, or a damaged one.
    """
    manifest = read_manifest(run)
    source = _source(run, manifest["identity"]["source"])
    positions = Positions(run)
    for entry in Ledger(run / "segments", read_contract(run)).entries():
        for dead, partition, offset in located(entry.window, positions.get(entry.window.index)):
            yield Letter(dead.seq, dead.reason, dead.raw, source, partition, offset)


def json_line(letter: Letter) -> bytes:
    r"""It as one line of JSON, in UTF-8 whatever its bytes are; `message` of `json.loads` gives these back.

    >>> json_line(Letter(7, "why", b"Z\xfc,\xc3\xbc\n", {"topic": "dns"}, 0, 7))
    b'{"seq": 7, "message": "Z\\udcfc,\xc3\xbc\\n", "reason": "why", "topic": "dns", "partition": 0, "offset": 7}\n'
    """
    # What can't be encoded is a lone surrogate, and the escape that Python puts in its place is JSON's.
    return json.dumps(letter.plain(), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def safe_text(raw: bytes, limit: int = 60) -> str:
    r"""Bytes as one line for a terminal: nothing in it moves the cursor, changes colours or the direction of writing.

    >>> safe_text("1,Zürich,\x1b[2J\u202e".encode() + b"\xff\x00")
    '1,Zürich,\\x1b[2J\\u202e\\xff\\x00'
    >>> safe_text(b"123456789", limit=8)
    '12345...'
    """
    # No character has more than 4 bytes: a longer message needn't be decoded to be cut.
    text = raw[: 4 * limit + 4].decode("utf-8", "backslashreplace")
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return safe if len(safe) <= limit else f"{safe[: limit - 3]}..."


def count_reasons(letters: Iterable[Letter], columns: Sequence[str]) -> Counter[str]:
    """How many letters have the same kind of reason (`kind_of`); at most `KINDS` kinds and `REST`."""
    counts: Counter[str] = Counter()
    known = frozenset(columns)
    for letter in letters:
        kind = kind_of(letter.reason, known)
        counts[kind if kind in counts or len(counts) < KINDS else REST] += 1
    return counts


def kind_of(reason: str, columns: frozenset[str]) -> str:
    r"""A reason without what differs from message to message: values are cut out, names of columns stay.

    >>> kind_of("'a': 'one, two' is not a whole number", frozenset("a"))
    "'a': … is not a whole number"
    >>> kind_of("2 columns instead of 4: b'1,2.0'", frozenset("a"))
    '2 columns instead of 4'
    >>> kind_of("a quote that isn't closed: b'1,\"a...", frozenset("a"))
    "a quote that isn't closed"
    >>> kind_of("not UTF-8 text from byte 5 on: b'abc'", frozenset("a"))
    'not UTF-8 text from byte … on'
    """
    bare = _LITERAL.sub(lambda found: found[0] if found["text"] in columns else "…", reason)
    return _PLACE.sub(r"\1 …", bare).removesuffix(": …")


def _source(run: Path, identity: Mapping[str, Any]) -> dict[str, str]:
    if isinstance(identity.get("topic"), str):
        return {"topic": identity["topic"]}
    try:
        return {"file": PurePath(tomllib.loads((run / "experiment.toml").read_text("utf-8"))["stream"][0]["file"]).name}
    except (OSError, ValueError, KeyError, IndexError, TypeError, RecursionError):
        return {}  # only the name is lost: which bytes they were, the manifest says
