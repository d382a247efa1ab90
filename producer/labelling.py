"""Which column of an unknown file is the label, and which of its words mean an attack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .columns import Label
from .errors import ContractError, UsageError
from .lines import shorten
from .looks import VALUES, Look

NAMES = (
    *("label", "labels", "class", "target", "attack", "targetattack", "isattack", "attacklabel", "y", "verdict"),
    *("groundtruth", "ismalicious", "malicious", "maliciousness", "ismalware", "malware", "isanomaly", "anomaly"),
    *("anomalous", "outlier", "intrusion", "isintrusion", "threat", "isfraud", "fraud", "isspam", "spam", "outcome"),
)
"""Usual names of a label, likelier ones first; compared in small letters, without blanks and signs."""

_CALM = {"normal", "benign", "legit", "legitimate", "good", "goodware", "clean", "safe", "ham", "regular", "background"}
_ALARM = {
    *("attack", "malicious", "malign", "anomaly", "anomalous", "abnormal", "bad", "malware", "intrusion", "spam"),
    *("fraud", "phishing", "outlier", "botnet", "ddos", "dos"),
}
_NEGATIVE = _CALM | {"no", "n", "false", "f", "negative", "none"}
_POSITIVE = _ALARM | {"yes", "y", "true", "t", "positive"}
_MISSING = {"", "-", "?", "na", "n/a", "nan", "null"}
_REST = 30
"""With fewer distinct words than this a column is small enough to name them as the possible label."""


@dataclass(frozen=True, slots=True)
class Found:
    """The label that was found.

    Attributes:
        name: its column.
        label: which words mean what.
        why: how it was found, in a sentence.
        sure: whether the words themselves say which of them means an attack.
    """

    name: str
    label: Label
    why: str
    sure: bool


def find_label(columns: Sequence[Look], asked: str | None, *, where: str) -> Found:
    """The label among the columns: the one asked for, else by its name, else by its words.

    Raises:
        UsageError: no column has the name asked for.
        ContractError: there is no label, or the column asked for can't be one; the sentence says what could be.
    """
    if asked is not None:
        return _asked(columns, asked, where)
    named = [look for look in columns if plain(look.name) in NAMES]
    pairs = [look for look in named if len(_classes(look)) == 2]
    several = [look for look in named if len(_classes(look)) > 2 and _split(_classes(look))]
    ranked = sorted(pairs, key=_rank) + sorted(several, key=_rank)
    worded = [look for look in columns if len(_classes(look)) == 2 and {*map(_bare, _classes(look))} & (_CALM | _ALARM)]
    if ranked:
        return _found(ranked[0], "by its name" + _others(ranked[1:]))
    if len(worded) == 1:
        return _found(worded[0], "by its words")
    raise ContractError(_no_label(columns, where))


def plain(name: str) -> str:
    """A name in small letters, without blanks and signs."""
    return re.sub("[^a-z0-9]", "", name.lower())


def _asked(columns: Sequence[Look], asked: str, where: str) -> Found:
    names = [look.name for look in columns]
    if asked not in names:
        raise UsageError(f"no column '{asked}' in {where}; it has: {', '.join(names)}")
    look = columns[names.index(asked)]
    words = _classes(look)
    if len(words) == 2 or _split(words):
        return _found(look, "as asked")
    many = f"more than {VALUES} values" if look.values is None else f"{len(words)} values ({_some(words)})"
    raise ContractError(
        f"column '{asked}' of {where} can't be the label: it has {many}; a label has two, or one word such as "
        "'normal' or 'benign' beside those of the attacks"
    )


def _found(look: Look, why: str) -> Found:
    words = _classes(look)
    split = _split(words)
    # Where the words don't say it, the rarer one is taken: attacks are rarer more often than not.
    positive, negative = split or _by_count(look, words)
    return Found(look.name, Label(positive=tuple(positive), negative=tuple(negative)), why, bool(split))


def _by_count(look: Look, words: Sequence[str]) -> tuple[list[str], list[str]]:
    times = Counter(look.values)
    rarer, other = sorted(words, key=lambda word: (times[word], word))
    return [rarer], [other]


def _classes(look: Look) -> list[str]:
    """The words of a column that could name classes, sorted; none if there are too many."""
    return sorted(word for word in look.values or () if _bare(word) not in _MISSING)


def _split(words: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """The words that mean an attack, and those that don't; None where they don't say it."""
    bare = {word: _bare(word) for word in words}
    if len(words) == 2:
        numbers = [_number(word) for word in words]
        if set(numbers) in ({0.0, 1.0}, {-1.0, 1.0}):
            one = words[numbers.index(1.0)]
            return [one], [word for word in words if word != one]
    negative = [word for word in words if bare[word] in (_NEGATIVE if len(set(bare.values())) == 2 else _CALM)]
    positive = [word for word in words if bare[word] in _POSITIVE]
    if negative and len({bare[word] for word in negative}) == 1 and len(negative) < len(words):
        return [word for word in words if word not in negative], negative
    if len({*bare.values()}) == 2 and len({bare[word] for word in positive}) == 1:
        return positive, [word for word in words if word not in positive]
    return None


def _bare(word: str) -> str:
    return word.strip().strip(".").lower()


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _rank(look: Look) -> int:
    return NAMES.index(plain(look.name))


def _others(rest: Sequence[Look]) -> str:
    return f"; it could also be {', '.join(look.name for look in rest)}" if rest else ""


def _some(words: Sequence[str]) -> str:
    return shorten(", ".join(words))[1:-1]


def _no_label(columns: Sequence[Look], where: str) -> str:
    found = f"no label was found in {where}: no column has a usual name ({', '.join(NAMES[:5])}, ...) and two classes"
    pairs = [look for look in columns if len(_classes(look)) == 2]
    if pairs:
        told = "; ".join(f"{look.name} ({_some(_classes(look))})" for look in pairs[:_REST])
        return f"{found}. Columns with two values: {told}. If one of them is the label, say so with --label COLUMN"
    return f"{found}, and none has two values. Models learn from labelled records: join the labels to the file first"
