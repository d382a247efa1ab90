"""What the data were like: what was no record, what came twice, what has no label, and what the run has lost."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from online.dead_letters import KINDS, REST
from producer.lines import shorten

from .markup import text, words_table
from .tabular import Tabular, tabular

if TYPE_CHECKING:
    from .loaded import LoadedRun

EXAMPLES = 5
"""Dead letters that are shown, at most."""


def missing_content(loaded: LoadedRun) -> str:
    """What isn't there of the run directory, in a sentence each; it comes before everything else."""
    if not loaded.missing:
        return ""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in loaded.missing)
    return f'<div class="warning">\n<p>This run directory is not whole:</p>\n<ul>{items}</ul>\n</div>\n'


def quality_content(loaded: LoadedRun) -> str:
    """Counts of everything that was no labelled record, and dead letters with their reasons."""
    letters = loaded.run.dead_letters
    parts = [words_table(books_table(loaded.summary, doubles(loaded.run.path)), "What became of the stream's numbers")]
    if letters:
        parts.append(words_table(reasons_table(letters), "Dead letters, by reason"))
        parts.append(words_table(examples_table(letters), _shown(len(letters))))
    return "\n".join(parts)


def _shown(letters: int) -> str:
    """The title of the examples.

    >>> [_shown(letters) for letters in (1, 2, 900)]
    ['The dead letter', 'The first 2 dead letters', 'The first 5 dead letters']
    """
    return "The dead letter" if letters == 1 else f"The first {min(EXAMPLES, letters)} dead letters"


def books_table(summary: Mapping[str, Any], doubled: int | None) -> Tabular:
    """Scored + dead letters + set aside + missing = numbers; doubles stand apart.

    Args:
        summary: of the run.
        doubled: messages whose number had been seen before; None where it isn't known.
    """
    lost = {name: summary.get(name, 0) for name in ("dead", "set_aside", "missing")}
    labelled = summary.get("labelled", 0)
    told = (
        ("records scored", summary["records"], "every arm predicted each of them before its label was known"),
        ("without a label", summary["records"] - labelled, "scored, but in no metric"),
        ("dead letters", lost["dead"], "messages that are no record; dead_letters.jsonl has their bytes and reasons"),
        ("set aside", lost["set_aside"], "header lines sent as messages"),
        ("missing", lost["missing"], "numbers under which no message came"),
        ("numbers", summary["records"] + sum(lost.values()), "records, dead letters, set aside and missing together"),
        ("doubles", doubled, "further messages under a number that was there already; the first one counts"),
    )
    return tabular(
        ("what", "meaning", "count"),
        [(name, words, "not known" if count is None else f"{count:,}") for name, count, words in told],
        left=1,
    )


def doubles(path: Path) -> int | None:
    """Messages that came twice, from the last whole line of positions.jsonl; None where it can't be known."""
    try:
        with (path / "positions.jsonl").open("rb") as file:
            last = deque(file, maxlen=10)  # a line names all dead letters of its window
    except OSError:
        return None
    for line in reversed(last):
        try:
            return int(json.loads(line)["doubles"])
        except (ValueError, KeyError, TypeError):
            continue
    return None


def reasons_table(letters: Iterable[Mapping[str, Any]]) -> Tabular:
    """How many dead letters there are for each reason, without the bytes that a reason quotes; most frequent first.

    At most `KINDS` reasons and the rest, however many there are.

    >>> reasons_table([{"reason": "3 columns instead of 16: b'a'"}, {"reason": "3 columns instead of 16: b'b'"}]).rows
    (('3 columns instead of 16', '2'),)
    """
    counts: Counter[str] = Counter()
    for letter in letters:
        reason = str(letter.get("reason", "")).partition(": ")[0]
        counts[reason if reason in counts or len(counts) < KINDS else REST] += 1
    return tabular(("reason", "dead letters"), [(reason, f"{many:,}") for reason, many in counts.most_common()])


def examples_table(letters: Iterable[Mapping[str, Any]]) -> Tabular:
    """The first dead letters: number, reason, bytes as text, and where they came from."""
    headings = ("number", "reason", "message", "topic or file", "partition", "offset")
    rows = [
        (
            str(letter.get("seq", "")),
            str(letter.get("reason", "")),
            _message(letter.get("bytes")),
            *(("" if letter.get(key) is None else str(letter[key])) for key in ("place", "partition", "offset")),
        )
        for letter in ({**one, "place": one.get("topic") or one.get("file")} for one in islice(letters, EXAMPLES))
    ]
    return tabular(headings, rows, left=3)


def _message(coded: object) -> str:
    try:
        return shorten(base64.b64decode(str(coded), validate=True).decode("utf-8", "replace"))
    except (binascii.Error, ValueError):
        return ""
